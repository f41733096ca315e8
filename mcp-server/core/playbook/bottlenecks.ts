/** One bottleneck or fault that a person looks for, by the number it has in docs/playbook.md. */
export interface Bottleneck {
  readonly row: number;
  readonly symptom: string;
  /** Why no rule can tell it. Null when: a rule does. */
  readonly notARule: string | null;
}

const SYMPTOMS: readonly string[] = [
  'The client sees the first token much later than the engine sent it, or tokens in bursts',
  'Prompts hit the prefix cache more in one run than in the other',
  'The first requests are many times slower than later ones',
  'A repeat of the same configuration differs by more than the gain that is claimed',
  'The engine runs with another value than the flag asked for',
  'The engine refuses a flag or its value at start',
  'The GPU is throttled, slow in clock, or counts errors',
  'Requests wait while the KV pool has room and the batch is below its cap',
  'Requests wait while the batch stands at its cap',
  'Requests wait while the KV pool is full',
  'SGLang retracts running requests',
  'vLLM preempts running requests',
  'Weights leave no memory for the KV cache',
  'Decode batches run without a CUDA graph',
  'Memory runs out in prefill',
  'Memory runs out under load, in decode',
  'Memory runs out while graphs are captured',
  'The KV cache cannot hold one request of full length',
  'The request queue is full and refuses',
  'Most of the time to the first token is waiting',
  'Prompts are cut into many chunks and prefill is far from its floor',
  'A shared beginning of prompts is computed again and again',
  'Cached prefixes are evicted before they are used again',
  'Prefill is near what the GPU can compute',
  'The GPU idles while the process in front of the scheduler works',
  'The median first token is early, the last percent very late, while decodes run',
  'Requests wait for their grammars',
  'The encoder of images or sound takes the time of the first token',
  'Gaps between tokens spike while prompts are computed',
  'At low concurrency, decode is near what memory can deliver',
  'At low concurrency, decode is far from what memory could deliver',
  'Scheduling does not overlap with the GPU',
  'Drafted tokens are mostly refused',
  'Speculation is on at a large batch',
  'Outputs repeat themselves or their prompts, and nothing drafts',
  'All-reduce fills the step on GPUs that have no direct link',
  'All-reduce takes a large part of the step on GPUs that have one',
  'Attention over long contexts fills the step',
  'An 8-bit KV cache is on at short contexts and small batches',
  'Expert kernels fill the step while experts are not spread',
  'Tokens reach the client far later than the engine makes them, at a large batch',
  'Sampling or synchronising takes a large part of the step',
  'The engine is not full because the client cannot feed it',
  'Saturated, with a small batch and a half empty pool',
  'The model fits one GPU, is split over several, and throughput is the goal',
  'Replicas of one service are loaded unevenly',
  'Every step is filled to its token budget while requests wait',
  'A model with a latent KV cache keeps a copy of it on every GPU',
  'Weights of 16 bits at a batch that is bound by computing',
  'The engine goes silent until its watchdog or the link times out',
];

const NOT_A_RULE: ReadonlyMap<number, string> = new Map([
  [
    4,
    'noise belongs to a comparison, not to one run: judge_trial gives every delta its interval and the noise floor of the A/A runs',
  ],
]);

/** What a person may find, in the order in which to look. Source: numbers and order of the guide, docs/playbook.md. */
export const BOTTLENECKS: readonly Bottleneck[] = SYMPTOMS.map((symptom, index) => ({
  row: index + 1,
  symptom,
  notARule: NOT_A_RULE.get(index + 1) ?? null,
}));
