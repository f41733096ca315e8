// How often verdicts are right, by simulation: the real judge on runs with the noise of engines.
import { type Group, spreadsAcross } from '../../mcp-server/core/judge/calibrate.ts';
import { MAX_RETESTS } from '../../mcp-server/core/judge/gain.ts';
import { judge } from '../../mcp-server/core/judge/judge.ts';
import type { JudgedSide, JudgeInput } from '../../mcp-server/core/judge/sides.ts';
import type { Verdict } from '../../mcp-server/core/ledger/vocabulary.ts';
import { type KeyedRandom, keyedRandom } from '../../mcp-server/core/workload/keyed-random.ts';
import { inputOf, runOf } from '../../test/core/judge/builders.ts';

/**
 * Noise between launches and between sessions, as relative sd; share and size of slowed runs; how much of a session's drift
 * one run hands to the next. Source: docs/verdicts.md, noise (launch 0.3 %, session AR(1) with sd 0.5 %, 3 % of runs slowed by
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

/**
 * Repeats: A/A runs of the baseline, its redeploy, first round of a trial, one more at each retest, an anchor, a confirmation.
 * Source: defaults of the contract.
 */
export const REPEATS = {
  calibration: 5,
  redeploy: 3,
  first: 3,
  retest: 1,
  anchor: 3,
  confirm: 3,
} as const;

export const TRUE_RATE = 1000;

/** One fresh deployment of a configuration: a stream of run throughputs around its truth. */
export function createDeployment(random: KeyedRandom, truth: number, runSd: number): () => number {
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

export const take = (count: number, next: () => number): number[] =>
  Array.from({ length: count }, next);

/** Runs of one deployment as the judge sees them; repeats count from 0 in each, as prompts do. */
export function groupOf(trial: number, ordinal: number, rates: readonly number[]): Group {
  const deploymentId = `d${String(trial).padStart(4, '0')}-${ordinal}`;
  const runs = rates.map((tokensPerS, repeat) =>
    runOf(trial, repeat + 1, { tokensPerS, measurement: { deploymentId, repeat } }),
  );
  return { deploymentId, gpu: null, runs };
}

export const idOf = (trial: number): string => `t${String(trial).padStart(4, '0')}`;

export const sideOfGroups = (trial: number, groups: readonly Group[]): JudgedSide => ({
  trialId: idOf(trial),
  runs: groups.flatMap((group) => group.runs),
});

interface Sides {
  readonly reference: JudgeInput['reference'];
  readonly ruler: JudgeInput['ruler'];
}

/** What a session knows: the baseline in two deployments, and the incumbent with its anchors. */
export interface Known {
  readonly baseline: readonly Group[];
  readonly incumbent: { readonly trial: number; readonly groups: readonly Group[] };
}

export function sidesOf({ baseline, incumbent }: Known): Sides {
  const reference = sideOfGroups(incumbent.trial, incumbent.groups);
  const { ruler } = inputOf(reference, { reference });
  const families = [baseline, ...(incumbent.trial === 0 ? [] : [incumbent.groups])];
  const spreads = spreadsAcross({
    base: baseline,
    families: families.filter((family) => family.length > 1),
    loadPointCount: 1,
  });
  return { reference, ruler: { ...ruler, slo: [], spreads, calibratedOn: idOf(0) } };
}

/** The A/A runs in one deployment and a redeploy. */
export function calibrate(random: KeyedRandom, runSd: number): Known {
  const deploy = (): (() => number) => createDeployment(random, TRUE_RATE, runSd);
  const baseline = [
    groupOf(0, 1, take(REPEATS.calibration, deploy())),
    groupOf(0, 2, take(REPEATS.redeploy, deploy())),
  ];
  return { baseline, incumbent: { trial: 0, groups: baseline } };
}

interface Outcome {
  readonly verdict: Verdict;
  readonly group: Group;
}

/** A trial from its first round through its retests. */
export function judgeTrial(sides: Sides, trial: number, next: () => number): Outcome {
  const rates = take(REPEATS.first, next);
  for (let retests = 0; ; retests += 1) {
    const group = groupOf(trial, 1, rates);
    const side = sideOfGroups(trial, [group]);
    const { verdict } = judge({ ...inputOf(side), ...sides, trial: side, retests });
    if (verdict !== 'retest' || retests >= MAX_RETESTS) return { verdict, group };
    rates.push(...take(REPEATS.retest, next));
  }
}

/** Share of pairs, each of fresh deployments, in which a trial of this true gain is kept. */
export function shareKept(facts: {
  readonly seed: number;
  readonly pairs: number;
  readonly runSd: number;
  readonly gain: number;
}): Share {
  let kept = 0;
  for (let pair = 0; pair < facts.pairs; pair += 1) {
    const random = keyedRandom(['verdict', facts.seed, pair]);
    const sides = sidesOf(calibrate(random, facts.runSd));
    const next = createDeployment(random, TRUE_RATE * (1 + facts.gain), facts.runSd);
    if (judgeTrial(sides, 1, next).verdict === 'keep') kept += 1;
  }
  return { hits: kept, of: facts.pairs };
}

export interface Share {
  readonly hits: number;
  readonly of: number;
}
