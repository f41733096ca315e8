import { isRecord } from '../parse.ts';

/** Log-probabilities of the tokens of a given text. Units: nats. */
interface TextScore {
  readonly logprobs: readonly number[];
  /** Whether the token was the most likely one. */
  readonly isTop: readonly boolean[];
}

/** A route that scores a given text without generating one. */
export interface ScoreProtocol {
  readonly id: 'generate' | 'prompt-logprobs';
  readonly path: string;
  body(text: string): Readonly<Record<string, unknown>>;
  /** Null when: the answer holds no scores of the prompt. */
  read(body: unknown): TextScore | null;
}

/** Tokens of one text that are kept. Source: own reasoning; the texts have at most about 400. */
const MAX_TOKENS = 2000;

function scoreOf(tokens: readonly (readonly [number, boolean])[]): TextScore | null {
  if (tokens.length === 0) return null;
  return { logprobs: tokens.map(([logprob]) => logprob), isTop: tokens.map(([, top]) => top) };
}

const isPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'number';

/** `[logprob, id, text]` per token and `[[logprob, id, text]]` of the likeliest one, null for the first token. */
function readGenerate(body: unknown): TextScore | null {
  const meta = isRecord(body) ? body['meta_info'] : null;
  if (!isRecord(meta) || !Array.isArray(meta['input_token_logprobs'])) return null;
  const tops: readonly unknown[] = Array.isArray(meta['input_top_logprobs'])
    ? meta['input_top_logprobs']
    : [];
  const given: readonly unknown[] = meta['input_token_logprobs'];
  return scoreOf(
    given.slice(0, MAX_TOKENS).flatMap((token, index) => {
      if (!isPair(token)) return [];
      const list = tops[index];
      const top: unknown = Array.isArray(list) ? list[0] : null;
      return [[token[0], isPair(top) && top[1] === token[1]] as const];
    }),
  );
}

/** The scored token of one position: beside the likeliest one if it is another. */
function ownToken(entry: unknown): readonly [number, boolean] | null {
  if (!isRecord(entry)) return null;
  const tokens = Object.values(entry).filter(isRecord);
  const own = tokens.find((token) => token['rank'] !== 1) ?? tokens[0];
  const logprob = own?.['logprob'];
  return typeof logprob === 'number' ? [logprob, own?.['rank'] === 1] : null;
}

/** `prompt_logprobs` of the first choice: per token an object by token id; null for the first token. */
function readPromptLogprobs(body: unknown): TextScore | null {
  const choices = isRecord(body) ? body['choices'] : null;
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const list = isRecord(choice) ? choice['prompt_logprobs'] : null;
  if (!Array.isArray(list)) return null;
  const given: readonly unknown[] = list;
  return scoreOf(
    given.slice(0, MAX_TOKENS).flatMap((entry) => {
      const token = ownToken(entry);
      return token === null ? [] : [token];
    }),
  );
}

/**
 * Routes in the order in which a service is asked for them: the service says by its answer which one it has.
 * Source: SGLang docs, sampling_params (`/generate` with `return_logprob`); vLLM docs, OpenAI-compatible server
 * (`prompt_logprobs`). llama.cpp refuses `echo` and scores generated tokens only (ggml-org/llama.cpp#27174).
 */
export const SCORE_PROTOCOLS: readonly ScoreProtocol[] = [
  {
    id: 'generate',
    path: '/generate',
    body: (text) => ({
      text,
      sampling_params: { temperature: 0, max_new_tokens: 1 },
      return_logprob: true,
      logprob_start_len: 0,
      top_logprobs_num: 1,
    }),
    read: readGenerate,
  },
  {
    id: 'prompt-logprobs',
    path: '/v1/completions',
    body: (text) => ({ prompt: text, temperature: 0, max_tokens: 1, prompt_logprobs: 1 }),
    read: readPromptLogprobs,
  },
];
