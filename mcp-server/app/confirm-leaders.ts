import { AutodebugError, LoadError, PreconditionError } from '../core/errors.ts';
import {
  differsInOutputs,
  lineageOf,
  ownChecks,
  referenceSideOf,
  rulerOf,
  sideOfTrial,
} from '../core/judge/from-state.ts';
import { type Judgement, judge } from '../core/judge/judge.ts';
import { chooseConfirmed, gainOf, type Leader, leadersOf } from '../core/judge/leaders.ts';
import { confirmedQuality } from '../core/judge/quality-gate.ts';
import type { JudgedSide, JudgeInput, Ruler } from '../core/judge/sides.ts';
import type { NewEvent } from '../core/ledger/events.ts';
import { baselineTrial, findDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { ConfirmedCandidate } from '../core/ledger/vocabulary.ts';
import { cleanText } from '../core/redact.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call, JobResult } from './app.ts';
import { checkFresh } from './check-deployment.ts';
import { describeCandidate, searchLine, summaryOf } from './confirm-words.ts';
import { gateTrial } from './gate-trial.ts';
import { measureFresh } from './measure-fresh.ts';

/** One leader after its fresh deployment. */
interface Tried {
  readonly leader: Leader;
  readonly side: JudgedSide;
  readonly judgement: Judgement;
  readonly candidate: ConfirmedCandidate;
}

/**
 * Measures each leader on a fresh deployment of its own, exactly as its file stands and as it would be promoted, with the held-out
 * seed; judges it against the baseline; and confirms the one that holds. What is reported is the fresh number.
 * Throws: LoadError `E_NOT_CONFIRMED` where nothing could be judged; what the deployment of the first leader throws.
 */
export async function confirmLeaders(
  app: App,
  writer: LedgerWriter,
  call: Call,
): Promise<JobResult> {
  const tried: Tried[] = [];
  const skipped: string[] = [];
  for (const leader of leadersOf(writer.state())) {
    const { trialId } = leader;
    try {
      const { deploymentId } = await measureFresh(app, writer, {
        trialId,
        purpose: 'confirm',
        call,
        beforeStop: (id) => checkIfChosen(app, writer, { tried, leader, deploymentId: id, call }),
      });
      tried.push(await judgeFresh(app, writer.state(), { leader, deploymentId }));
    } catch (error) {
      // The first leader must be had; without one of the others the confirmation is still one.
      if (tried.length === 0 || call.signal.aborted || !(error instanceof AutodebugError)) {
        throw error;
      }
      skipped.push(cleanText(`${trialId} could not be measured afresh: ${error.message}`, 400));
    }
  }
  refuseUnjudged(tried);
  return noteConfirmation(writer, tried, skipped);
}

/** Checks the answers of a leader that its numbers would choose, where they may differ from the baseline's. */
async function checkIfChosen(
  app: App,
  writer: LedgerWriter,
  fresh: {
    readonly tried: readonly Tried[];
    readonly leader: Leader;
    readonly deploymentId: string;
    readonly call: Call;
  },
): Promise<void> {
  const state = writer.state();
  const { tried, leader, deploymentId, call } = fresh;
  if (!differsInOutputs(state, findTrial(state, leader.trialId))) return;
  const one = await judgeFresh(app, state, { leader, deploymentId });
  if (chosenOf(state, [...tried, one]) !== leader.trialId) return;
  await checkFresh(app, writer, { deploymentId, call });
}

function refuseUnjudged(tried: readonly Tried[]): void {
  // Flags on runs may pass with another try; what the requests show against the service does not.
  const isJudged = ({ judgement }: Tried): boolean =>
    judgement.verdict !== 'invalid' || judgement.gate === 'plausibility';
  if (tried.some(isJudged)) return;
  const reason = tried[0]?.judgement.reasons[0] ?? 'no leader was measured';
  throw new LoadError(`The confirmation cannot be judged: ${reason}.`, {
    code: 'E_NOT_CONFIRMED',
    fix: 'Remove the cause that the reason names, then call confirm_best again.',
    retryable: true,
  });
}

function rulerIn(state: SessionState): Ruler {
  const ruler = rulerOf(state);
  if (ruler !== null) return ruler;
  throw new PreconditionError('Not calibrated.', {
    code: 'E_NOT_CALIBRATED',
    fix: 'Calibrate first.',
  });
}

async function judgeFresh(
  app: App,
  state: SessionState,
  { leader, deploymentId }: { readonly leader: Leader; readonly deploymentId: string },
): Promise<Tried> {
  const input = confirmInput(state, leader.trialId, deploymentId);
  const trial = findTrial(state, leader.trialId);
  const gated = await gateTrial(app, state, {
    trial: input.trial,
    incumbent: sideOfTrial(trial, ['trial']),
    canAlterOutputs: differsInOutputs(state, trial),
  });
  const judgement = judge({ ...input, ...gated });
  const confirmed = input.crash === null ? gainOf(input.ruler, input).ratio : null;
  const search = leader.gain.ratio;
  return {
    leader,
    side: input.trial,
    judgement,
    candidate: {
      trialId: leader.trialId,
      deploymentId,
      verdict: judgement.verdict,
      searchGainRatio: search,
      confirmedGainRatio: confirmed,
      shrinkageRatio: search === null || confirmed === null ? null : search - confirmed,
    },
  };
}

function confirmInput(state: SessionState, trialId: string, deploymentId: string): JudgeInput {
  const trial = findTrial(state, trialId);
  const side = sideOfTrial(trial, ['confirm']);
  const deployment = findDeployment(state, deploymentId);
  const { failed } = deployment;
  return {
    ruler: rulerIn(state),
    trial: {
      ...side,
      runs: side.runs.filter((run) => run.measurement.deploymentId === deploymentId),
    },
    reference: referenceSideOf(baselineTrial(state), deployment),
    crash: failed === null ? null : { crashClass: failed.crashClass, message: failed.message },
    quality: confirmedQuality({
      fresh: trial.quality.findLast((check) => check.deploymentId === deploymentId) ?? null,
      searched: searchedCheck(state, trial),
      required: differsInOutputs(state, trial),
    }),
    floors: [],
    retests: 2,
    unfit: null,
  };
}

/** The check that the search went by: the last that looked at all tiers, of the trial or of one that it stands on; else its last. */
function searchedCheck(
  state: SessionState,
  trial: TrialState,
): TrialState['quality'][number] | null {
  const whole = lineageOf(state, trial).flatMap(
    (one) => ownChecks(one).findLast(({ tiers }) => tiers !== undefined) ?? [],
  );
  return whole[0] ?? ownChecks(trial).at(-1) ?? null;
}

const chosenOf = (state: SessionState, tried: readonly Tried[]): string | null =>
  chooseConfirmed(
    rulerIn(state),
    tried.map(({ leader, judgement, side }) => ({
      trialId: leader.trialId,
      holds: judgement.verdict === 'keep',
      side,
    })),
  );

async function noteConfirmation(
  writer: LedgerWriter,
  tried: readonly Tried[],
  skipped: readonly string[],
): Promise<JobResult> {
  const state = writer.state();
  const chosenId = chosenOf(state, tried);
  const spoken =
    tried.find(({ leader }) => leader.trialId === (chosenId ?? state.bestId)) ?? tried[0];
  if (spoken === undefined) throw new LoadError('Nothing was confirmed.', NOTHING);
  const trialId = chosenId ?? state.bestId ?? spoken.leader.trialId;
  const candidates = tried.map(({ candidate }) => candidate);
  const reasons = [
    ...spoken.judgement.reasons,
    ...searchLine(state, spoken),
    ...candidates.map(describeCandidate),
    ...skipped,
  ];
  await writer.append(...movedTo(state, chosenId), {
    type: 'best_confirmed',
    data: {
      trialId,
      holds: chosenId !== null,
      measurements: [...spoken.judgement.measurements],
      deltas: [...spoken.judgement.deltas],
      reasons,
      candidates,
    },
  });
  const { verdict, deltas } = spoken.judgement;
  return {
    summary: summaryOf(trialId, spoken.judgement, reasons),
    result: { holds: chosenId !== null, verdict, deltas, reasons, candidates },
  };
}

const NOTHING = { code: 'E_NOT_CONFIRMED', fix: 'Call get_status for the next step.' } as const;

/** The best moves where another leader held and it did not, or was beaten by it beyond noise. */
function movedTo(state: SessionState, chosenId: string | null): readonly NewEvent[] {
  if (chosenId === null || chosenId === state.bestId) return [];
  const reason = `${chosenId} holds on a fresh deployment, and ${state.bestId ?? 'the best'} does not or is beaten by it there`;
  return [{ type: 'best_moved', data: { trialId: chosenId, fromId: state.bestId, reason } }];
}
