import { InvalidInputError } from '../core/errors.ts';
import { runName as runNameOf } from '../core/ledger/ids.ts';
import { allDeployments, heldDeployments, openJobs } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobResult } from './app.ts';
import { backendOf } from './backend.ts';
import { type StopOutcome, stopDeployment } from './stop-deployment.ts';

export interface StopArgs {
  readonly session_id?: string | undefined;
  /** Deployment ids or run names; all that the session holds when absent. */
  readonly deployments?: readonly string[] | undefined;
  readonly final: boolean;
  readonly wait_s: number;
}

export interface StopAnswer extends Answer {
  readonly jobId: string;
  readonly status: string;
  readonly stopped: readonly StopOutcome[];
  readonly released: readonly string[];
}

/** Tool `stop_deployments`: stops what this session owns, by its ledger, and proves it gone. */
export async function stopDeployments(app: App, args: StopArgs, call: Call): Promise<StopAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const chosen = chooseDeployments(writer.state(), args.deployments);
  await cancelUsers(app, writer, chosen);
  let stopped: readonly StopOutcome[] = [];
  let released: readonly string[] = [];
  const job = await app.jobs.start(
    {
      writer,
      kind: 'stop_deployments',
      trialId: null,
      args: { deployments: chosen.map((one) => one.deploymentId), final: args.final },
      waitS: args.wait_s,
    },
    call,
    async (context): Promise<JobResult> => {
      stopped = await stopAll(app, writer, { chosen, call: context });
      if (args.final) released = await release(app, writer);
      return { summary: describeStops(stopped, released), result: { stopped, released } };
    },
  );
  return {
    summary: job.summary,
    warnings: [],
    next: nextStep(writer.state(), app.clock.nowMs()),
    jobId: job.jobId,
    status: job.status,
    stopped,
    released,
  };
}

/** Held deployments that were named, or all. Throws: InvalidInputError `E_NOT_OURS` for a name that the ledger does not know. */
function chooseDeployments(
  state: SessionState,
  names: readonly string[] | undefined,
): readonly DeploymentState[] {
  if (names === undefined) return heldDeployments(state);
  const known = allDeployments(state);
  return names.map((name) => {
    const found = known.find((one) => one.deploymentId === name || one.intended.runName === name);
    if (found !== undefined) return found;
    const held = heldDeployments(state).map((one) => one.deploymentId);
    const example = runNameOf(state.sessionId, 'd0000-1');
    throw new InvalidInputError(
      `This session started nothing of that name; only its own deployments (such as ${example}) are stopped.`,
      {
        code: 'E_NOT_OURS',
        fix:
          held.length === 0
            ? 'Nothing is held; a run of somebody else is stopped by its owner.'
            : `Name one of ${held.join(', ')}, or leave the argument out to stop all of them.`,
      },
    );
  });
}

/** Jobs that start or load what is to be stopped end first, by their own hand. */
async function cancelUsers(
  app: App,
  writer: LedgerWriter,
  chosen: readonly DeploymentState[],
): Promise<void> {
  const running = app.jobs.running();
  const users = openJobs(writer.state()).filter(
    ({ jobId, started }) =>
      running.includes(jobId) &&
      started.kind !== 'stop_deployments' &&
      chosen.some(
        ({ trialId }) => trialId === started.trialId || trialId === started.args['incumbent'],
      ),
  );
  for (const { jobId } of users) await app.jobs.cancel(writer, jobId);
}

async function stopAll(
  app: App,
  writer: LedgerWriter,
  wish: { readonly chosen: readonly DeploymentState[]; readonly call: Call },
): Promise<readonly StopOutcome[]> {
  const outcomes: StopOutcome[] = [];
  for (const { deploymentId } of wish.chosen) {
    const request = { deploymentId, reason: 'asked for', call: wish.call };
    outcomes.push(await stopDeployment(app, writer, request));
  }
  return outcomes;
}

async function release(app: App, writer: LedgerWriter): Promise<readonly string[]> {
  const backend = backendOf(app, writer.state());
  const proof = await backend.releaseSession(writer.sessionId, new AbortController().signal);
  return [...proof.proof, proof.gone ? 'released' : 'NOT released: look at the backend by hand'];
}

function describeStops(stopped: readonly StopOutcome[], released: readonly string[]): string {
  const lines = stopped.map(
    (one) => `${one.deploymentId} is gone ($${one.costUsd.toFixed(4)}): ${one.proof.join('; ')}.`,
  );
  if (stopped.length === 0) lines.push('Nothing was held.');
  if (released.length > 0) lines.push(`Backend: ${released.join('; ')}.`);
  return lines.join('\n');
}
