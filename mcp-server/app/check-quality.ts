import { PreconditionError } from '../core/errors.ts';
import { activeDeployment, baselineTrial, findTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import type { Endpoint } from '../core/ledger/vocabulary.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import {
  compareQuality,
  describeReference,
  type QualityOutcome,
} from '../core/quality/compare-quality.ts';
import { QualityRun } from '../core/quality/quality-run.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobOutcome, JobResult } from './app.ts';
import { backendOf } from './backend.ts';
import { recordEvidence } from './record-evidence.ts';
import { runQuality } from './run-quality.ts';

export interface CheckQualityArgs {
  readonly trial_id?: string | undefined;
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
      args: { trial_id: trialId },
      waitS: args.wait_s,
    },
    call,
    (context) => checkDeployment(app, writer, { ...place, call: context }),
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
}

function deployedTrial(state: SessionState, wanted: string | undefined): Omit<Place, 'call'> {
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
  const { trial, deployment, endpoint, call } = place;
  const state = writer.state();
  const { terms } = state.contract;
  const isReference = trial.trialId === baselineTrial(state).trialId;
  const template = terms.chatTemplateArgs;
  const startMs = app.clock.nowMs();
  const run = await runQuality(
    app,
    {
      baseUrl: endpoint.baseUrl,
      model: endpoint.model,
      headers: await backendOf(app, state).authHeaders(endpoint),
      seed: terms.seeds.search,
      extraBody: Object.keys(template).length === 0 ? {} : { chat_template_kwargs: template },
      isReference,
    },
    call,
  );
  const outcome = isReference
    ? describeReference(run, terms.quality.minCanaries)
    : compareQuality(await readReference(app, state), run, terms.quality.minCanaries);
  const evidenceId = await recordEvidence(app, writer, {
    kind: 'quality',
    trialId: trial.trialId,
    deploymentId: deployment.deploymentId,
    measurementId: null,
    name: 'quality.json',
    text: JSON.stringify({ ...run, ...outcome }, null, 1),
    source: 'POST /v1/chat/completions, 20 canaries and free answers',
    windowStartMs: startMs,
    windowEndMs: app.clock.nowMs(),
  });
  await noteOutcome(writer, place, { run, outcome, evidenceId });
  return { summary: summaryOf(trial, run, outcome), result: { ...outcome, evidenceId } };
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
  },
): Promise<void> {
  const { run, outcome, evidenceId } = check;
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
    },
  });
}

function summaryOf(trial: TrialState, run: QualityRun, outcome: QualityOutcome): string {
  const said = outcome.passed === null ? 'recorded' : outcome.passed ? 'passed' : 'failed';
  return [
    `Quality of ${trial.trialId}: ${said}, ${run.passedCount} of ${run.total} canaries passed.`,
    ...outcome.reasons.map((reason) => `- ${reason}`),
  ].join('\n');
}
