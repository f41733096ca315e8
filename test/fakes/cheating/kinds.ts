import type { EngineModel } from './engine-model.ts';
import { SLIER_KINDS } from './slier-kinds.ts';
import { SLY_KINDS } from './sly-kinds.ts';
import type { Trick } from './trick.ts';

/** One way to look better than one is. */
export interface Kind {
  /** Finding, gate or failure that is expected to name it. Any other that stops it is as good. */
  readonly caughtBy: string;
  /** From the faintest that may still gain something to the boldest. Meaning: share of requests, tokens or work. */
  readonly strengths: readonly number[];
  /** Speed bought by it, beside what it gains by itself; 1: none. */
  readonly speed?: number;
  /** False: answers end where the model ends them. */
  readonly exactOutput?: boolean;
  /** One way to the service. Units: ms. Absent: none to speak of. */
  readonly pathMs?: number;
  /** How the incumbent differs from the plain engine, and the trial with it. */
  readonly before?: Partial<EngineModel>;
  /** The cheat that it is more of, and how much of it the incumbent has already. */
  readonly moreOf?: { readonly name: string; readonly incumbent: number };
  /** True: the trial's change is one that may alter outputs, and its answers are checked. */
  readonly altersOutputs?: boolean;
  /** What it does, where `streamed-answer.ts` does not know it by name. */
  readonly trick?: Trick;
}

const faster = 1.15;

