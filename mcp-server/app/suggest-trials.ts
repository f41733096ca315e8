import { PreconditionError } from '../core/errors.ts';
import { baselineTrial, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { triedTrials } from '../core/search/history.ts';
import type { SearchContext } from '../core/search/knob.ts';
import { type Proposal, suggestTrials as rankProposals } from '../core/search/suggest.ts';
import { describeChange } from '../core/service/change.ts';
import type { LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';
import type { Answer, App } from './app.ts';
import { resolveWorkload } from './benchmark-plan.ts';
import { type PlanSubject, readPlanSubject } from './plan-subject.ts';

export interface SuggestArgs {
  readonly session_id?: string | undefined;
  readonly limit: number;
}

/** In flight at most in an open loop without a cap of its own, for the choice of values. Source: own reasoning. */
const OPEN_LOOP_CONCURRENCY = 64;

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
  const ranked = rankProposals({
    engine: subject.engine.id,
    context: searchContext(state, subject, workload),
    causes: parent.diagnoses.at(-1)?.causes ?? [],
    tried: triedTrials(state),
    refused: state.refusals.map((refusal) => refusal.changes),
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
            args: { hypothesis: first.hypothesis, changes: first.changes },
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

const inFlight = (point: LoadPoint): number =>
  point.kind === 'closed' ? point.concurrency : (point.maxConcurrency ?? OPEN_LOOP_CONCURRENCY);

/** Largest length that a component may draw; a log-normal one counts twice its median. */
function longest(workload: WorkloadSpec, side: 'inputTokens' | 'outputTokens'): number {
  const lengths = workload.components.map((component) => {
    const length = component[side];
    if (typeof length === 'number') return length;
    return 'max' in length ? length.max : Math.ceil(length.median * 2);
  });
  return Math.max(...lengths);
}

/** First number of a dstack `cpu` range. Null when: the file names none. */
function readCpuCount(cpu: unknown): number | null {
  const text = typeof cpu === 'number' || typeof cpu === 'string' ? String(cpu) : '';
  const count = /\d+/.exec(text)?.[0];
  return count === undefined ? null : Number(count);
}

function searchContext(
  state: SessionState,
  subject: PlanSubject,
  workload: WorkloadSpec,
): SearchContext {
  const { terms } = state.contract;
  return {
    flags: subject.facts.flags,
    canonicalFlag: (flag) => subject.engine.canonicalFlag(flag),
    concurrency: Math.max(...terms.loadPoints.map(inFlight)),
    inputTokens: longest(workload, 'inputTokens'),
    outputTokens: longest(workload, 'outputTokens'),
    hasFp8: (subject.gpu?.tflops8 ?? null) !== null,
    cpuCount: readCpuCount(subject.service.resources['cpu']),
    minContextTokens: terms.minContextTokens,
  };
}

/** Mean cost of the trials that are gone. Null when: none is. Units: USD. */
function costPerTrial(state: SessionState): number | null {
  const costs = state.trials.flatMap((trial) =>
    trial.deployments.flatMap(({ gone }) =>
      gone === null ? [] : [gone.costUsd + gone.idleCostUsd],
    ),
  );
  return costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
}
