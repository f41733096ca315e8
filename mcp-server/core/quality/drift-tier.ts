import { percent } from '../percent.ts';
import {
  type DriftStatistics,
  driftFloor,
  driftStatistics,
  generationDrift,
  promptDrift,
  type TextDrift,
} from './drift.ts';
import { agreements } from './greedy.ts';
import type { TierAnswers, TierRun } from './quality-run.ts';
import { repeatsOf } from './repeats.ts';
import type { TierPolicy, TierResult } from './tier-result.ts';

/**
 * What a harmless change may add to the noise, and what an accepted loss may. Units: nats, ratio.
 * Source: docs/quality.md, tier 2 (mean 0.01 and 0.05 nat); p99 and flips: own reasoning, above what an 8-bit
 * type shows and below what a 4-bit type shows.
 */
const TOLERANCE = {
  harmless: { meanLoss: 0.01, p99: 0.5, flipRatio: 0.02 },
  accepted: { meanLoss: 0.05, p99: 1.5, flipRatio: 0.08 },
} as const;

type Limits = Pick<DriftStatistics, 'meanLoss' | 'p99' | 'flipRatio'>;

/** Texts that must be comparable, as a share. Source: own reasoning; another tokenizer cuts nearly all differently. */
const MIN_ALIGNED_RATIO = 0.5;

function driftOf(run: TierRun, reference: TierAnswers, trial: TierAnswers): readonly TextDrift[] {
  return run.scoreRoute === null
    ? generationDrift(agreements(reference.greedy, trial.greedy))
    : promptDrift(reference.scores, trial.scores);
}

const sourceOf = (run: TierRun): string =>
  run.scoreRoute === null ? 'generated tokens up to the first divergence' : 'given texts';

const valuesOf = (found: DriftStatistics): Record<string, number> => ({
  tokens: found.tokens,
  meanLossNats: found.meanLoss,
  p99Nats: found.p99,
  flipRatio: found.flipRatio,
});

const said = (found: Limits): string =>
  `mean ${found.meanLoss.toFixed(4)} nat, p99 ${found.p99.toFixed(3)} nat, other top token ${percent(found.flipRatio)}`;

const unavailable = (text: string): TierResult => ({
  tier: 'drift',
  state: 'unavailable',
  values: {},
  text: `drift: ${text}`,
});

/** Tier 2 of the reference against itself, one floor for each way in which it was asked again. */
export function driftNoise(reference: TierRun): readonly TierResult[] {
  const floors = repeatsOf(reference).flatMap(({ at, how, answers }): readonly TierResult[] => {
    const floor = driftFloor(driftOf(reference, reference.answers, answers));
    if (floor === null) return [];
    const text = `drift noise (${how}; ${sourceOf(reference)}, ${floor.tokens} tokens): ${said(floor)}`;
    return [{ tier: 'drift', state: 'floor', at, values: valuesOf(floor), text }];
  });
  return floors.length > 0 ? floors : [unavailable('the service tells no log-probabilities')];
}

/** The largest of the floors, statistic by statistic. Null when: there is none. */
function noiseOf(reference: TierRun): Limits | null {
  const floors = driftNoise(reference).filter(({ state }) => state === 'floor');
  if (floors.length === 0) return null;
  const most = (key: string): number => Math.max(...floors.map(({ values }) => values[key] ?? 0));
  return { meanLoss: most('meanLossNats'), p99: most('p99Nats'), flipRatio: most('flipRatio') };
}

/** Why drift cannot be measured, or proves another tokenizer. Null when: it can be measured. */
function obstacleOf(
  reference: TierRun,
  trial: TierRun,
  texts: readonly TextDrift[],
): TierResult | null {
  const whole = reference.scoreRoute === null ? 0 : reference.answers.scores.length;
  if (trial.answers.scores.length > 0 && texts.length < whole * MIN_ALIGNED_RATIO) {
    const text = `drift: ${whole - texts.length} of ${whole} texts are cut into other tokens`;
    return { tier: 'drift', state: 'fail', values: { alignedTexts: texts.length }, text };
  }
  return texts.length > 0 ? null : unavailable('there are no log-probabilities on both sides');
}

/** Tier 2: a screen. Large drift fails; small drift passes nothing by itself. */
export function compareDrift(reference: TierRun, trial: TierRun, policy: TierPolicy): TierResult {
  const floor = noiseOf(reference);
  if (floor === null) return unavailable('the noise of the baseline is not known');
  const texts = driftOf(reference, reference.answers, trial.answers);
  const found = driftStatistics(texts);
  const obstacle = obstacleOf(reference, trial, texts);
  if (obstacle !== null) return obstacle;
  if (found === null) return unavailable('no token can be compared');
  const allowed = TOLERANCE[policy.isLossAccepted ? 'accepted' : 'harmless'];
  const keys = ['meanLoss', 'p99', 'flipRatio'] as const;
  const isOver = keys.some((key) => found[key] > floor[key] + allowed[key]);
  const limits = `allowed over it: ${allowed.meanLoss}, ${allowed.p99}, ${percent(allowed.flipRatio)}`;
  return {
    tier: 'drift',
    state: isOver ? 'fail' : 'pass',
    values: valuesOf(found),
    text: `drift over ${sourceOf(reference)}: ${said(found)} (noise: ${said(floor)}; ${limits})`,
  };
}
