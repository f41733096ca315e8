import { z } from 'zod';

/** Length of a prompt or completion in tokens: exact, uniform or log-normal (median and sigma of the log). */
const Length = z.union([
  z.number().int().min(1).max(1_000_000),
  z.strictObject({ min: z.number().int().min(1), max: z.number().int().min(1) }),
  z.strictObject({ median: z.number().min(1), sigma: z.number().min(0).max(3) }),
]);

const Component = z.strictObject({
  weight: z.number().gt(0).default(1),
  inputTokens: Length,
  outputTokens: Length,
  /** Tokens at the front of the prompt that `prefixGroups` groups of requests share; 0 = every prompt unique. */
  sharedPrefixTokens: z.number().int().min(0).default(0),
  prefixGroups: z.number().int().min(1).default(1),
  /** How often the very same prompt is sent in a row; above 1 it probes the prefix cache. */
  repeatsOfEachPrompt: z.number().int().min(1).default(1),
  /** Turns of one conversation; each turn carries the ones before it with replies of recorded length. Absent: 1. */
  turns: z.number().int().min(1).max(64).optional(),
  /** Pause of the user between an answer and the next turn. */
  thinkTimeMs: z.number().min(0).max(600_000).optional(),
});

/** What is asked of the service, apart from how fast: shapes of prompts and completions. Presets are workloads/*.yaml. */
export const WorkloadSpec = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  description: z.string().max(300).default(''),
  api: z.enum(['chat', 'completions']).default('chat'),
  /** `random-words`: calibrated unique words; `natural`: shipped natural text (needed to judge speculation). */
  text: z.enum(['random-words', 'natural']).default('random-words'),
  /** True: `ignore_eos` with exact `max_tokens`, so that work does not depend on the configuration. */
  exactOutput: z.boolean().default(true),
  /** True: prompts are sent as token ids of the service's own tokenizer (`completions` only). Absent: as text. */
  tokenIds: z.boolean().optional(),
  components: z.array(Component).min(1).max(8),
  /** Requests that were imported instead of made: which, and the hash of their unified rows. */
  dataset: z
    .strictObject({
      format: z.string().max(40),
      rows: z.number().int().min(1).max(100_000),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .optional(),
});
export type WorkloadSpec = z.infer<typeof WorkloadSpec>;

/** True where a prompt is followed by others that hold it. */
export const isConversation = ({ turns }: WorkloadSpec['components'][number]): boolean =>
  (turns ?? 1) > 1;

/** Length of the longest kind of prompt: the fixed one, the upper bound or the median. Units: tokens. */
export function usualPromptTokens(workload: WorkloadSpec): number {
  const lengths = workload.components.map(({ inputTokens }) => {
    if (typeof inputTokens === 'number') return inputTokens;
    return 'max' in inputTokens ? inputTokens.max : inputTokens.median;
  });
  return Math.max(...lengths);
}

const relativeRate = z.number().gt(0).max(1_000_000);

/**
 * Form of an open loop over time. Rates in it are relative: the mean is always the load point's `requestRatePerS`, and
 * the last arrival always falls at `requests / requestRatePerS`. Absent: the same rate throughout, gamma gaps.
 */
export const ArrivalPattern = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant') }),
  z.strictObject({
    kind: z.literal('ramp'),
    from: relativeRate,
    to: relativeRate,
    curve: z.enum(['linear', 'exponential']).default('linear'),
  }),
  z.strictObject({
    kind: z.literal('steps'),
    stages: z
      .array(z.strictObject({ rate: relativeRate, share: relativeRate }))
      .min(1)
      .max(32),
  }),
  z.strictObject({ kind: z.literal('bursts'), size: z.number().int().min(2).max(10_000) }),
  z.strictObject({
    kind: z.literal('trace'),
    timesMs: z.array(z.number().min(0)).min(2).max(100_000),
  }),
]);
export type ArrivalPattern = z.infer<typeof ArrivalPattern>;

/** How fast: closed loop (requests in flight) or open loop (Poisson arrivals per second). */
export const LoadPoint = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('closed'),
    concurrency: z.number().int().min(1).max(4096),
    requests: z.number().int().min(1).max(100_000),
  }),
  z.strictObject({
    kind: z.literal('open'),
    requestRatePerS: z.number().gt(0).max(10_000),
    requests: z.number().int().min(1).max(100_000),
    /** Gamma shape of the gaps: 1 Poisson, below 1 bursty (docs/load.md). */
    burstiness: z.number().gt(0).max(100).default(1),
    maxConcurrency: z.number().int().min(1).max(8192).optional(),
    pattern: ArrivalPattern.optional(),
  }),
]);
export type LoadPoint = z.infer<typeof LoadPoint>;

/** Short text of a load point for tables and ids, e.g. `closed c=16 n=64`. */
export function describeLoadPoint(point: LoadPoint): string {
  if (point.kind === 'closed') return `closed c=${point.concurrency} n=${point.requests}`;
  const form = point.pattern === undefined ? '' : ` ${describePattern(point.pattern)}`;
  return `open ${point.requestRatePerS}/s n=${point.requests}${form}`;
}

function describePattern(pattern: ArrivalPattern): string {
  switch (pattern.kind) {
    case 'constant':
      return 'constant';
    case 'ramp':
      return `${pattern.curve} ramp ${pattern.from}:${pattern.to}`;
    case 'steps':
      return `steps ${pattern.stages.map(({ rate, share }) => `${rate}x${share}`).join(',')}`;
    case 'bursts':
      return `bursts of ${pattern.size}`;
    case 'trace':
      return `trace of ${pattern.timesMs.length}`;
  }
}
