import { GREEDY, greedyPrompts } from '../../../core/quality/greedy.ts';
import { hashText, mix } from '../random.ts';
import { PROSE_PARTS } from './prose.ts';

/** Cuts text into tokens and back. The same text always gives the same tokens, that of quality checks in every process too. */
export interface Tokenizer {
  pieces(text: string): string[];
  ids(pieces: readonly string[]): number[];
  text(ids: ArrayLike<number>): string;
}

/**
 * One token per short word with its leading space, per up to eight letters of a longer one, per up to three digits,
 * per sign. Source: own reasoning; about four to five characters a token in English, as in byte-pair vocabularies.
 */
const PIECE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]| ?\p{L}{1,8}| ?\p{N}{1,3}|\n+| ?[^\s\p{L}\p{N}]|\s+/gu;

/** Ids below are special marks of the chat template. */
const FIRST_ID = 256;
/** Texts remembered for the way back; beyond it unseen ids read as invented words. */
const MEMORY = 200_000;
const SYLLABLES = [
  'ka',
  'lo',
  'mi',
  'ta',
  'ru',
  'se',
  'no',
  'pa',
  'vi',
  'do',
  'ne',
  'ro',
  'su',
  'la',
  'ti',
  'mo',
] as const;

function inventedWord(id: number): string {
  const hash = mix(id, 77);
  const at = (shift: number): string => SYLLABLES[(hash >>> shift) & 15] ?? 'ka';
  return ` ${at(0)}${at(4)}${at(8)}`;
}

/** Text that is read before any other, so that where two pieces want one id it is not the load that decides who gets it. */
const READ_FIRST = [
  ...greedyPrompts(1, GREEDY.deep.prompts).map((one) => one.prompt),
  ...PROSE_PARTS,
];

/** A tokenizer for a vocabulary of `vocab` ids. */
export function createTokenizer(vocab: number): Tokenizer {
  const byText = new Map<string, number>();
  const byId = new Map<number, string>();
  const remember = (id: number, piece: string): void => {
    if (byId.size >= MEMORY) return;
    byText.set(piece, id);
    byId.set(id, piece);
  };
  const idOf = (piece: string): number => {
    const known = byText.get(piece);
    if (known !== undefined) return known;
    let id = FIRST_ID + (hashText(piece) % (vocab - FIRST_ID));
    for (let tries = 0; byId.has(id) && tries < 8; tries += 1)
      id = FIRST_ID + (mix(id, tries) % (vocab - FIRST_ID));
    remember(id, piece);
    return id;
  };
  const textOf = (id: number): string => {
    const known = byId.get(id);
    if (known !== undefined) return known;
    const word = inventedWord(id);
    if (!byText.has(word)) remember(id, word);
    return word;
  };
  const piecesOf = (text: string): string[] => text.match(PIECE) ?? [];
  for (const text of READ_FIRST)
    for (const piece of piecesOf(`${text}\n${text} ${text}`)) idOf(piece);
  return {
    pieces: piecesOf,
    ids: (pieces) => pieces.map(idOf),
    text: (ids) => Array.from(ids, textOf).join(''),
  };
}
