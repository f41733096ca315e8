import { percent } from '../percent.ts';
import { wilsonInterval } from '../stats/wilson.ts';
import { resampled, upperEnd } from './drift.ts';
import { type Agreement, agreements } from './greedy.ts';
import type { TierRun } from './quality-run.ts';
import { type Repeat, repeatsOf } from './repeats.ts';
import type { TierPolicy, TierResult } from './tier-result.ts';

/** A split where the reference was this sure of its token is damage. Units: nats. Source: docs/quality.md, tier 3. */
const DAMAGE_NATS = 1;
/**
 * What a change may add to the noise: answers that part from a sure token, or, where no gap is told, agreement lost.
 * Source: own reasoning; splits at near ties are numeric noise and are not counted.
 */
const TOLERANCE = {
  harmless: { damagedRatio: 0.1, lostAgreement: 0.25 },
  accepted: { damagedRatio: 0.35, lostAgreement: 1 },
} as const;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const agreedRatio = (pairs: readonly Agreement[]): number => meanOf(pairs.map((one) => one.share));

const damagedRatio = (pairs: readonly Agreement[]): number =>
  meanOf(pairs.map((one) => (one.gap !== null && one.gap > DAMAGE_NATS ? 1 : 0)));

/** Lower 95 % bound, one-sided, of the damaged share: a few answers prove little. */
function surelyDamaged(pairs: readonly Agreement[]): number {
  const count = Math.round(damagedRatio(pairs) * pairs.length);
  return wilsonInterval(count, pairs.length, 0.9)?.[0] ?? 0;
}

/** True when the reference tells how sure it was wherever answers part. */
const knowsGaps = (pairs: readonly Agreement[]): boolean =>
  pairs.every((pair) => pair.divergesAt === null || pair.gap !== null);

function valuesOf(pairs: readonly Agreement[]): Record<string, number> {
  const splits = pairs.map((pair) => pair.divergesAt).filter((at) => at !== null);
  const sorted = splits.toSorted((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)];
  return {
    answers: pairs.length,
    exactRatio: (pairs.length - splits.length) / Math.max(1, pairs.length),
    agreedRatio: agreedRatio(pairs),
    damagedRatio: damagedRatio(pairs),
    ...(median === undefined ? {} : { medianDivergence: median }),
  };
}

const saidOf = (pairs: readonly Agreement[]): string => {
  const { exactRatio = 0, agreedRatio: agreed = 0, damagedRatio: damaged = 0 } = valuesOf(pairs);
  return `${percent(exactRatio)} of ${pairs.length} answers equal, ${percent(agreed)} agreed before the first divergence, ${percent(damaged)} part from a sure token`;
};

const unavailable = (): TierResult => ({
  tier: 'greedy',
  state: 'unavailable',
  values: {},
  text: 'greedy agreement: no two answers can be compared',
});

interface Noise extends Pick<Repeat, 'at' | 'how'> {
  readonly pairs: readonly Agreement[];
}

/** The reference beside itself, by each way in which it was asked again. */
function noiseOf(reference: TierRun): readonly Noise[] {
  return repeatsOf(reference)
    .map(({ at, how, answers }) => ({
      at,
      how,
      pairs: agreements(reference.answers.greedy, answers.greedy),
    }))
    .filter(({ pairs }) => pairs.length > 0);
}

/** Tier 3 of the reference against itself, one floor for each way in which it was asked again. */
export function greedyNoise(reference: TierRun): readonly TierResult[] {
  const floors = noiseOf(reference).map(({ at, how, pairs }) => {
    const text = `greedy noise (${how}): ${saidOf(pairs)}`;
    return { tier: 'greedy', state: 'floor', at, values: valuesOf(pairs), text } as const;
  });
  return floors.length > 0 ? floors : [unavailable()];
}

/** The largest noise: what a harmless repeat may show of each sign, by bootstrap over the answers. */
function largestNoise(noise: readonly Noise[]): { readonly damage: number; readonly lost: number } {
  const drawn = noise.map(({ pairs }) => resampled(pairs));
  const most = (sign: (pairs: readonly Agreement[]) => number): number =>
    Math.max(...drawn.map((samples) => upperEnd(samples.map(sign))));
  return { damage: most(damagedRatio), lost: most((pairs) => 1 - agreedRatio(pairs)) };
}

/** Tier 3: the same questions at temperature 0, against what the reference says a second time. */
export function compareGreedy(reference: TierRun, trial: TierRun, policy: TierPolicy): TierResult {
  const noise = noiseOf(reference);
  const pairs = agreements(reference.answers.greedy, trial.answers.greedy);
  if (noise.length === 0 || pairs.length === 0) return unavailable();
  const allowed = TOLERANCE[policy.isLossAccepted ? 'accepted' : 'harmless'];
  const { damage, lost } = largestNoise(noise);
  const isOver = knowsGaps(pairs)
    ? surelyDamaged(pairs) > damage + allowed.damagedRatio
    : 1 - agreedRatio(pairs) > lost + allowed.lostAgreement;
  return {
    tier: 'greedy',
    state: isOver ? 'fail' : 'pass',
    values: valuesOf(pairs),
    text: `greedy agreement: ${saidOf(pairs)} (noise: ${percent(damage)} part from a sure token, ${percent(1 - lost)} agreed)`,
  };
}
