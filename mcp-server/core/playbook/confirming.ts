import type { Measure } from './fact.ts';
import { evictedTokens, linesOf, ofClient } from './facts.ts';
import type { MeasureKey } from './measures.ts';
import type { Observation } from './observation.ts';
import { unmetSettings } from './settings.ts';

/** A number that tells whether a cause was acted on. */
export interface Confirming {
  /** In our words, with its unit. */
  readonly label: string;
  readonly expected: 'falls' | 'rises';
  readonly read: MeasureKey | ((o: Observation) => Measure);
}

const falls = (label: string, read: Confirming['read']): Confirming => ({
  label,
  expected: 'falls',
  read,
});
const rises = (label: string, read: Confirming['read']): Confirming => ({
  label,
  expected: 'rises',
  read,
});

const QUEUE = falls('queued requests (mean)', 'queueMean');
const QUEUE_TIME = falls('queue time (ms)', 'queueTime');
const RUNNING = rises('running requests (mean)', 'runningMean');
const RUNNING_MAX = rises('running requests (max)', 'runningMax');
const TBOT = falls('TBOT (ms)', 'tbot');
const TTFT = falls('TTFT (ms)', 'ttftClient');
const TTFT_P99 = falls('TTFT p99 (ms)', 'ttftP99');
const PREFILL = falls('TTFT without queue time (ms)', 'prefill');
const HIT = rises('prefix cache hit ratio', 'hit');
const EAGER = falls('share of decode passes without a graph', 'eagerShare');
const ALL_REDUCE = falls('share of all-reduce kernels', 'allreduceShare');
const THROUGHPUT = rises('output throughput (tok/s)', (o) =>
  ofClient(o, 'outputTokensPerS', o.client?.summary.outputTokensPerS),
);

/**
 * What confirms each rule, the most telling first; the first that both sides tell is compared.
 * Source: the confirming observations of the rules (docs/playbook.md), as numbers.
 */
const CONFIRMING: Readonly<Record<string, readonly Confirming[]>> = {
  'admission-too-careful': [QUEUE, QUEUE_TIME],
  'batch-cap-binds': [RUNNING_MAX, RUNNING, QUEUE_TIME],
  'kv-pool-full': [QUEUE, QUEUE_TIME],
  'memory-left-unused': [RUNNING, QUEUE],
  'over-admission': [falls('preemptions', 'preemptions')],
  'queue-dominates-ttft': [QUEUE_TIME],
  'graphs-switched-off': [EAGER, TBOT],
  'batch-above-graphs': [EAGER],
  'decode-bandwidth-bound': [TBOT],
  'decode-launch-bound': [TBOT],
  'overlap-switched-off': [TBOT],
  'speculation-does-not-pay': [TBOT],
  'output-repeats': [TBOT],
  'front-end-cpu-bound': [RUNNING, TTFT],
  'first-token-tail': [TTFT_P99],
  'grammars-compile': [TTFT],
  'encoder-dominates': [PREFILL, TTFT],
  'tokens-late-at-client': [falls('TBOT at the client (ms)', 'tbotClient')],
  'attention-reads-kv': [TBOT],
  'attention-backend-slow': [TBOT],
  'eight-bit-kv-overhead': [TBOT],
  'experts-not-spread': [TBOT],
  'sampling-fills-step': [TBOT],
  'all-reduce-not-fused': [ALL_REDUCE, TBOT],
  'room-to-batch': [RUNNING, THROUGHPUT],
  'threads-below-cores': [TBOT],
  'threads-above-cores': [
    falls('spread of TBOT (ms)', (o) => ofClient(o, 'tbotMs.sd', o.client?.summary.tbotMs.sd)),
  ],
  'slots-below-concurrency': [QUEUE, TTFT],
  'prompt-batches-small': [PREFILL, TTFT],
  'layers-on-cpu': [falls('lines of layers on the CPU', 'layersOnCpuLines'), TBOT],
  'prompt-reprocessed': [HIT, TTFT],
  'proxy-buffers-stream': [TTFT],
  'warm-prefix-cache': [falls('prefix cache hit ratio', 'hit')],
  'compiles-in-window': [
    falls('compile lines', (o) => linesOf(o, ['cold_jit_in_window'])),
    TTFT_P99,
  ],
  'setting-not-in-force': [falls('settings not in force', unmetCount)],
  'client-limits': [RUNNING],
  'tensor-parallel-wastes': [ALL_REDUCE, THROUGHPUT],
  'gpus-unused': [THROUGHPUT],
  'split-needlessly': [ALL_REDUCE, THROUGHPUT],
  'ranks-uneven': [TTFT_P99],
  'latent-kv-copied': [QUEUE, QUEUE_TIME],
  'chunk-too-small': [PREFILL, TTFT],
  'prefill-compute-bound': [PREFILL, TTFT],
  'prefill-interferes': [falls('gap between tokens, p99 (ms)', 'gapP99')],
  'shared-text-recomputed': [HIT],
  'prefix-cache-evicts': [falls('evicted tokens', evictedTokens), HIT],
  'over-driven': [QUEUE, QUEUE_TIME],
  'queue-refuses': [
    falls('refused requests in the log', (o) => linesOf(o, ['no_capacity_queue'])),
    falls('failed requests', (o) => ofClient(o, 'failed', o.client?.summary.failed)),
  ],
  'token-budget-binds': [rises('tokens per step', 'tokensPerStep'), QUEUE_TIME],
  'flop-bound-half-weights': [TBOT],
};

/** Metrics that confirm a rule; empty where only a person can tell (another node, another host). */
export function confirmingOf(rule: string): readonly Confirming[] {
  return Object.hasOwn(CONFIRMING, rule) ? (CONFIRMING[rule] ?? []) : [];
}

function unmetCount(o: Observation): Measure {
  if (o.effective === null) return { value: Number.NaN, fact: null };
  const unmet = unmetSettings(o);
  return { value: unmet.length, fact: unmet[0]?.fact ?? null };
}
