import type { Level } from '../telemetry/log-load.ts';
import type { SettingKey } from './engine-words.ts';
import { type Measure, stated, UNKNOWN } from './fact.ts';
import {
  counter,
  histogram,
  type LevelFact,
  levelOver,
  linesOf,
  ofClient,
  offeredConcurrency,
  reading,
} from './facts.ts';
import type { Observation } from './observation.ts';
import { settingOf } from './settings.ts';
import { gbLeftFree } from './values.ts';

/** Every number that a rule may compare. Units: ms for times, ratio 0..1 for shares, tokens for lengths. */
export type Measures = ReturnType<typeof measuresOf>;
export type MeasureKey = keyof Measures;

const part = (found: LevelFact | null, key: keyof Level): Measure =>
  found === null ? UNKNOWN : { value: found.level[key], fact: found.fact };

const inMs = (measure: Measure): Measure => ({ ...measure, value: measure.value * 1000 });

const first = (...measures: readonly Measure[]): Measure =>
  measures.find((measure) => !Number.isNaN(measure.value)) ?? UNKNOWN;

function setting(o: Observation, key: SettingKey): Measure {
  const found = settingOf(o, key);
  return found === null ? UNKNOWN : { value: found.value ?? Number.NaN, fact: found.fact };
}

const ratio = (top: Measure, bottom: Measure): Measure =>
  bottom.value > 0 ? { value: top.value / bottom.value, fact: top.fact } : UNKNOWN;

/** Reads all measures of an observation once. */
export function measuresOf(o: Observation) {
  return {
    ...levels(o),
    ...latencies(o),
    ...prefixCache(o),
    ...passes(o),
    ...prefills(o),
    ...lines(o),
    ...bounds(o),
    ...settings(o),
  };
}

function levels(o: Observation) {
  const running = levelOver(o, 'running');
  const queue = levelOver(o, 'queue');
  const kv = levelOver(o, 'kvUsage');
  return {
    runningMean: part(running, 'mean'),
    runningMax: part(running, 'max'),
    queueMean: part(queue, 'mean'),
    queueMax: part(queue, 'max'),
    queueShare: part(queue, 'shareAboveZero'),
    kvMean: part(kv, 'mean'),
    kvMax: part(kv, 'max'),
    offered: stated('load point concurrency', offeredConcurrency(o)),
    /** What runs, else what the client asks for. */
    batch: first(part(running, 'mean'), stated('load point concurrency', offeredConcurrency(o))),
    batchMax: first(part(running, 'max'), stated('load point concurrency', offeredConcurrency(o))),
    outputRate: ofClient(o, 'outputTokensPerS', o.client?.summary.outputTokensPerS),
    queueAtEnd: reading(o, 'queueDepth'),
    /** In flight as the client counts, over its steady window. */
    inFlight: ofClient(o, 'concurrencyMean', o.client?.summary.concurrencyMean),
  };
}

function ofClientAlone(o: Observation) {
  const summary = o.client?.summary;
  return {
    ttftClient: ofClient(o, 'ttftMs.mean', summary?.ttftMs.mean),
    ttlt: ofClient(o, 'ttltMs.mean', summary?.ttltMs.mean),
    ttftP50: ofClient(o, 'ttftMs.p50', summary?.ttftMs.p50),
    ttftP99: ofClient(o, 'ttftMs.p99', summary?.ttftMs.p99),
    gapP50: ofClient(o, 'iclMs.p50', summary?.iclMs.p50),
    gapP99: ofClient(o, 'iclMs.p99', summary?.iclMs.p99),
  };
}

function latencies(o: Observation) {
  const summary = o.client?.summary;
  const ttft = inMs(reading(o, 'ttftSeconds'));
  const queueTime = inMs(reading(o, 'queueSeconds'));
  const tbotEngine = inMs(reading(o, 'tbotSeconds'));
  const tbotClient = ofClient(o, 'tbotMs.mean', summary?.tbotMs.mean);
  return {
    ...ofClientAlone(o),
    ttftEngine: first(ttft, stated('engineTtftMeanMs', o.client?.engineTtftMeanMs)),
    queueTime,
    /** Time to the first token without the wait. */
    prefill: {
      value: ttft.value - (Number.isNaN(queueTime.value) ? 0 : queueTime.value),
      fact: ttft.fact,
    },
    tbotEngine,
    tbotClient,
    tbot: first(tbotEngine, tbotClient),
  };
}

function prefixCache(o: Observation) {
  const cached = reading(o, 'cachedTokens');
  const prompt = reading(o, 'promptTokens');
  return {
    cachedTokens: cached,
    promptTokens: prompt,
    hit: first(
      ratio(cached, prompt),
      ofClient(o, 'prefixCacheHitRatio', o.client?.summary.prefixCacheHitRatio),
    ),
    referenceHit: stated(
      'prefixCacheHitRatio of the baseline',
      o.reference?.summary.prefixCacheHitRatio,
    ),
    sharedRatio: stated(
      'share of prompt tokens that the workload repeats',
      o.workload?.sharedRatio,
    ),
    repeatedRatio: stated('share of the output that repeats itself', o.workload?.repeatedRatio),
    prompt: stated('mean prompt tokens', o.workload?.inputTokens),
    missLines: linesOf(o, ['prefix_cache_miss']),
  };
}

