import type { MeasureKey } from '../../mcp-server/core/playbook/measures.ts';
import type { Knob } from '../../mcp-server/core/playbook/rule.ts';

/** What a person looks at, for each measure that a rule cites. Names are those of SGLang and vLLM. */
const MEASURES: Readonly<Partial<Record<MeasureKey, string>>> = {
  acceptLength: 'accept length (`accept len`, `Mean acceptance length`)',
  allreduceShare: 'share of all-reduce kernels',
  availableGb: '`available_gpu_mem` at the start',
  batch: 'requests at a time',
  batchMax: 'most requests at a time',
  batchSize: 'batch size',
  cachedTokens: '`cached_tokens_total`, `prefix_cache_hits_total`',
  cap: 'the cap on running requests',
  chunk: 'the prefill chunk or token budget',
  conservativeness: 'the conservativeness',
  cores: 'cores',
  criticalBatch: 'the critical batch',
  dataParallel: 'replicas',
  decodeFloor: 'the floor of a decode step',
  eagerShare: '`cuda_graph_passes_total` by mode, `cuda graph:` in the log',
  gapP50: 'median gap between events at the client',
  gapP99: 'its p99',
  graphCeiling: 'the largest captured batch',
  hit: 'cached tokens / prompt tokens',
  inFlight: 'requests in flight at the client',
  kvMax: 'KV usage (`token_usage`, `kv_cache_usage_perc`)',
  layersOnCpuLines: 'lines about offloaded layers',
  memoryShare: 'the memory share of the launch',
  microBatch: 'micro batch size',
  missLines: 'lines about prompts that are processed again',
  newTokens: '`#new-token` of prefill lines',
  noPeerLines: 'lines about a missing direct link',
  offered: 'the concurrency that the client is to keep',
  outputRate: 'output tokens per second',
  preemptionLines: 'lines about retracted or preempted requests',
  preemptions: '`num_retracted_requests_total`, `num_preemptions_total`',
  prefillFloor: 'the floor of a prefill',
  prompt: 'mean length of the prompts',
  promptTokens: '`prompt_tokens_total`',
  queueAtEnd: 'requests waiting at the end',
  queueMax: 'most requests waiting',
  queueMean: 'requests waiting (`num_queue_reqs`, `num_requests_waiting`)',
  queueTime: '`queue_time_seconds`, `request_queue_time_seconds`',
  referenceHit: 'the same of the baseline',
  repeatedRatio: 'share of the output that repeats itself',
  requests: 'requests served',
  runningMax: 'most requests running',
  runningMean: 'requests running (`num_running_reqs`, `num_requests_running`)',
  sharedRatio: 'share of the prompts that the workload repeats',
  tbot: 'TBOT',
  tbotClient: 'TBOT at the client',
  tbotEngine:
    'TBOT by the engine (`inter_token_latency_seconds`, `request_time_per_output_token_seconds`)',
  tensorParallel: 'GPUs per replica',
  threads: 'threads',
  tokensPerStep: '`iteration_tokens_total`, sum / count',
  ttftClient: 'TTFT at the client',
  ttftEngine: 'TTFT by the engine (`time_to_first_token_seconds`)',
  ttftP50: 'its median',
  ttftP99: 'p99 of TTFT at the client',
};

/** Throws: Error where a cited measure has no words. */
export function describeMeasure(key: MeasureKey): string {
  const words = MEASURES[key];
  if (words === undefined) throw new Error(`scripts/gen/playbook-words.ts has no words for ${key}`);
  return words;
}

/** What becomes of a flag, by the function that computes its value. */
const VALUES: Readonly<Record<string, string>> = {
  allGpus: 'the number of GPUs',
  bolderAdmission: '0.3',
  contextThatFits: 'the length that fits',
  coresOf: 'the number of cores',
  eightBitWeights: 'fp8',
  fewerSequences: 'lower',
  fractionThatFills: 'up to the default, 8 GB left free',
  frontEndWorkers: '2 to 4',
  fusedAllReduce: '{"pass_config":{"fuse_allreduce_rms":true}}',
  graphCeiling: 'the largest batch seen, or above',
  halfGraphs: 'half',
  higherConservativeness: '1.3',
  higherFraction: 'a little higher',
  largerChunk: 'double',
  largerRunning: 'what is offered, or double',
  lowerConservativeness: '1.0, then 0.3',
  lowerFraction: 'a little lower',
  ngramAtLowConcurrency: 'NGRAM, up to 16 requests at a time',
  replicas: 'the number of GPUs',
  slotsForLoad: 'what is offered',
  smallerChunk: 'half',
  smallerPrefillBatch: 'half',
  smallerRunning: 'three quarters of what ran',
  splitOverAll: 'the number of GPUs',
};

/** A flag without what becomes of it. */
export function nameKnob(knob: Knob): string {
  const flags = knob.flags.map((flag) => `\`${flag}\``).join(' or ');
  if (knob.how === 'off') return `take ${flags} away`;
  return knob.how === 'on' ? `switch ${flags} on` : flags;
}

/** Throws: Error where a value is computed by a function without words. */
export function describeKnob(knob: Knob): string {
  if (knob.how !== 'set') return nameKnob(knob);
  if (knob.fixed !== null)
    return knob.flags.map((flag) => `\`${flag} ${knob.fixed}\``).join(' or ');
  const words = VALUES[knob.value.name];
  if (words === undefined)
    throw new Error(`scripts/gen/playbook-words.ts has no words for ${knob.value.name}`);
  return `${nameKnob(knob)} (${words})`;
}
