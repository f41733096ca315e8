// How often verdicts are right, by simulation: the real judge on runs with the noise of engines.
import { MAX_RETESTS } from '../../mcp-server/core/judge/gain.ts';
import { judge } from '../../mcp-server/core/judge/judge.ts';
import type { JudgedRun, JudgeInput } from '../../mcp-server/core/judge/sides.ts';
import type { Verdict } from '../../mcp-server/core/ledger/vocabulary.ts';
import { type KeyedRandom, keyedRandom } from '../../mcp-server/core/workload/keyed-random.ts';
import { inputOf, runOf } from '../../test/core/judge/builders.ts';

/**
 * Noise between launches and between sessions, as relative sd; share and size of slowed runs; how much of a session's drift
 * one run hands to the next. Source: docs/measuring.md, verdicts (launch 0.3 %, session AR(1) with sd 0.5 %, 3 % of runs slowed by
 * 2 to 10 %); the carry-over of 0.9 is own reasoning: a session's state outlasts a run.
 */
const NOISE = {
  launch: 0.003,
  session: 0.005,
  carry: 0.9,
  slowShare: 0.03,
  slowFrom: 0.02,
  slowTo: 0.1,
} as const;

/** Repeats: A/A runs of the baseline, first round of a trial, one more at each retest, and a confirmation. */
const REPEATS = { calibration: 5, first: 3, retest: 1, confirm: 3 } as const;

const TRUE_RATE = 1000;

/** One fresh deployment of a configuration: a stream of run throughputs around its truth. */
function createDeployment(random: KeyedRandom, truth: number, runSd: number): () => number {
  const launch = NOISE.launch * random.normal();
  let session = NOISE.session * random.normal();
  const innovation = NOISE.session * Math.sqrt(1 - NOISE.carry ** 2);
  return () => {
    session = NOISE.carry * session + innovation * random.normal();
    const isSlowed = random.unit() < NOISE.slowShare;
    const slow = NOISE.slowFrom + (NOISE.slowTo - NOISE.slowFrom) * random.unit();
    const run = runSd * random.normal();
    return truth * Math.exp(launch + session + run) * (isSlowed ? 1 - slow : 1);
  };
}

const take = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

/** Runs of a side as the judge sees them; every side has a deployment of its own. */
function sideOfRates(
  trial: number,
  deploymentId: string,
  rates: readonly number[],
): { trialId: string; runs: JudgedRun[] } {
  const runs = rates.map((tokensPerS, index) =>
    runOf(trial, index + 1, { tokensPerS, measurement: { deploymentId } }),
  );
  return { trialId: `t${String(trial).padStart(4, '0')}`, runs };
}

interface Sides {
  readonly reference: JudgeInput['reference'];
  readonly ruler: JudgeInput['ruler'];
}

function calibrated(rates: readonly number[]): Sides {
  const reference = sideOfRates(0, 'd0000-1', rates);
  const { ruler } = inputOf(reference, { reference });
  return { reference, ruler: { ...ruler, slo: [] } };
}

interface Outcome {
  readonly verdict: Verdict;
  readonly rates: readonly number[];
  /** Gain that the last look estimated. */
  readonly gain: number;
}

/** A trial from its first round through its retests. */
function judgeTrial(sides: Sides, trial: number, next: () => number): Outcome {
  const rates = take(REPEATS.first, next);
  for (let retests = 0; ; retests += 1) {
    const side = sideOfRates(trial, `d${trial}-1`, rates);
    const { verdict, deltas } = judge({ ...inputOf(side), ...sides, trial: side, retests });
    const gain = deltas[0]?.deltaRatio ?? 0;
    if (verdict !== 'retest' || retests >= MAX_RETESTS) return { verdict, rates, gain };
    rates.push(...take(REPEATS.retest, next));
  }
}

