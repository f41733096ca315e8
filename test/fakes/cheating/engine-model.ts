import { type KeyedRandom, keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { COMMON_WORDS } from '../../../mcp-server/core/workload/words.ts';

/** How fast an engine is, and in what ways an honest one may differ from another. Units: ms. */
export interface EngineModel {
  readonly firstMs: number;
  readonly prefillMsPerToken: number;
  readonly decodeMs: number;
  /** Added to a step by each other request in flight. */
  readonly batchMs: number;
  /** Tokens that one event carries at most: more than one where drafts are accepted. */
  readonly tokensPerEvent: number;
  /** Relative sd of a step, and of the whole deployment against another. */
  readonly noise: number;
  readonly launchNoise: number;
  /** Share of answers that take another turn somewhere, as other batches make them. */
  readonly splitShare: number;
  /** Share of prompts that are answered in words of two letters. */
  readonly terseShare: number;
  /** Share of tokens that come out as another word: what a lossy format costs. */
  readonly otherWords: number;
  /** One way, and how much it varies. */
  readonly pathMs: number;
  readonly pathJitterMs: number;
  /** Prompts sent before are read faster, and the usage says so. */
  readonly hasPrefixCache: boolean;
}

export const PLAIN_ENGINE: EngineModel = {
  firstMs: 8,
  prefillMsPerToken: 0.1,
  decodeMs: 8,
  batchMs: 0.2,
  tokensPerEvent: 1,
  noise: 0.02,
  launchNoise: 0.004,
  splitShare: 0,
  terseShare: 0,
  otherWords: 0,
  pathMs: 0.2,
  pathJitterMs: 0.05,
  hasPrefixCache: false,
};

export const OVERHEAD_TOKENS = 12;

export const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

export const drawWord = (random: KeyedRandom): string =>
  COMMON_WORDS[random.int(0, COMMON_WORDS.length - 1)] ?? 'the';

/** What the model says to a prompt: follows from it, as greedy decoding does; another deployment may turn off somewhere. */
export function honestWords(
  facts: { readonly model: EngineModel; readonly deployment: number; readonly modelName: string },
  prompt: string,
  count: number,
): string[] {
  const { model, deployment, modelName } = facts;
  const random = keyedRandom(['answer', modelName, prompt]);
  const isTerse = keyedRandom(['terse', prompt]).unit() < model.terseShare;
  const said = Array.from({ length: count }, () => (isTerse ? 'so' : drawWord(random)));
  const chance = keyedRandom(['split', deployment, prompt]);
  const turn = chance.unit() < model.splitShare ? chance.int(0, count) : count;
  return said.map((word, index) =>
    index >= turn || chance.unit() < model.otherWords ? drawWord(chance) : word,
  );
}

/** Tokens after which the model ends an answer itself, below the limit. */
export function naturalLength(prompt: string, limit: number): number {
  const least = Math.max(1, Math.round(limit * 0.5));
  return keyedRandom(['length', prompt]).int(least, Math.max(least, Math.round(limit * 0.9)));
}