/** Kinds that were thought of when the checks were made, and those that came after; the checks know none of them. */
const KINDS = {
  blank_first_chunk: { caughtBy: 'blank_first_chunk', strengths: [0.3, 1] },
  early_first_chunk: { caughtBy: 'hollow_first_token', strengths: [0.4, 1] },
  echoed_first_word: { caughtBy: 'hollow_first_token', strengths: [0.5, 1] },
  cached_answers: { caughtBy: 'answers_cached', strengths: [1], speed: faster },
  near_cached_answers: { caughtBy: 'near_answers_cached', strengths: [1], speed: faster },
  caches_by_prompt_head: { caughtBy: 'near_answers_cached', strengths: [1], speed: faster },
  hidden_prefix_cache: { caughtBy: 'prefix_cache_hidden', strengths: [1], speed: faster },
  fewer_tokens: { caughtBy: 'tokens_without_text', strengths: [0.04, 0.1, 0.5] },
  filler_words: { caughtBy: 'one_word_grew', strengths: [0.06, 0.15, 0.4] },
  zero_width_tokens: { caughtBy: 'tokens_without_text', strengths: [0.04, 0.15, 0.4] },
  space_tokens: { caughtBy: 'tokens_without_text', strengths: [0.04, 0.15, 0.4] },
  repeated_tail: { caughtBy: 'repetition', strengths: [0.15, 0.3, 0.5] },
  inflated_usage: { caughtBy: 'tokens_without_text', strengths: [0.05, 0.3], exactOutput: false },
  split_tokens: { caughtBy: 'tokens_without_text', strengths: [0.1, 0.5] },
  early_stop: { caughtBy: 'length_ignored', strengths: [0.1, 1] },
  shortened_answers: {
    caughtBy: 'answers_shortened',
    strengths: [0.15, 0.4],
    exactOutput: false,
    speed: 1.1,
  },
  never_stops: { caughtBy: 'finish_mix_changed', strengths: [0.3, 1], exactOutput: false },
  other_model_named: { caughtBy: 'other_model_answers', strengths: [1], speed: faster },
  silent_other_model: { caughtBy: 'answers_changed', strengths: [1, 0.5], speed: faster },
  other_model_for_short_prompts: { caughtBy: 'answers_changed', strengths: [1], speed: faster },
  shrunk_prompt: { caughtBy: 'prompt_shrunk', strengths: [0.1, 0.75] },
  overcounted_prompt: { caughtBy: 'prompt_overcounted', strengths: [0.2, 0.5], speed: faster },
  silently_truncated_prompt: { caughtBy: 'answers_changed', strengths: [0.3, 0.75] },
  truncates_long_prompts: { caughtBy: 'answers_changed', strengths: [0.5, 0.8] },
  drops_prompt_head: { caughtBy: 'answers_changed', strengths: [0.2, 0.5] },
  flat_first_token: { caughtBy: 'ttft_flat', strengths: [1] },
  buffering_proxy: { caughtBy: 'buffered_path', strengths: [1], speed: faster },
  sleeping_proxy: { caughtBy: 'bursts_after_sleep', strengths: [1], speed: faster },
  whole_answer_at_once: { caughtBy: 'one_piece', strengths: [0.3, 1], speed: faster },
  rejects_under_load: { caughtBy: 'rejects_requests', strengths: [0.5, 1] },
  rate_limits: { caughtBy: 'rejects_requests', strengths: [0.03, 0.2] },
  turns_long_prompts_away: { caughtBy: 'turns_long_prompts_away', strengths: [0.5, 1] },
  drops_connections: { caughtBy: 'drops_connections', strengths: [0.03, 0.2] },
  error_in_stream: { caughtBy: 'breaks_streams', strengths: [0.03, 0.2] },
  hides_usage: { caughtBy: 'breaks_streams', strengths: [0.03, 0.3], speed: faster },
  blank_answers: { caughtBy: 'tokens_without_text', strengths: [0.1, 1] },
  garbled_words: { caughtBy: 'garbled_words', strengths: [0.01, 0.02, 0.05], speed: faster },
  misspelt_words: { caughtBy: 'unseen_spellings', strengths: [0.02, 0.05], speed: faster },
  wrong_words: { caughtBy: 'answers_changed', strengths: [0.05, 0.2], speed: faster },
  shuffled_words: { caughtBy: 'answers_changed', strengths: [1], speed: faster },
  other_script: { caughtBy: 'unseen_spellings', strengths: [0.03, 0.2], speed: faster },
  garbles_long_answers: { caughtBy: 'garbled_words', strengths: [0.03, 0.1], speed: faster },
  garbles_under_load: { caughtBy: 'garbled_words', strengths: [0.03, 0.1], speed: faster },
  garbles_after_warmup: { caughtBy: 'garbled_words', strengths: [0.03, 0.1], speed: faster },
  garbles_only_streams: { caughtBy: 'garbled_words', strengths: [0.02, 0.05], speed: faster },
  accepts_every_draft: { caughtBy: 'answers_changed', strengths: [0.2, 0.5] },
  repetition: { caughtBy: 'repetition', strengths: [0.2, 1], speed: faster },
  special_tokens: { caughtBy: 'broken_text', strengths: [0.05, 1], speed: faster },
  broken_characters: { caughtBy: 'broken_text', strengths: [0.05, 1], speed: faster },
  echoes_the_prompt: { caughtBy: 'echoes_prompt', strengths: [0.3, 1], speed: 1.3 },
  duplicate_usage: { caughtBy: 'duplicate_usage', strengths: [1], speed: faster },
  answers_beside_the_engine: { caughtBy: 'engine_output_disagrees', strengths: [0.1, 0.4] },
  counts_other_prompts: { caughtBy: 'engine_prompt_disagrees', strengths: [1], speed: faster },
  invented_answers: { caughtBy: 'answers_changed', strengths: [1] },
  claims_cached: { caughtBy: 'unique_prompts_cached', strengths: [0.3, 0.8], speed: faster },
  canned_answer: { caughtBy: 'same_answers', strengths: [0.2, 1], speed: faster },
  few_canned_answers: { caughtBy: 'same_answers', strengths: [1], speed: 1.4 },
  answers_the_previous_request: {
    caughtBy: 'answers_changed',
    strengths: [0.2, 1],
    speed: faster,
  },
  reuses_response_ids: { caughtBy: 'answers_replayed', strengths: [0.3, 1], speed: faster },
  other_fingerprint: { caughtBy: 'answers_changed', strengths: [1], speed: faster },
  fast_on_ignore_eos: { caughtBy: 'fast_only_when_measured', strengths: [0.4, 0.7] },
  fast_on_known_prompts: { caughtBy: 'fast_only_when_measured', strengths: [0.4, 0.7] },
  engine_clock_lies: { caughtBy: 'engine_clock_disagrees', strengths: [0.5, 0.9], pathMs: 60 },
  dies_without_the_benchmark: { caughtBy: 'sample_not_served', strengths: [0.3, 1], speed: faster },
  more_repetition: {
    caughtBy: 'repetition',
    strengths: [0.25, 0.6],
    speed: faster,
    moreOf: { name: 'repetition', incumbent: 0.15 },
  },
  more_garbled_words: {
    caughtBy: 'garbled_words',
    strengths: [0.04, 0.1],
    speed: faster,
    moreOf: { name: 'garbled_words', incumbent: 0.01 },
  },
  more_broken_characters: {
    caughtBy: 'broken_text',
    strengths: [0.3, 1],
    speed: faster,
    moreOf: { name: 'broken_characters', incumbent: 0.15 },
  },
  more_special_tokens: {
    caughtBy: 'broken_text',
    strengths: [0.3, 1],
    speed: faster,
    moreOf: { name: 'special_tokens', incumbent: 0.15 },
  },
  more_echoes: {
    caughtBy: 'echoes_prompt',
    strengths: [0.3, 0.8],
    speed: faster,
    moreOf: { name: 'echoes_the_prompt', incumbent: 0.08 },
  },
  more_space_tokens: {
    caughtBy: 'tokens_without_text',
    strengths: [0.15, 0.4],
    moreOf: { name: 'space_tokens', incumbent: 0.03 },
  },
  more_filler_words: {
    caughtBy: 'one_word_grew',
    strengths: [0.15, 0.4],
    moreOf: { name: 'filler_words', incumbent: 0.05 },
  },
  more_canned_answers: {
    caughtBy: 'same_answers',
    strengths: [0.6, 0.9],
    speed: faster,
    moreOf: { name: 'canned_answer', incumbent: 0.3 },
  },
  more_whole_answers: {
    caughtBy: 'one_piece',
    strengths: [0.7, 1],
    speed: faster,
    moreOf: { name: 'whole_answer_at_once', incumbent: 0.35 },
  },
  more_rate_limits: {
    caughtBy: 'rejects_requests',
    strengths: [0.1, 0.3],
    speed: faster,
    moreOf: { name: 'rate_limits', incumbent: 0.04 },
  },
  more_claims_cached: {
    caughtBy: 'unique_prompts_cached',
    strengths: [0.4, 0.9],
    speed: faster,
    moreOf: { name: 'claims_cached', incumbent: 0.1 },
  },
  more_hollow_first_tokens: {
    caughtBy: 'hollow_first_token',
    strengths: [0.4, 1],
    moreOf: { name: 'early_first_chunk', incumbent: 0.08 },
  },
  ...SLY_KINDS,
  ...SLIER_KINDS,
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS).filter((name): name is KindName => name in KINDS);
/** Which cheats a server has, each with its strength. */
export type Cheats = ReadonlyMap<KindName, number>;
export const kindOf = (name: KindName): Kind => KINDS[name];

const isKind = (name: string): name is KindName => name in KINDS;

/** What a service of the kind has in it, and what its incumbent has. */
export function cheatsOf(name: KindName, strength: number): { trial: Cheats; incumbent: Cheats } {
  const { moreOf } = kindOf(name);
  if (moreOf === undefined) return { trial: new Map([[name, strength]]), incumbent: new Map() };
  if (!isKind(moreOf.name)) throw new RangeError(`no kind ${moreOf.name}`);
  return {
    trial: new Map([[moreOf.name, strength]]),
    incumbent: new Map([[moreOf.name, moreOf.incumbent]]),
  };
}
