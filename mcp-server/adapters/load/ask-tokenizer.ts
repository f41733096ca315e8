import { isRecord } from '../../core/parse.ts';
import { meanOf } from '../../core/stats/mean-sd.ts';
import { createTextSizer, type TextSizer } from '../../core/workload/sized-text.ts';
import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import { readVocabulary, vocabularyText } from '../../core/workload/word-tokens.ts';
import { isConversation } from '../../core/workload/workload.ts';
import type { LoadRequest } from '../../ports/load-generator.ts';
import type { Connection } from './connection.ts';
import { askJson, countTokens } from './count-tokens.ts';

/** Tokens of the texts whose count by the service is held against ours. Source: own reasoning. */
const PROBE_TOKENS = [24, 56] as const;

/**
 * Learns from the service's own tokenizer what each of our words costs, then holds two texts (and a conversation where
 * the workload has one) against the counts of its usage, which also tells what the template adds. Never rejects.
 * Null when: the service has no tokenizer route, or its usage does not add up from the words.
 */
export async function askTokenizer(
  connection: Connection,
  load: LoadRequest,
  signal: AbortSignal,
): Promise<TokenCalibration | null> {
  const kind = load.workload.text;
  const ids = await tokenize(connection, load, { text: vocabularyText(kind), signal });
  const read = ids === null ? null : readVocabulary(kind, ids);
  if (read === null) return null;
  const { counts, neverFirst } = read;
  const words = load.workload.tokenIds === true ? read : { counts, neverFirst };
  const known = { tokensPerWord: meanOf(counts) ?? 1, overheadTokens: 0, words };
  const sizer = createTextSizer(kind, known);
  const around = (tokens: number, turns: number): Promise<number | null> =>
    tokensAround(connection, load, { sizer, texts: textsOf(sizer, tokens, turns), signal });
  const [short, long] = PROBE_TOKENS;
  const overheadTokens = await around(short, 1);
  if (overheadTokens === null || overheadTokens !== (await around(long, 1))) return null;
  if (!load.workload.components.some(isConversation)) {
    return { ...known, overheadTokens };
  }
  const conversation = await around(short, 3);
  if (conversation === null) return null;
  return { ...known, overheadTokens, turnOverheadTokens: conversation - overheadTokens };
}

type Sized = ReturnType<TextSizer['text']>;

function textsOf(sizer: TextSizer, tokens: number, turns: number): readonly Sized[] {
  return Array.from({ length: turns }, (_, turn) => sizer.text(tokens, ['probe', tokens, turn]));
}

/** What the service counts beyond the texts' own tokens. */
async function tokensAround(
  connection: Connection,
  load: LoadRequest,
  probe: {
    readonly sizer: TextSizer;
    readonly texts: readonly Sized[];
    readonly signal: AbortSignal;
  },
): Promise<number | null> {
  const texts = probe.texts.map(({ words }) => words.join(' '));
  const ids = probe.sizer.idsOf(probe.texts.flatMap(({ words }) => words));
  const counted = await countTokens(connection, load, { texts, ids, signal: probe.signal });
  return counted === null
    ? null
    : counted - probe.texts.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** One body that every engine understands: vLLM and SGLang read `prompt`, llama.cpp reads `content`. */
async function tokenize(
  connection: Connection,
  load: LoadRequest,
  { text, signal }: { readonly text: string; readonly signal: AbortSignal },
): Promise<readonly number[] | null> {
  const body = JSON.stringify({
    model: load.model,
    prompt: text,
    content: text,
    add_special_tokens: false,
    add_special: false,
  });
  const answer = await askJson(connection, { path: '/tokenize', body, signal });
  const tokens: unknown = isRecord(answer) ? answer['tokens'] : null;
  if (!Array.isArray(tokens)) return null;
  const ids = tokens.filter((token) => typeof token === 'number');
  return ids.length === tokens.length ? ids : null;
}
