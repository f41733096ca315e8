// Whole sessions of equal trials, by simulation: search with anchors, then the confirmation of the leaders.

import type { Group } from '../../mcp-server/core/judge/calibrate.ts';
import { MAX_RETESTS } from '../../mcp-server/core/judge/gain.ts';
import { judge } from '../../mcp-server/core/judge/judge.ts';
import {
  type Confirmed,
  chooseConfirmed,
  chooseLeaders,
  gainOf,
  type Leader,
} from '../../mcp-server/core/judge/leaders.ts';
import type { JudgedSide } from '../../mcp-server/core/judge/sides.ts';
import type { Verdict } from '../../mcp-server/core/ledger/vocabulary.ts';
import { type KeyedRandom, keyedRandom } from '../../mcp-server/core/workload/keyed-random.ts';
import { inputOf } from '../../test/core/judge/builders.ts';
import {
  calibrate,
  deployAt,
  groupOf,
  idOf,
  judgeTrial,
  type Known,
  REPEATS,
  type Share,
  sideOfGroups,
  sidesOf,
  take,
} from './simulate-verdicts.ts';

/** Trials after which the incumbent is measured again. Source: docs/verdicts.md. */
const TRIALS_PER_ANCHOR = 5;

export interface SessionOutcome {
  /** True when some trial was kept, measured afresh among the leaders, and confirmed. */
  readonly falselyConfirmed: boolean;
  readonly everKept: boolean;
  /** Gain over the baseline of the trial that looked best, as the search saw it, and as a fresh deployment confirmed it. */
  readonly seenGain: number;
  readonly confirmedGain: number;
  /** True when the confirmed gain is beyond the noise floor of the baseline against itself. */
  readonly isBeyondNoise: boolean;
}

/** A session of equal trials: each is judged against the best so far, anchors included, and the leaders are confirmed. */
function runSession(random: KeyedRandom, trials: number, runSd: number): SessionOutcome {
  const place = { random, runSd };
  const deploy = (): (() => number) => deployAt(place);
  let known = calibrate(place);
  const tried: (Leader & { readonly verdict: Verdict })[] = [];
  let sinceMeasured = 0;
  for (let trial = 1; trial <= trials; trial += 1) {
    if (sinceMeasured === TRIALS_PER_ANCHOR) {
      const { trial: best, groups } = known.incumbent;
      const anchor = groupOf(best, groups.length + 1, take(REPEATS.anchor, deploy()));
      const again = [...groups, anchor];
      known = {
        baseline: best === 0 ? again : known.baseline,
        incumbent: { trial: best, groups: again },
      };
      sinceMeasured = 0;
    }
    const { verdict, group } = judgeTrial(sidesOf(known), trial, deploy());
    tried.push({ trialId: idOf(trial), verdict, gain: overBaseline(known, trial, group) });
    sinceMeasured += 1;
    if (verdict !== 'keep') continue;
    known = { baseline: known.baseline, incumbent: { trial, groups: [group] } };
    sinceMeasured = 0;
  }
  return confirmSession({ known, tried, deploy });
}

function overBaseline(known: Known, trial: number, group: Group): Leader['gain'] {
  const { ruler } = sidesOf(known);
  return gainOf(ruler, {
    trial: sideOfGroups(trial, [group]),
    reference: sideOfGroups(0, known.baseline),
  });
}

/** Fresh deployments of the leaders, held-out seed, one look at each against the baseline. */
function confirmSession(session: {
  readonly known: Known;
  readonly tried: readonly (Leader & { readonly verdict: Verdict })[];
  readonly deploy: () => () => number;
}): SessionOutcome {
  const { known, tried, deploy } = session;
  const bestId = idOf(known.incumbent.trial);
  const ruler = sidesOf(known).ruler;
  const reference = sideOfGroups(0, known.baseline);
  const eligible = tried.filter(({ verdict }) => verdict === 'keep' || verdict === 'tie');
  const leaders = bestId === idOf(0) ? [] : chooseLeaders(eligible, bestId);
  const confirmed: Confirmed[] = leaders.map(({ trialId }) => {
    const side = freshSide(Number(trialId.slice(1)), deploy());
    const { verdict } = judge({
      ...inputOf(side),
      ruler,
      reference,
      trial: side,
      retests: MAX_RETESTS,
    });
    return { trialId, holds: verdict === 'keep', side };
  });
  const luckiest = tried.toSorted((a, b) => b.gain.lower - a.gain.lower)[0];
  const number = Number(luckiest?.trialId.slice(1) ?? 0);
  const again = freshSide(number, deploy());
  const { deltas } = judge({
    ...inputOf(again),
    ruler,
    reference,
    trial: again,
    retests: MAX_RETESTS,
  });
  const gain = deltas[0]?.deltaRatio ?? 0;
  return {
    falselyConfirmed: chooseConfirmed(ruler, confirmed) !== null,
    everKept: bestId !== idOf(0),
    seenGain: luckiest?.gain.ratio ?? 0,
    confirmedGain: gain,
    isBeyondNoise: Math.abs(gain) > (deltas[0]?.noiseFloorRatio ?? 0),
  };
}

/** The held-out seed has other prompts, so its runs pair with none of the search. */
function freshSide(trial: number, next: () => number): JudgedSide {
  const side = sideOfGroups(trial, [groupOf(trial, 2, take(REPEATS.confirm, next))]);
  const runs = side.runs.map((run) => ({
    ...run,
    measurement: { ...run.measurement, purpose: 'confirm' as const, seed: 2 },
  }));
  return { ...side, runs };
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

/** Mean gain of the luckiest of the trials, in the search and confirmed on a fresh deployment. */
export interface Shrinkage {
  readonly seen: number;
  readonly confirmed: number;
  readonly se: number;
  /** Sessions whose confirmed gain exceeds the noise floor. */
  readonly beyondNoise: Share;
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
    beyondNoise: {
      hits: outcomes.filter((one) => one.isBeyondNoise).length,
      of: outcomes.length,
    },
  };
}