/** Share of pairs, each of two deployments, in which a trial of this true gain is kept. */
export function shareKept(facts: {
  readonly seed: number;
  readonly pairs: number;
  readonly runSd: number;
  readonly gain: number;
}): Share {
  let kept = 0;
  for (let pair = 0; pair < facts.pairs; pair += 1) {
    const random = keyedRandom(['verdict', facts.seed, pair]);
    const sides = calibrated(
      take(REPEATS.calibration, createDeployment(random, TRUE_RATE, facts.runSd)),
    );
    const next = createDeployment(random, TRUE_RATE * (1 + facts.gain), facts.runSd);
    if (judgeTrial(sides, 1, next).verdict === 'keep') kept += 1;
  }
  return { hits: kept, of: facts.pairs };
}

export interface Share {
  readonly hits: number;
  readonly of: number;
}

export interface SessionOutcome {
  /** True when some trial was kept, measured afresh, and confirmed. */
  readonly falselyConfirmed: boolean;
  readonly everKept: boolean;
  /** Gain of the best over the baseline as the search saw it, and as a fresh deployment confirmed it. */
  readonly seenGain: number;
  readonly confirmedGain: number;
}

/** A session of equal trials: each is judged against the best so far, the best is confirmed against the baseline. */
function runSession(random: KeyedRandom, trials: number, runSd: number): SessionOutcome {
  const baseline = take(REPEATS.calibration, createDeployment(random, TRUE_RATE, runSd));
  const sides = calibrated(baseline);
  let best: Sides = sides;
  let bestTrial = 0;
  let mostSeen = { trial: 0, gain: Number.NEGATIVE_INFINITY };
  for (let trial = 1; trial <= trials; trial += 1) {
    const outcome = judgeTrial(best, trial, createDeployment(random, TRUE_RATE, runSd));
    if (outcome.gain > mostSeen.gain) mostSeen = { trial, gain: outcome.gain };
    if (outcome.verdict !== 'keep') continue;
    bestTrial = trial;
    best = { ...sides, reference: sideOfRates(trial, `d${trial}-1`, outcome.rates) };
  }
  const confirmation = confirm(sides, random, runSd);
  return {
    falselyConfirmed: bestTrial !== 0 && confirmation.holds,
    everKept: bestTrial !== 0,
    seenGain: mostSeen.gain,
    confirmedGain: confirmation.gain,
  };
}

/** Fresh deployment, held-out seed: one look against the baseline's A/A runs. */
function confirm(
  sides: Sides,
  random: KeyedRandom,
  runSd: number,
): { holds: boolean; gain: number } {
  const rates = take(REPEATS.confirm, createDeployment(random, TRUE_RATE, runSd));
  const side = sideOfRates(99, 'd0099-2', rates);
  const { verdict, deltas } = judge({
    ...inputOf(side),
    ...sides,
    trial: side,
    retests: MAX_RETESTS,
  });
  return { holds: verdict === 'keep', gain: deltas[0]?.deltaRatio ?? 0 };
}

export function runSessions(facts: {
  readonly seed: number;
  readonly sessions: number;
  readonly trials: number;
  readonly runSd: number;
}): readonly SessionOutcome[] {
  return Array.from({ length: facts.sessions }, (_, index) =>
    runSession(keyedRandom(['session', facts.seed, index]), facts.trials, facts.runSd),
  );
}

/** Mean gain of the luckiest of the trials, in the search and confirmed, with the standard error of the latter. */
export interface Shrinkage {
  readonly seen: number;
  readonly confirmed: number;
  readonly se: number;
}

/** Mean gain of the luckiest of the trials, in the search and confirmed, with the standard error of the latter. */
export function shrinkageOf(outcomes: readonly SessionOutcome[]): Shrinkage {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const confirmed = outcomes.map((one) => one.confirmedGain);
  const centre = mean(confirmed);
  const variance = mean(confirmed.map((value) => (value - centre) ** 2));
  return {
    seen: mean(outcomes.map((one) => one.seenGain)),
    confirmed: centre,
    se: Math.sqrt(variance / outcomes.length),
  };
}
