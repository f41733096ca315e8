// How often verdicts are right, by simulation: the real judge on runs with the noise of engines.
import { type Group, spreadsAcross } from '../../mcp-server/core/judge/calibrate.ts';
import { MAX_RETESTS } from '../../mcp-server/core/judge/gain.ts';
import { judge } from '../../mcp-server/core/judge/judge.ts';
import type { JudgedRun, JudgedSide, JudgeInput } from '../../mcp-server/core/judge/sides.ts';
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
  session: { sd: 0.005, carry: 0.9 },
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

/**
 * A machine that drifts: one slow wander under all deployments, 3 % wide, of which an hour of other work between two deployments
 * leaves little. Source: own reasoning; a shared host or a GPU that warms up.
 */
const DRIFT = { sd: 0.03, carry: 0.97, runsBetween: 20 } as const;

/** What the machine does from run to run: the session's noise, as a logarithm. */
export type Machine = () => number;

/** A session that wanders: AR(1) around 0. */
function createMachine(random: KeyedRandom, { sd, carry }: { sd: number; carry: number }): Machine {
  let state = sd * random.normal();
  return () => {
    state = carry * state + sd * Math.sqrt(1 - carry ** 2) * random.normal();
    return state;
  };
}

/** A deployment of its own session, or on a machine that others run on as well: a stream of run throughputs around its truth. */
export function createDeployment(
  random: KeyedRandom,
  truth: number,
  { runSd, machine }: { readonly runSd: number; readonly machine?: Machine | undefined },
): () => number {
  const launch = NOISE.launch * random.normal();
  const sessionNow = machine ?? createMachine(random, NOISE.session);
  return () => {
    const session = sessionNow();
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
  const deploymentId = deploymentOf(trial, ordinal);
  return { deploymentId, gpu: null, runs: runsFrom(trial, ordinal, { rates, from: 0 }) };
}

const deploymentOf = (trial: number, ordinal: number): string =>
  `d${String(trial).padStart(4, '0')}-${ordinal}`;

/** Runs from this repeat on; in turn, each is of the block of its repeat. */
function runsFrom(
  trial: number,
  ordinal: number,
  round: { readonly rates: readonly number[]; readonly from: number; readonly isInTurn?: boolean },
): readonly JudgedRun[] {
  const deploymentId = deploymentOf(trial, ordinal);
  return round.rates.map((tokensPerS, index) => {
    const repeat = round.from + index;
    const turn = { block: `b0001-${String(repeat + 1).padStart(2, '0')}`, place: 1 };
    const measurement = { deploymentId, repeat, ...(round.isInTurn === true ? { turn } : {}) };
    return runOf(trial, repeat + 1, { tokensPerS, measurement });
  });
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

/** Where deployments of one session run: each in a session of its own, or all on a machine that drifts. */
export interface Place {
  readonly random: KeyedRandom;
  readonly runSd: number;
  readonly drift?: Machine | undefined;
}

/** A fresh deployment, some time after whatever ran before it. */
export function deployAt({ random, runSd, drift }: Place, truth = TRUE_RATE): () => number {
  if (drift !== undefined) take(DRIFT.runsBetween, drift);
  return createDeployment(random, truth, { runSd, machine: drift });
}

/** The A/A runs in one deployment and a redeploy. */
export function calibrate(place: Place): Known {
  const baseline = [
    groupOf(0, 1, take(REPEATS.calibration, deployAt(place))),
    groupOf(0, 2, take(REPEATS.redeploy, deployAt(place))),
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

/** Rounds that are measured in turn with the incumbent: none, the retests, or the first one too. */
export type Turns = 'none' | 'retests' | 'all';

/** A trial of this true gain whose rounds, or some of them, take turns with the incumbent, deployed anew beside it each time. */
export function judgeInTurn(
  place: Place,
  known: Known,
  facts: { readonly gain: number; readonly turns: Turns },
): Verdict {
  const { random, runSd } = place;
  if (place.drift !== undefined) take(DRIFT.runsBetween, place.drift);
  const machine = place.drift ?? createMachine(random, NOISE.session);
  const beside = (truth: number): (() => number) =>
    createDeployment(random, truth, { runSd, machine });
  const next = beside(TRUE_RATE * (1 + facts.gain));
  const runs: JudgedRun[] = [];
  const anchors: Group[] = [];
  for (let retests = 0; ; retests += 1) {
    const count = retests === 0 ? REPEATS.first : REPEATS.retest;
    if (facts.turns === 'all' || (facts.turns === 'retests' && retests > 0)) {
      const round = takeTurns({
        next,
        incumbent: beside(TRUE_RATE),
        count,
        from: runs.length,
        ordinal: known.baseline.length + 1 + retests,
      });
      runs.push(...round.runs);
      anchors.push(round.anchor);
    } else {
      runs.push(...runsFrom(1, 1, { rates: take(count, next), from: runs.length }));
    }
    const side: JudgedSide = { trialId: idOf(1), runs };
    const sides = sidesOf({
      baseline: [...known.baseline, ...anchors],
      incumbent: { trial: 0, groups: [...known.baseline, ...anchors] },
    });
    const { verdict } = judge({ ...inputOf(side), ...sides, trial: side, retests });
    if (verdict !== 'retest' || retests >= MAX_RETESTS) return verdict;
  }
}

/** Blocks of two runs, the incumbent's first in every other one: A B, B A, A B. */
function takeTurns(round: {
  readonly next: () => number;
  readonly incumbent: () => number;
  readonly count: number;
  readonly from: number;
  readonly ordinal: number;
}): { readonly runs: readonly JudgedRun[]; readonly anchor: Group } {
  const { next, incumbent, count, from } = round;
  const pairs = Array.from({ length: count }, (_, index) => {
    const incumbentFirst = (from + index) % 2 === 0;
    const first = incumbentFirst ? incumbent() : next();
    const second = incumbentFirst ? next() : incumbent();
    return incumbentFirst ? { own: second, other: first } : { own: first, other: second };
  });
  const inTurn = { from, isInTurn: true };
  return {
    runs: runsFrom(1, 1, { rates: pairs.map(({ own }) => own), ...inTurn }),
    anchor: {
      deploymentId: deploymentOf(0, round.ordinal),
      gpu: null,
      runs: runsFrom(0, round.ordinal, { rates: pairs.map(({ other }) => other), ...inTurn }),
    },
  };
}

/** Share of pairs, each of fresh deployments, in which a trial of this true gain is kept. */
export function shareKept(facts: {
  readonly seed: number;
  readonly pairs: number;
  readonly runSd: number;
  readonly gain: number;
  readonly turns?: Turns;
  readonly isDrifting?: boolean;
}): Share {
  let kept = 0;
  for (let pair = 0; pair < facts.pairs; pair += 1) {
    const random = keyedRandom(['verdict', facts.seed, pair]);
    const drift = facts.isDrifting === true ? createMachine(random, DRIFT) : undefined;
    const place = { random, runSd: facts.runSd, drift };
    const known = calibrate(place);
    const { gain, turns = 'none' } = facts;
    if (judgeInTurn(place, known, { gain, turns }) === 'keep') kept += 1;
  }
  return { hits: kept, of: facts.pairs };
}

export interface Share {
  readonly hits: number;
  readonly of: number;
}
