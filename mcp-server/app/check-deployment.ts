import { findDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import type { Endpoint } from '../core/ledger/vocabulary.ts';
import {
  compareQuality,
  describeRedeploy,
  describeReference,
  type QualityOutcome,
  withTiers,
} from '../core/quality/compare-quality.ts';
import type { QualityRun } from '../core/quality/quality-run.ts';
import type { SuiteSize } from '../core/quality/task-suite.ts';
import type { TierResult } from '../core/quality/tier-result.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call, JobResult } from './app.ts';
import type { QualityTarget } from './ask-service.ts';
import { backendOf } from './backend.ts';
import { type CheckRole, checkRoleOf } from './check-role.ts';
import { readReference, referenceCheckOf } from './quality-reference.ts';
import { checkTiers } from './quality-tiers.ts';
import { recordEvidence } from './record-evidence.ts';
import { runQuality } from './run-quality.ts';

/** A deployment that can be asked. */
export interface CheckedPlace {
  readonly trial: TrialState;
  readonly deployment: DeploymentState;
  readonly endpoint: Endpoint;
}

interface Order extends CheckedPlace {
  readonly call: Call;
  readonly size: SuiteSize | undefined;
}

/** Asks one deployment and writes down what its answers say. Throws: LoadError `E_ENDPOINT` when most get no answer. */
export async function checkDeployment(
  app: App,
  writer: LedgerWriter,
  order: Order,
): Promise<JobResult> {
  const { trial, deployment, call, size } = order;
  const state = writer.state();
  const startMs = app.clock.nowMs();
  const role = checkRoleOf(trial, deployment);
  const target = await targetOf(app, state, { endpoint: order.endpoint, role });
  const reference = role === 'reference' ? null : await readReference(app, state);
  const skipsFree = role === 'redeploy' || role === 'confirm';
  const asked = await runQuality(app, target, { reference, call, skipsFree });
  const { passedCount: passedCanaries } = asked;
  const tierOrder = { trial, role, target, call, size, reference, passedCanaries };
  const tiers = await checkTiers(app, state, tierOrder);
  const run: QualityRun = { ...asked, tiers: tiers.run };
  const { minCanaries } = state.contract.terms.quality;
  const outcome = withTiers(outcomeOf(role, { reference, run, minCanaries }), tiers.results);
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
  await noteOutcome(writer, order, { run, outcome, evidenceId, tiers: tiers.results });
  return {
    summary: summaryOf(trial, run, outcome),
    result: { ...outcome, tiers: tiers.results, evidenceId },
  };
}

/** The same of a deployment that was started for a measurement, before it is stopped. Nothing where it does not serve. */
export async function checkFresh(
  app: App,
  writer: LedgerWriter,
  { deploymentId, call }: { readonly deploymentId: string; readonly call: Call },
): Promise<void> {
  const state = writer.state();
  const deployment = findDeployment(state, deploymentId);
  const trial = findTrial(state, deployment.trialId);
  const endpoint = deployment.ready?.endpoint ?? null;
  if (endpoint === null) return;
  await checkDeployment(app, writer, { trial, deployment, endpoint, call, size: undefined });
}

/** Asks the redeployed baseline for its noise, where the first deployment left a reference. */
export async function checkRedeploy(
  app: App,
  writer: LedgerWriter,
  fresh: { readonly deploymentId: string; readonly call: Call },
): Promise<void> {
  if (referenceCheckOf(writer.state()) !== null) await checkFresh(app, writer, fresh);
}

async function targetOf(
  app: App,
  state: SessionState,
  { endpoint, role }: Pick<CheckedPlace, 'endpoint'> & { readonly role: CheckRole },
): Promise<QualityTarget> {
  const { terms } = state.contract;
  const template = terms.chatTemplateArgs;
  return {
    baseUrl: endpoint.baseUrl,
    model: endpoint.model,
    headers: await backendOf(app, state).authHeaders(endpoint),
    seed: terms.seeds.search,
    extraBody: Object.keys(template).length === 0 ? {} : { chat_template_kwargs: template },
    isReference: role === 'reference',
  };
}

function outcomeOf(
  role: CheckRole,
  facts: {
    readonly reference: QualityRun | null;
    readonly run: QualityRun;
    readonly minCanaries: number;
  },
): QualityOutcome {
  const { reference, run, minCanaries } = facts;
  switch (role) {
    case 'reference':
      return describeReference(run, minCanaries);
    case 'redeploy':
      return describeRedeploy(run, minCanaries);
    case 'trial':
    case 'confirm':
      return compareQuality(reference, run, minCanaries);
  }
}

async function noteOutcome(
  writer: LedgerWriter,
  { trial, deployment }: CheckedPlace,
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