function passes(o: Observation) {
  const none = counter(o, 'sglang:cuda_graph_passes_total{mode=decode_none}');
  const graph = counter(o, 'sglang:cuda_graph_passes_total{mode=decode_cuda_graph}');
  const accepted = counter(o, 'vllm:spec_decode_num_accepted_tokens_total');
  const drafts = counter(o, 'vllm:spec_decode_num_drafts_total');
  const perDraft = ratio(accepted, drafts);
  return {
    eagerShare: first(
      ratio(none, { value: none.value + graph.value, fact: null }),
      inLog(o, 'cuda graph: False', o.log?.load?.eagerShare),
    ),
    acceptLength: first(
      { value: 1 + perDraft.value, fact: perDraft.fact },
      inLog(o, 'accept len', o.log?.load?.acceptLength?.mean),
    ),
    tokensPerStep: histogram(o, 'vllm:iteration_tokens_total'),
    allreduceShare: allreduceShare(o),
  };
}

function prefills(o: Observation) {
  const load = o.log?.load;
  return {
    newTokens: inLog(o, '#new-token', load?.newTokensPerPrefill?.mean),
    prefillLines: inLog(o, 'Prefill batch', load?.prefillLines),
    prefillRuns: inLog(o, 'Prefill batch', load?.prefillRuns),
  };
}

function lines(o: Observation) {
  return {
    preemptions: first(reading(o, 'preemptions'), counter(o, 'vllm:num_preemptions_total')),
    requests: first(reading(o, 'requests'), ofClient(o, 'completed', o.client?.summary.completed)),
    preemptionLines: linesOf(o, ['preemption_thrash']),
    noPeerLines: linesOf(o, ['tp_communication_bound']),
    slowTokenizerLines: linesOf(o, ['cpu_or_frontend_bound']),
    layersOnCpuLines: linesOf(o, ['layers_on_cpu']),
  };
}

function inLog(o: Observation, name: string, value: number | null | undefined): Measure {
  if (value === null || value === undefined || o.log === null) return UNKNOWN;
  const fact = stated(name, value).fact;
  return { value, fact: fact === null ? null : { ...fact, evidenceId: o.log.evidenceId } };
}

/** Share of all-reduce kernels among all GPU kernels; kernels do not nest, so they may be added. */
function allreduceShare(o: Observation): Measure {
  const kernels = (o.profile?.operations ?? []).filter((one) => one.category === 'gpu.compute');
  const sum = (rows: typeof kernels): number =>
    rows.reduce((all, row) => all + (row.cumtimeNs ?? 0), 0);
  const all = sum(kernels);
  if (all === 0 || o.profile === null) return UNKNOWN;
  const value = sum(kernels.filter((row) => /allreduce/.test(row.name))) / all;
  const fact = stated('gpu.compute allreduce share', value).fact;
  return { value, fact: fact === null ? null : { ...fact, evidenceId: o.profile.evidenceId } };
}

function bounds(o: Observation) {
  return {
    decodeFloor: stated('decode floor', o.floors?.decodeStepMs, ' ms'),
    prefillFloor: stated('prefill floor', o.floors?.prefillMs, ' ms'),
    criticalBatch: stated('critical batch', o.floors?.criticalBatch),
    availableGb: loggedGb(o),
    cores: first(stated('cores', o.hardware.cores), coresInLog(o)),
  };
}

/** GPU memory that the engine left free when it was ready. Units: GB. Source: SGLang’s line max_total_num_tokens. */
function loggedGb(o: Observation): Measure {
  const left = gbLeftFree(o);
  return left === null ? UNKNOWN : inLog(o, 'available_gpu_mem', left);
}

function coresInLog(o: Observation): Measure {
  const event = o.log?.events.find((one) => one.values['cores'] !== undefined);
  return event === undefined
    ? UNKNOWN
    : inLog(o, `log line ${event.lineNumber}`, Number(event.values['cores']));
}

function settings(o: Observation) {
  return {
    cap: setting(o, 'maxRunning'),
    chunk: setting(o, 'chunk'),
    memoryShare: setting(o, 'memoryFraction'),
    conservativeness: setting(o, 'conservativeness'),
    graphCeiling: setting(o, 'graphMaxBatch'),
    tensorParallel: setting(o, 'tensorParallel'),
    dataParallel: setting(o, 'dataParallel'),
    pipelineParallel: setting(o, 'pipelineParallel'),
    threads: setting(o, 'threads'),
    batchSize: setting(o, 'batch'),
    microBatch: setting(o, 'microBatch'),
  };
}
