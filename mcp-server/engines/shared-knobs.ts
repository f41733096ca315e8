import { flagOption, hasFlag, type Knob, type SearchContext } from '../core/search/knob.ts';

type Texts = Omit<Knob, 'options'>;

/** Weights quantised at load; SGLang and vLLM name flag and value alike. */
export const FP8_WEIGHTS: Knob = {
  id: 'fp8-weights',
  idea: 'fp8 weights, quantised at load',
  why: 'Half the weight bytes per decode step, and fp8 tensor cores in prefill.',
  expected: 'TBOT and TTFT fall, throughput rises by 10 to 60 %.',
  refutedBy: 'TBOT stays within the noise, or a canary that the baseline passes fails.',
  priorGainRatio: 0.25,
  risk: 'medium',
  helps: ['tbot', 'ttft', 'throughput'],
  options: (context) =>
    context.hasFp8 && !hasFlag(context, '--quantization')
      ? [flagOption('--quantization', 'fp8')]
      : [],
};

/** An fp8 KV cache; the engines name its types differently. */
export const FP8_KV: Texts = {
  id: 'fp8-kv',
  idea: 'an fp8 KV cache',
  why: 'Twice the KV tokens and half the KV bytes per step; pays at long contexts and large batches.',
  expected: 'Throughput rises when KV was full or contexts are long.',
  refutedBy: 'TBOT rises (conversion costs at short contexts), or a canary fails.',
  priorGainRatio: 0.03,
  risk: 'medium',
  helps: ['throughput'],
};

/** A cap on requests decoded together. */
export const BATCH_CAP: Omit<Texts, 'why' | 'priorGainRatio'> = {
  id: 'batch-cap',
  idea: 'another cap on requests decoded together',
  expected: 'Throughput rises when the cap was binding; TBOT falls when the batch was too large.',
  refutedBy: 'Running requests never touched the cap.',
  risk: 'low',
  helps: ['tbot', 'throughput'],
};

/** The largest decode batch that is captured as a CUDA graph. */
export const GRAPH_CEILING: Texts = {
  id: 'graph-ceiling',
  idea: 'CUDA graphs up to the batch that really runs',
  why: 'A decode batch above the largest captured graph runs eager, which is two to four times slower on small models.',
  expected: 'TBOT falls where the batch was above the ceiling.',
  refutedBy: 'Every decode step replayed a graph already.',
  priorGainRatio: 0.03,
  risk: 'medium',
  helps: ['tbot', 'throughput'],
};

/** The share of GPU memory that the engine takes. */
export const KV_MEMORY: Omit<Texts, 'priorGainRatio'> = {
  id: 'kv-memory',
  idea: 'another share of memory for weights and KV',
  why: 'More KV tokens admit more requests; too much leaves nothing for activations and graphs.',
  expected: 'Queueing falls when KV was full.',
  refutedBy: 'KV usage never came near 1.',
  risk: 'medium',
  helps: ['throughput', 'ttft'],
};

/** Drafts from the text so far. */
export const NGRAM_SPECULATION: Omit<Texts, 'refutedBy'> = {
  id: 'ngram-speculation',
  idea: 'n-gram speculation',
  why: 'At low concurrency decode is bound by weight bytes, so accepted drafts are nearly free.',
  expected: 'TBOT falls on text that repeats itself.',
  priorGainRatio: 0.03,
  risk: 'high',
  helps: ['tbot', 'throughput'],
};

/** A draft from n-grams pays only while decode is bandwidth-bound. Source: SGLang #6949, vLLM #16258: above 16 to 32 it loses. */
const SPECULATION_MAX_CONCURRENCY = 16;

/** True where drafts can pay, and be judged, and are not made already. */
export const draftsPay = (context: SearchContext, flag: string): boolean =>
  context.isNatural &&
  context.concurrency <= SPECULATION_MAX_CONCURRENCY &&
  !hasFlag(context, flag);

/** More processes before the scheduler. */
export const FRONT_END_PROCESSES: Omit<Texts, 'id'> = {
  idea: 'more front-end processes',
  why: 'One front end can be the bottleneck with many or long prompts.',
  expected: 'TTFT falls when one process used a whole core.',
  refutedBy: 'Client and engine TTFT are equally far apart as before.',
  priorGainRatio: 0.01,
  risk: 'low',
  helps: ['ttft'],
};

/** Another attention kernel; each engine has its own. */
export const ATTENTION_BACKEND: Texts = {
  id: 'attention-backend',
  idea: 'another attention backend',
  why: 'Kernels differ by GPU, head size and batch.',
  expected: 'TBOT falls by a few percent.',
  refutedBy: 'TBOT stays within the noise.',
  priorGainRatio: 0.01,
  risk: 'medium',
  helps: ['tbot', 'throughput'],
};

/** Fewer, larger chunks of a stream; where it pays depends on the engine's front end. */
export const STREAM_INTERVAL: Omit<Texts, 'priorGainRatio'> = {
  id: 'stream-interval',
  idea: 'several tokens per streamed chunk',
  why: 'At high concurrency one chunk per token costs the front end a core.',
  expected: 'Throughput rises; chunks become burstier.',
  refutedBy: 'The client saw no more than the engine reported.',
  risk: 'medium',
  helps: ['throughput'],
};

/** A prefix cache that was switched off. */
export const PREFIX_CACHE_BACK: Omit<Texts, 'id' | 'risk'> = {
  idea: 'the prefix cache on again',
  why: 'Prompts that share a prefix are computed once only.',
  expected: 'TTFT falls when prompts share prefixes.',
  refutedBy: 'The hit ratio stays at zero.',
  priorGainRatio: 0.02,
  helps: ['ttft', 'throughput'],
};

/** A flag known to slow the engine down; what it costs is each engine's own. */
export const WITHOUT_BRAKES: Omit<Texts, 'id' | 'risk' | 'why'> = {
  idea: 'without a flag that slows the engine down',
  expected: 'TBOT falls.',
  refutedBy: 'TBOT stays within the noise.',
  priorGainRatio: 0.3,
  helps: ['tbot', 'throughput'],
};
