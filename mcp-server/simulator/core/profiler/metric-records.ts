import type { SimConfig } from '../config.ts';
import type { FinishedRequest, StepReport } from '../engine-events.ts';
import type { ToNs, Window } from './profile-records.ts';

const NS_PER_MS = 1e6;
const TICKS = 30;
/** Spans are a sample, never a census. Source: own reasoning. */
const MAX_SPANS = 12;

interface Tick {
  readonly endMs: number;
  readonly steps: readonly StepReport[];
  readonly finished: readonly FinishedRequest[];
}

interface Activity {
  readonly steps: readonly StepReport[];
  readonly finished: readonly FinishedRequest[];
}

function ticksOf(window: Window, activity: Activity): Tick[] {
  const width = Math.max(1000, (window.toMs - window.fromMs) / TICKS);
  const ticks: Tick[] = [];
  for (let start = window.fromMs; start < window.toMs; start += width) {
    const end = Math.min(start + width, window.toMs);
    ticks.push({
      endMs: end,
      steps: activity.steps.filter((step) => step.endMs > start && step.endMs <= end),
      finished: activity.finished.filter(
        (one) => one.lastTokenAtMs > start && one.lastTokenAtMs <= end,
      ),
    });
  }
  return ticks.filter((tick) => tick.steps.length > 0 || tick.finished.length > 0);
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
const last = (tick: Tick, read: (step: StepReport) => number): number => {
  const step = tick.steps[tick.steps.length - 1];
  return step === undefined ? 0 : read(step);
};

type Read = (tick: Tick, widthS: number) => number;

/** Gauges by the name the profiler gives them. Zero readings of the GPU are left out by the real one too. */
function gaugesOf(config: SimConfig): Readonly<Record<string, Read>> {
  const decoded: Read = (tick, widthS) =>
    sum(tick.steps.map((step) => step.emittedTokens)) / widthS;
  const busy: Read = (tick, widthS) =>
    Math.min(100, sum(tick.steps.map((step) => step.endMs - step.startMs)) / (widthS * 10));
  const common = {
    'gpu.utilization': busy,
    'gpu.memory.usage': () => config.gpu.memoryBytes * 0.93,
    'gpu.power.usage': (tick: Tick, widthS: number) => 120 + 5.2 * busy(tick, widthS),
  };
  if (config.engine === 'vllm')
    return {
      'vllm.num_requests_running': (tick) => last(tick, (step) => step.running),
      'vllm.num_requests_waiting': (tick) => last(tick, (step) => step.waiting),
      'vllm.kv_cache_usage_perc': (tick) => last(tick, (step) => step.usageRatio),
      ...common,
    };
  return {
    'sglang.num_running_reqs': (tick) => last(tick, (step) => step.running),
    'sglang.num_queue_reqs': (tick) => last(tick, (step) => step.waiting),
    'sglang.token_usage': (tick) => Math.round(last(tick, (step) => step.usageRatio) * 100) / 100,
    'sglang.gen_throughput': decoded,
    ...common,
  };
}

/** Counters as increase per tick. */
function countersOf(config: SimConfig): Readonly<Record<string, Read>> {
  const prefix = config.engine;
  return {
    [`${prefix}.prompt_tokens`]: (tick) =>
      sum(tick.steps.map((step) => step.newTokens + step.cachedTokens)),
    [`${prefix}.generation_tokens`]: (tick) => sum(tick.steps.map((step) => step.emittedTokens)),
    [config.engine === 'sglang' ? 'sglang.cached_tokens' : 'vllm.prefix_cache_hits']: (tick) =>
      sum(tick.steps.map((step) => step.cachedTokens)),
    [config.engine === 'sglang' ? 'sglang.num_retracted_requests' : 'vllm.num_preemptions']: (
      tick,
    ) => sum(tick.steps.map((step) => step.retracted)),
  };
}

function series(
  ticks: readonly Tick[],
  read: Read,
  toNs: ToNs,
): readonly { measurement_ts: number; value: number }[] {
  const widthS =
    ticks.length < 2 ? 1 : Math.max(1, ((ticks[1]?.endMs ?? 0) - (ticks[0]?.endMs ?? 0)) / 1000);
  return ticks.map((tick) => ({
    measurement_ts: toNs(tick.endMs),
    value: Math.round(read(tick, widthS) * 1000) / 1000,
  }));
}

function latencySummaries(
  ticks: readonly Tick[],
  prefix: string,
  toNs: ToNs,
): Record<string, unknown>[] {
  const latencies: Readonly<Record<string, (one: FinishedRequest) => number>> = {
    time_to_first_token_seconds: (one) => (one.firstTokenAtMs - one.arrivedAtMs) / 1000,
    e2e_request_latency_seconds: (one) => (one.lastTokenAtMs - one.arrivedAtMs) / 1000,
  };
  return Object.entries(latencies).map(([name, read]) => {
    let count = 0;
    let total = 0;
    const datapoints = ticks.map((tick) => {
      count += tick.finished.length;
      total += sum(tick.finished.map(read));
      return { measurement_ts: toNs(tick.endMs), summary: { count, sum: total } };
    });
    return {
      name: `${prefix}.${name}`,
      type: 'summary',
      unit: 's',
      tags: { 'process.rank': '0' },
      datapoints,
    };
  });
}

/** Metric series of a window, as the profiler passes them on. */
export function metricRecords(
  activity: Activity,
  window: Window,
  parts: { readonly config: SimConfig; readonly toNs: ToNs },
): Record<string, unknown>[] {
  const ticks = ticksOf(window, activity);
  if (ticks.length === 0) return [];
  const tags = { 'process.rank': '0' };
  const of = (type: string, read: Readonly<Record<string, Read>>) =>
    Object.entries(read).map(([name, one]) => ({
      name,
      type,
      unit: '',
      tags,
      datapoints: series(ticks, one, parts.toNs).map(({ measurement_ts, value }) => ({
        measurement_ts,
        [type]: value,
      })),
    }));
  const gauges = of('gauge', gaugesOf(parts.config));
  const counters = of('total', countersOf(parts.config)).map((one) => ({
    ...one,
    type: 'counter',
  }));
  return [...gauges, ...counters, ...latencySummaries(ticks, parts.config.engine, parts.toNs)];
}

/** A few requests of the window with their counters. Units: ns. */
export function spanRecords(
  finished: readonly FinishedRequest[],
  parts: { readonly config: SimConfig; readonly toNs: ToNs },
): Record<string, unknown>[] {
  const stride = Math.max(1, Math.ceil(finished.length / MAX_SPANS));
  const prefix = parts.config.engine;
  const ns = (ms: number): number => Math.round(ms * NS_PER_MS);
  return finished
    .filter((_one, index) => index % stride === 0)
    .map((one) => ({
      name:
        prefix === 'sglang'
          ? `sglang.Req ${one.id.toString(16).padStart(8, '0')}`
          : 'vllm.llm_request',
      start_ts: parts.toNs(one.arrivedAtMs),
      end_ts: parts.toNs(one.lastTokenAtMs),
      tags: { 'sampling.reason': `${prefix}.otel` },
      counters: {
        'span.duration': ns(one.lastTokenAtMs - one.arrivedAtMs),
        [`${prefix}.usage.prompt_tokens`]: one.promptTokens,
        [`${prefix}.usage.completion_tokens`]: one.outputTokens,
        ...(prefix === 'sglang' ? { 'sglang.usage.cached_tokens': one.cachedTokens } : {}),
        [`${prefix}.latency.time_in_queue`]: ns(one.firstScheduledAtMs - one.queuedAtMs),
        [`${prefix}.latency.time_to_first_token`]: ns(one.firstTokenAtMs - one.arrivedAtMs),
        [`${prefix}.latency.time_in_model_prefill`]: ns(
          one.firstTokenAtMs - one.firstScheduledAtMs,
        ),
        [`${prefix}.latency.time_in_model_decode`]: ns(one.lastTokenAtMs - one.firstTokenAtMs),
        [`${prefix}.latency.e2e`]: ns(one.lastTokenAtMs - one.arrivedAtMs),
      },
      attributes: { [`${prefix}.request.max_tokens`]: String(one.maxTokens) },
    }));
}
