import { PreconditionError } from '../core/errors.ts';
import { baselineTrial, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { triedTrials } from '../core/search/history.ts';
import { type Proposal, suggestTrials as rankProposals } from '../core/search/suggest.ts';
import { applyChanges } from '../core/service/apply-changes.ts';
import { type Change, describeChange } from '../core/service/change.ts';
import { readFlags } from '../core/service/flags.ts';
import { parseLaunch } from '../core/service/launch.ts';
import { flagMap } from '../engines/command-facts.ts';
import type { Engine } from '../engines/engine.ts';
import type { Answer, App } from './app.ts';
import { type PlanQuestion, planRefusals } from './plan-checks.ts';
import { sessionInventory } from './plan-inventory.ts';
import { type PlanSubject, readPlanSubject } from './plan-subject.ts';
import { resolveWorkload } from './resolve-workload.ts';
import { searchContext } from './search-context.ts';

export interface SuggestArgs {
  readonly session_id?: string | undefined;
  readonly limit: number;
}

type SuggestAnswer = Answer & {
  parentId: string;
  proposals: (Proposal & { readonly costUsd: number | null })[];
  total: number;
};

/** Tool `suggest_trials`: ranked proposals from the best configuration on; empty when the table is exhausted. */
export async function suggestTrials(app: App, args: SuggestArgs): Promise<SuggestAnswer> {
  const { state } = await app.sessions.read(args.session_id);
  const parent = state.bestId === null ? baselineTrial(state) : findTrial(state, state.bestId);
  const subject = await readSubject(app, state, parent);
  const workload = await resolveWorkload(app, state.contract.terms.workload);
  const inventory = await sessionInventory(app, state, subject);
  const ranked = rankProposals({
    knobs: subject.engine.knobs,
    context: searchContext(state, { subject, workload, parent }),
    causes: parent.diagnoses.at(-1)?.causes ?? [],
    diagnosisId: parent.diagnoses.at(-1)?.diagnosisId ?? null,
    tried: triedTrials(state, (command) => readCommand(subject.engine, command)),
    refused: state.refusals.map((refusal) => refusal.changes),
    isFeasible: (changes) => isFeasible(app, { state, parent: subject, inventory }, changes),
  });
  const costUsd = costPerTrial(state);
  const proposals = ranked.slice(0, args.limit).map((proposal) => ({ ...proposal, costUsd }));
  const first = proposals[0];
  return {
    summary:
      first === undefined
        ? `Nothing is left to propose on ${parent.trialId}.`
        : `${ranked.length} proposals on ${parent.trialId}; first: ${first.changes.map(describeChange).join(', ')}.`,
    warnings: [],
    next:
      first === undefined
        ? nextStep(state, app.clock.nowMs())
        : {
            tool: 'plan_trial',
            args: {
              hypothesis: first.hypothesis,
              changes: first.changes,
              ...(first.diagnosisId === null ? {} : { diagnosis_id: first.diagnosisId }),
            },
            why: first.why,
          },
    parentId: parent.trialId,
    proposals,
    total: ranked.length,
  };
}

async function readSubject(
  app: App,
  state: SessionState,
  parent: TrialState,
): Promise<PlanSubject> {
  const text = await app.files.readOutput(parent.planned.file);
  if (text !== null) return readPlanSubject(app, state, text);
  throw new PreconditionError(`sessions/${parent.planned.file} is gone.`, {
    code: 'E_PLAN_FILE',
    fix: 'Put the file back; it is what the proposals start from.',
  });
}

/** The flags that an earlier command had in force; none where it cannot be read. */
function readCommand(engine: Engine, command: string): ReadonlyMap<string, string | null> {
  try {
    return flagMap(engine, readFlags(parseLaunch(command).argv, engine));
  } catch {
    return new Map();
  }
}

/** True when plan_trial would take the changes; the budget is its own matter. */
function isFeasible(
  app: App,
  place: Pick<PlanQuestion, 'state' | 'parent' | 'inventory'>,
  changes: readonly Change[],
): boolean {
  try {
    const text = applyChanges(place.parent.text, changes, place.parent.engine);
    const subject = readPlanSubject(app, place.state, text);
    const nowMs = app.clock.nowMs();
    const question = { ...place, subject, changes, nowMs, priceUsdPerHour: null };
    return planRefusals(question).every((refusal) => refusal.check === 'budget');
  } catch {
    return false;
  }
}

/** Minutes that a first trial is guessed to take. Source: own reasoning; 2 to 17 minutes are reported for engines on GPUs. */
const GUESSED_MINUTES = 15;

/** Mean cost of the trials that are gone, before that the baseline's price for a guessed time. Units: USD. Null when: the price is unknown. */
function costPerTrial(state: SessionState): number | null {
  const costs = state.trials.flatMap((trial) =>
    trial.deployments.flatMap(({ gone }) =>
      gone === null ? [] : [gone.costUsd + gone.idleCostUsd],
    ),
  );
  if (costs.length > 0) return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  const price = baselineTrial(state).planned.predicted.priceUsdPerHour;
  const minutes = Math.min(GUESSED_MINUTES, state.budget.maxMinutesPerTrial);
  return price === null ? null : (price * minutes) / 60;
}
