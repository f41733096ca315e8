import type { Measure } from '../fact.ts';
import { linesOf, offeredConcurrency } from '../facts.ts';
import { measuresOf } from '../measures.ts';
import type { Observation } from '../observation.ts';
import { type Condition, type Rule, set } from '../rule.ts';
import { anyOf } from './conditions.ts';

/** Source of the defaults: llama.cpp tools/server README. */
const orElse = (measure: Measure, fallback: number): number =>
  Number.isNaN(measure.value) ? fallback : measure.value;

const isPartlyOffloaded: Condition = (_m, o) => {
  const event = o.log?.events.find((one) => one.values['layers'] !== undefined);
  return Number(event?.values['offloaded']) < Number(event?.values['layers']);
};

const coresOf = (o: Observation): string | null => {
  const cores = measuresOf(o).cores.value;
  return Number.isNaN(cores) ? null : String(cores);
};

const slotsForLoad = (o: Observation): string | null => {
  const offered = offeredConcurrency(o);
  return offered === null ? null : String(Math.ceil(offered));
};

/** llama.cpp, mostly on a CPU. */
export const LLAMACPP_RULES: readonly Rule[] = [
  {
    id: 'threads-below-cores',
    rows: [],
    cause: 'cpu_threads_low',
    title: 'Fewer threads than cores: part of the processor is idle',
    sign: 'no GPU, and fewer threads than cores',
    engines: ['llamacpp'],
    needs: [],
    requires: [(_m, o) => o.hardware.gpu === null, (m) => m.threads.value < m.cores.value],
    base: 0.65,
    witnesses: [(m) => m.threads.value <= m.cores.value / 2],
    cites: ['threads', 'cores', 'tbot'],
    knobs: { llamacpp: [set('--threads', coresOf), set('--threads-batch', coresOf)] },
    expected: 'TTFT and TBOT lower nearly with the number of cores, throughput higher',
    confirmBy: 'TBOT falls as threads rise to the number of cores',
    refutedBy: 'TBOT stays: memory bandwidth was the limit already',
    risk: 'beyond the physical cores it gets slower',
    source: 'llama.cpp docs; own reasoning',
  },
  {
    id: 'threads-above-cores',
    rows: [],
    cause: 'cpu_oversubscribed',
    title: 'More threads than cores: they wait for each other',
    sign: 'more threads than cores',
    engines: ['llamacpp'],
    needs: [],
    requires: [(m) => m.threads.value > m.cores.value],
    base: 0.6,
    witnesses: [(m) => m.threads.value >= 2 * m.cores.value],
    cites: ['threads', 'cores', 'tbot'],
    knobs: { llamacpp: [set('--threads', coresOf)] },
    expected: 'TBOT lower and steadier',
    confirmBy: 'spread of TBOT falls',
    refutedBy: 'TBOT rises with fewer threads',
    risk: 'none',
    source: 'llama.cpp docs; own reasoning',
  },
  {
    id: 'slots-below-concurrency',
    rows: [9],
    cause: 'batch_cap_binding',
    title: 'Fewer slots than requests in flight: the rest wait for a slot',
    sign: 'more requests in flight than slots',
    engines: ['llamacpp'],
    needs: ['client'],
    requires: [(m) => m.offered.value > m.cap.value],
    base: 0.65,
    witnesses: [(m) => m.offered.value >= 2 * m.cap.value, (m) => m.queueAtEnd.value > 0],
    cites: ['cap', 'offered', 'queueAtEnd', 'ttftClient'],
    knobs: {
      llamacpp: [set('--parallel', slotsForLoad)],
    },
    expected: 'TTFT much lower, TBOT higher, throughput higher',
    confirmBy: 'llamacpp:requests_deferred stays 0',
    refutedBy: 'throughput stays with more slots: the processor is saturated',
    risk: 'the context is divided among the slots: raise --ctx-size with it',
    source: 'llama.cpp tools/server README',
  },
  {
    id: 'prompt-batches-small',
    rows: [21],
    cause: 'prefill_bound',
    title: 'Prompts are processed in very small batches',
    sign: 'prompt batches below 256 tokens, prompts at least twice as long',
    engines: ['llamacpp'],
    needs: [],
    requires: [
      (m) => Math.min(orElse(m.batchSize, 2048), orElse(m.microBatch, 512)) < 256,
      (m) => m.prompt.value >= 2 * Math.min(orElse(m.batchSize, 2048), orElse(m.microBatch, 512)),
    ],
    base: 0.5,
    witnesses: [
      (m) => m.prompt.value >= 4 * Math.min(orElse(m.batchSize, 2048), orElse(m.microBatch, 512)),
      (m) => Math.min(orElse(m.batchSize, 2048), orElse(m.microBatch, 512)) <= 64,
    ],
    cites: ['batchSize', 'microBatch', 'prompt', 'ttftClient'],
    knobs: { llamacpp: [set('--ubatch-size', '512'), set('--batch-size', '2048')] },
    expected: 'TTFT lower, TBOT the same',
    confirmBy: 'llamacpp:prompt_tokens_seconds rises',
    refutedBy: 'prompt speed stays with larger batches',
    risk: 'memory of the compute buffer',
    source: 'llama.cpp tools/server README',
  },
  {
    id: 'layers-on-cpu',
    rows: [],
    cause: 'layers_on_cpu',
    title: 'Layers of the model run on the processor although there is a GPU',
    sign: 'a GPU, and a log that offloads fewer layers than the model has',
    engines: ['llamacpp'],
    needs: ['log'],
    requires: [
      (_m, o) => o.hardware.gpu !== null,
      anyOf((m) => m.layersOnCpuLines.value > 0, isPartlyOffloaded),
    ],
    base: 0.7,
    witnesses: [isPartlyOffloaded],
    cites: ['layersOnCpuLines', (o) => linesOf(o, ['weights_loaded']).fact],
    knobs: { llamacpp: [set('--n-gpu-layers', '999')] },
    expected: 'TTFT and TBOT much lower',
    confirmBy: 'the log says that all layers were offloaded',
    refutedBy: 'all layers are on the GPU and TBOT stays',
    risk: 'GPU memory',
    source: 'llama.cpp docs',
  },
  {
    id: 'prompt-reprocessed',
    rows: [22],
    cause: 'prefix_cache_miss',
    title: 'The server computes whole prompts again although it has seen them',
    sign: 'log lines that a whole prompt is processed again',
    engines: ['llamacpp'],
    needs: ['log'],
    requires: [(m) => m.missLines.value > 0],
    base: 0.5,
    witnesses: [(m) => m.missLines.value > 5],
    cites: ['missLines', 'ttftClient'],
    knobs: {},
    expected: 'TTFT of repeated prompts much lower with a build or model whose cache can be reused',
    confirmBy: 'prompt tokens processed per request fall',
    refutedBy: 'prompts do not repeat',
    risk: 'needs another version or model',
    source: 'llama.cpp server-context.cpp; llama.cpp #22288',
  },
];
