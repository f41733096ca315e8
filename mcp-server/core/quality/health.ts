import { createDraw } from './draw.ts';
import { WORDS } from './word-lists.ts';

/** A free answer, and what is wrong with its shape. */
export interface HealthSample {
  readonly id: string;
  readonly words: number;
  readonly faults: readonly string[];
}

export interface HealthPrompt {
  readonly id: string;
  readonly prompt: string;
}

/** Free answers that are looked at. Source: own reasoning; eight short ones take a few seconds. */
const SAMPLES = 8;
/** Room for a free answer: long enough for a loop to show (a period of 20 fits many times). */
export const HEALTH_MAX_TOKENS = 160;

/** Questions with free answers, sent without `ignore_eos`, so that the engine ends them itself. */
export function healthPrompts(seed: number): readonly HealthPrompt[] {
  const things = createDraw(seed * 100 + 99).sample(WORDS, SAMPLES);
  return things.map((thing, index) => ({
    id: `health-${index + 1}`,
    prompt: `Explain in one short paragraph what ${/^[aeiou]/.test(thing) ? 'an' : 'a'} ${thing} is.`,
  }));
}

const RAW_TOKENS = /<\|[^|\n]{1,40}\|>|<(?:s|\/s|pad|unk|bos|eos)>|\[(?:PAD|UNK|MASK)\d*\]/;

/** Faults in the shape of one free answer. Source: docs/quality.md, tier 1. */
export function healthFaults(text: string): readonly string[] {
  const faults: string[] = [];
  if (text.trim() === '') faults.push('empty');
  if (text.includes('\ufffd')) faults.push('broken characters');
  if (RAW_TOKENS.test(text)) faults.push('raw special tokens');
  if (isLooping(text)) faults.push('loop');
  return faults;
}

/** Words that must be there before a loop is looked for, and how few distinct 4-grams make one. */
const LOOP_MIN_WORDS = 40;
const LOOP_MAX_DISTINCT = 0.3;
const LOOP_MAX_PERIOD = 20;

function isLooping(text: string): boolean {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length < LOOP_MIN_WORDS) return false;
  const grams = words.slice(3).map((_, index) => words.slice(index, index + 4).join(' '));
  if (new Set(grams).size / grams.length < LOOP_MAX_DISTINCT) return true;
  const tail = words.slice(-LOOP_MIN_WORDS);
  return Array.from({ length: LOOP_MAX_PERIOD }, (_, index) => index + 1).some((period) =>
    tail.every((word, index) => index < period || word === tail[index - period]),
  );
}

/** New faults that one run may show by chance. Source: own reasoning; greedy answers split on numeric noise. */
const ALLOWED_NEW_FAULTS = 1;
/** Mean length against the baseline's, on eight samples. Source: own reasoning; MLPerf's 0.9 to 1.1 is for thousands. */
const LENGTH_BOUNDS = { least: 0.5, most: 2 } as const;

/** Why the free answers of a trial are worse than the baseline's to the same questions; empty when they are not. */
export function compareHealth(
  baseline: readonly HealthSample[],
  trial: readonly HealthSample[],
): readonly string[] {
  const clean = new Set(baseline.filter((one) => one.faults.length === 0).map((one) => one.id));
  const worse = trial.filter((one) => clean.has(one.id) && one.faults.length > 0);
  const reasons: string[] = [];
  if (worse.length > ALLOWED_NEW_FAULTS) {
    const kinds = [...new Set(worse.flatMap((one) => one.faults))].join(', ');
    reasons.push(`${worse.length} of ${clean.size} free answers went bad (${kinds})`);
  }
  const ratio = meanWords(trial) / meanWords(baseline);
  if (ratio < LENGTH_BOUNDS.least || ratio > LENGTH_BOUNDS.most) {
    reasons.push(`free answers are ${ratio.toFixed(2)} times as long as the baseline's`);
  }
  return reasons;
}

function meanWords(samples: readonly HealthSample[]): number {
  return samples.reduce((sum, sample) => sum + sample.words, 0) / Math.max(1, samples.length);
}

/** The same answer to different questions: a cache or a broken template. Empty answers are a fault of their own. */
export function repeatedAnswers(texts: readonly string[]): number {
  const said = texts.map((text) => text.trim()).filter((text) => text !== '');
  return said.length - new Set(said).size;
}
