import { quantile } from '../stats/quantile.ts';
import { createDraw } from './draw.ts';
import type { Agreement } from './greedy.ts';
import type { ScoredText } from './quality-run.ts';

/** Changes of one text's tokens. */
export interface TextDrift {
  readonly id: string;
  /** Units: nats per token. */
  readonly deltas: readonly number[];
  /** Tokens that are the likeliest on one side only. */
  readonly flips: number;
}

/** What the changes of log-probability amount to. */
export interface DriftStatistics {
  readonly tokens: number;
  /** Mean loss of log-probability, which is the change of log-perplexity. Units: nats. */
  readonly meanLoss: number;
  /** 99th percentile of the change's size. Units: nats. */
  readonly p99: number;
  /** Share of tokens that are the likeliest on one side only, 0..1. */
  readonly flipRatio: number;
}

/** Pairs texts by id; a text that was cut into another number of tokens has no pair. */
export function promptDrift(
  reference: readonly ScoredText[],
  trial: readonly ScoredText[],
): readonly TextDrift[] {
  const known = new Map(trial.map((text) => [text.id, text]));
  return reference.flatMap((before) => {
    const after = known.get(before.id);
    if (after === undefined || after.logprobs.length !== before.logprobs.length) return [];
    return [
      {
        id: before.id,
        deltas: after.logprobs.map((value, index) => value - (before.logprobs[index] ?? value)),
        flips: after.isTop.filter((top, index) => top !== before.isTop[index]).length,
      },
    ];
  });
}

/** The same from generated tokens up to the first divergence, where a service scores no given text. */
export function generationDrift(pairs: readonly Agreement[]): readonly TextDrift[] {
  return pairs
    .filter((pair) => pair.deltas.length > 0)
    .map(({ id, deltas }) => ({ id, deltas, flips: 0 }));
}

/** Null when: there is no token. */
export function driftStatistics(texts: readonly TextDrift[]): DriftStatistics | null {
  const tokens = texts.reduce((sum, text) => sum + text.deltas.length, 0);
  if (tokens === 0) return null;
  const sizes = new Float64Array(tokens);
  let at = 0;
  let sum = 0;
  let flips = 0;
  for (const text of texts) {
    flips += text.flips;
    for (const delta of text.deltas) {
      sum += delta;
      sizes[at] = Math.abs(delta);
      at += 1;
    }
  }
  sizes.sort();
  return {
    tokens,
    meanLoss: -sum / tokens,
    p99: sizes[Math.min(tokens - 1, Math.floor(0.99 * tokens))] ?? 0,
    flipRatio: flips / tokens,
  };
}

/** Source: own reasoning; the 99th percentile of 200 values is read off the upper two. */
const RESAMPLES = 200;

/**
 * The items drawn again with replacement, as often as a noise needs; the same items are drawn for ever.
 * Source: docs/quality.md, tier 2 (bootstrap over texts); Efron 1979.
 */
export function resampled<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const draw = createDraw(items.length);
  const one = (): readonly Item[] =>
    items.flatMap(() => items[draw.integer(0, items.length - 1)] ?? []);
  return items.length === 0 ? [] : Array.from({ length: RESAMPLES }, one);
}

/** Upper end of noise. */
export const upperEnd = (values: readonly number[]): number => quantile(values, 0.99) ?? 0;

/** Noise of drift: the reference against itself. Null when: nothing can be compared. */
export function driftFloor(texts: readonly TextDrift[]): DriftStatistics | null {
  const found = driftStatistics(texts);
  if (found === null) return null;
  const drawn = resampled(texts)
    .map(driftStatistics)
    .filter((one) => one !== null);
  return {
    tokens: found.tokens,
    meanLoss: upperEnd(drawn.map((one) => Math.abs(one.meanLoss))),
    p99: upperEnd(drawn.map((one) => one.p99)),
    flipRatio: upperEnd(drawn.map((one) => one.flipRatio)),
  };
}
