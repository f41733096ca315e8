import { PreconditionError } from '../core/errors.ts';
import { activeDeployment, baselineTrial, findTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import type { Endpoint } from '../core/ledger/vocabulary.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import {
  compareQuality,
  describeReference,
  type QualityOutcome,
  withTiers,
} from '../core/quality/compare-quality.ts';
import { QualityRun } from '../core/quality/quality-run.ts';
import type { SuiteSize } from '../core/quality/task-suite.ts';
import type { TierResult } from '../core/quality/tier-result.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobOutcome, JobResult } from './app.ts';
import type { QualityTarget } from './ask-service.ts';
import { backendOf } from './backend.ts';
import { checkTiers } from './quality-tiers.ts';
import { recordEvidence } from './record-evidence.ts';
import { runQuality } from './run-quality.ts';

export interface CheckQualityArgs {
  readonly trial_id?: string | undefined;
  readonly size?: SuiteSize | undefined;
  readonly wait_s: number;
  readonly session_id?: string | undefined;
}

export interface CheckQualityAnswer extends Answer {
  readonly jobId: string;
  readonly status: JobOutcome['status'];
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** Compares what the deployed trial answers with what the baseline answered; on the baseline, records the reference. */
export async function checkQuality(
  app: App,
  args: CheckQualityArgs,
  call: Call,
): Promise<CheckQualityAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const place = deployedTrial(writer.state(), args.trial_id);
  const { trialId } = place.trial;
  const job = await app.jobs.start(
    {
      writer,
      kind: 'check_quality',
      trialId,
      args: { trial_id: trialId, ...(args.size === undefined ? {} : { size: args.size }) },
      waitS: args.wait_s,
    },
    call,
    (context) => checkDeployment(app, writer, { ...place, call: context, size: args.size }),
  );
  return {
    jobId: job.jobId,
    status: job.status,
    result: job.result,
    summary: job.summary,
    warnings: [],
    next: nextStep(writer.state(), app.clock.nowMs()),
  };
}

interface Place {
  readonly trial: TrialState;
  readonly deployment: DeploymentState;
  readonly endpoint: Endpoint;
  readonly call: Call;
  readonly size: SuiteSize | undefined;
}

function deployedTrial(
  state: SessionState,
  wanted: string | undefined,
): Omit<Place, 'call' | 'size'> {
  const deployment = activeDeployment(state);
  const trialId = wanted ?? deployment?.trialId;
  const endpoint = deployment?.ready?.endpoint ?? null;
  if (deployment !== null && endpoint !== null && deployment.trialId === trialId) {
    return { trial: findTrial(state, deployment.trialId), deployment, endpoint };
  }
  throw notReady(trialId ?? null);
}

function notReady(trialId: string | null): PreconditionError {
  const wish = trialId === null ? '' : ` with trial_id "${trialId}"`;
  return new PreconditionError(
    `${trialId ?? 'A trial'} is not deployed and ready, so that nobody can ask it.`,
    { code: 'E_NOT_READY', fix: `Call deploy${wish} first.` },
  );
}

async function checkDeployment(app: App, writer: LedgerWriter, place: Place): Promise<JobResult> {
  const { trial, deployment, call, size } = place;
  const state = writer.state();
  const startMs = app.clock.nowMs();
  const target = await targetOf(app, state, place);
  const reference = target.isReference ? null : await readReference(app, state);
  const asked = await runQuality(app, target, { reference, call });
  const { passedCount: passedCanaries } = asked;
  const order = { trial, target, call, size, reference, passedCanaries };
  const tiers = await checkTiers(app, state, order);
  const run: QualityRun = { ...asked, tiers: tiers.run };
  const { minCanaries } = state.contract.terms.quality;
  const outcome = withTiers(
    target.isReference
      ? describeReference(run, minCanaries)
      : compareQuality(reference, run, minCanaries),
    tiers.results,
  );
  const evidenceId = await recordEvidence(app, writer, {
    kind: 'quality',
    trialId: trial.trialId,
    deploymentId: deployment.deploymentId,
    measurementId: null,
    name: 'quality.json',
    text: JSON.stringify({ ...outcome, results: tiers.results, ...run }),
    source:
      'POST /v1/chat/completions: canaries, free answers, and where asked greedy answers, scores and tasks',
    windowStartMs: startMs,
    windowEndMs: app.clock.nowMs(),
  });
  await noteOutcome(writer, place, { run, outcome, evidenceId, tiers: tiers.results });
  return {
    summary: summaryOf(trial, run, outcome),
    result: { ...outcome, tiers: tiers.results, evidenceId },
  };
}

async function targetOf(
  app: App,
  state: SessionState,
  { trial, endpoint }: Place,
): Promise<QualityTarget> {
  const { terms } = state.contract;
  const template = terms.chatTemplateArgs;
  return {
    baseUrl: endpoint.baseUrl,
    model: endpoint.model,
    headers: await backendOf(app, state).authHeaders(endpoint),
    seed: terms.seeds.search,
    extraBody: Object.keys(template).length === 0 ? {} : { chat_template_kwargs: template },
    isReference: trial.trialId === baselineTrial(state).trialId,
  };
}

/** The baseline's last run. Null when: it was never checked, or its file cannot be read. */
async function readReference(app: App, state: SessionState): Promise<QualityRun | null> {
  const check = baselineTrial(state).quality.at(-1);
  const stored = check === undefined ? undefined : state.evidence.get(check.evidenceId);
  if (stored === undefined) return null;
  const json: unknown = JSON.parse(await app.evidence.get(state.sessionId, stored));
  const run = QualityRun.safeParse(json);
  return run.success ? run.data : null;
}

async function noteOutcome(
  writer: LedgerWriter,
  { trial, deployment }: Place,
  check: {
    readonly run: QualityRun;
    readonly outcome: QualityOutcome;
    readonly evidenceId: string;
    readonly tiers: readonly TierResult[];
  },
): Promise<void> {
  const { run, outcome, evidenceId, tiers } = check;
  await writer.append({
    type: 'quality_checked',
    data: {
      trialId: trial.trialId,
      deploymentId: deployment.deploymentId,
      armed: outcome.armed,
      passed: outcome.passed,
      canaries: run.canaries.map(({ id, passed }) => ({ id, passed })),
      comparable: outcome.comparable,
      reasons: outcome.reasons.map((reason) => reason.slice(0, 300)),
      evidenceId,
      ...(tiers.length === 0 ? {} : { tiers: [...tiers] }),
    },
  });
}

function summaryOf(trial: TrialState, run: QualityRun, outcome: QualityOutcome): string {
  const open = trial.planned.parentId === null ? 'recorded' : 'not settled';
  const said = outcome.passed === null ? open : outcome.passed ? 'passed' : 'failed';
  return [
    `Quality of ${trial.trialId}: ${said}, ${run.passedCount} of ${run.total} canaries passed.`,
    ...outcome.reasons.map((reason) => `- ${reason}`),
  ].join('\n');
}
