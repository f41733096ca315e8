import type { Report } from '../report.ts';
import { BIAS, CLASSES, ROWS } from './learned.generated.ts';
import { featuresOf } from './learned-features.ts';

/** What each class's machine makes of what a report's texts hold. */
export interface LearnedModel {
  readonly classes: readonly string[];
  /** One number a class, in order. */
  readonly bias: readonly number[];
  /** A feature's rarity and its weights by index of class; classes that it says nothing of are left out. */
  readonly features: ReadonlyMap<string, LearnedFeature>;
}

interface LearnedFeature {
  readonly rarity: number;
  readonly weights: readonly (readonly [cls: number, weight: number])[];
}

export interface LearnedCause {
  readonly cls: string;
  /** How likely among all classes by words alone, 0..1. */
  readonly share: number;
  /** The sentence that speaks most for it; empty where none does alone. */
  readonly evidence: string;
}

interface Contribution {
  readonly cls: number;
  readonly amount: number;
  readonly said: string;
}

function contributionsOf(model: LearnedModel, report: Report): readonly Contribution[] {
  const known = [...featuresOf(report)].flatMap(([name, said]) => {
    const feature = model.features.get(name);
    return feature === undefined ? [] : [{ ...feature, said }];
  });
  const length = Math.sqrt(known.reduce((sum, { rarity }) => sum + rarity * rarity, 0));
  return known.flatMap(({ rarity, weights, said }) =>
    weights.map(([cls, weight]) => ({ cls, amount: (rarity * weight) / length, said })),
  );
}

/**
 * What the words of a report speak for by what was learned from labelled cases, most likely first; the shares sum to 1.
 * Empty where no sentence of the report holds a known word.
 */
export function learnedCauses(model: LearnedModel, report: Report): readonly LearnedCause[] {
  const contributions = contributionsOf(model, report);
  if (contributions.every(({ said }) => said === '')) return [];
  const scores = model.bias.map((bias, at) =>
    contributions.reduce((sum, one) => (one.cls === at ? sum + one.amount : sum), bias),
  );
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return model.classes
    .map((cls, at) => ({
      cls,
      share: (powers[at] ?? 0) / total,
      evidence: strongest(contributions.filter((one) => one.cls === at)),
    }))
    .toSorted((a, b) => b.share - a.share);
}

/** The sentence whose words together speak most. */
function strongest(contributions: readonly Contribution[]): string {
  const sums = new Map<string, number>();
  for (const { amount, said } of contributions) sums.set(said, (sums.get(said) ?? 0) + amount);
  sums.delete('');
  const [best] = [...sums].toSorted((a, b) => b[1] - a[1]);
  return best?.[0] ?? '';
}

/** Reads `bias…` and lines of `name rarity class:weight …`, all numbers in hundredths. */
export function readModel(
  classes: readonly string[],
  bias: readonly number[],
  rows: readonly string[],
): LearnedModel {
  const features = rows.map((row) => {
    const [name = '', rarity, ...weights] = row.split(' ');
    const read = weights.map((text): readonly [number, number] => {
      const [cls, weight] = text.split(':').map(Number);
      return [cls ?? 0, (weight ?? 0) / 100];
    });
    return [name, { rarity: Number(rarity) / 100, weights: read }] as const;
  });
  return { classes, bias: bias.map((value) => value / 100), features: new Map(features) };
}

/** Nothing learned: only rules speak. */
export const NO_WORDS: LearnedModel = readModel([], [], []);

let read: LearnedModel | null = null;

/** What was learned from the labelled cases of this repository; read at its first use, since that takes a tenth of a second. */
export function learnedModel(): LearnedModel {
  read ??= readModel(CLASSES, BIAS, ROWS);
  return read;
}
