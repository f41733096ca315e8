import { AutodebugError } from '../../../core/errors.ts';
import type { StopProof } from '../../../ports/deploy.ts';
import type { DstackCli } from './cli.ts';
import { estimateCostUsd } from './cost.ts';
import { classifyFailure } from './errors.ts';
import { liveInstances, readFleet } from './fleet.ts';
import { fleetNameOf } from './names.ts';
import { isFullyFinished, isTerminal, type Run } from './run-json.ts';
import { carriesOurTags, readRun } from './runs.ts';

/** The clock of a teardown, so that tests need no minutes. */
export interface Pace {
  readonly nowMs: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly pollMs: number;
  /** Time for the graceful stop before it is aborted. */
  readonly graceMs: number;
  /** Time for the aborted run to end before the leak is reported. */
  readonly abortMs: number;
}

/** Source: dstack's own stop takes 5 to 20 s without an instance; engines close within a minute (own reasoning). */
export const STOP_TIMES = { pollMs: 5000, graceMs: 90_000, abortMs: 180_000 } as const;

export interface RunIdentity {
  readonly runName: string;
  readonly runId: string;
  readonly sessionId: string;
  readonly deploymentId: string;
  readonly project: string;
}

/**
 * Stops one run of ours and proves it: graceful stop, wait, abort after the grace time, then a look at the fleet.
 * Idempotent; used by `stop`, by the cleanup of a failed start and by the reaper alike. Never throws.
 */
export async function teardownRun(
  cli: DstackCli,
  request: { readonly run: RunIdentity; readonly pace: Pace; readonly signal: AbortSignal },
): Promise<StopProof> {
  try {
    return await tearDown(cli, request);
  } catch (error) {
    if (!(error instanceof AutodebugError)) throw error;
    return {
      gone: false,
      proof: [`run ${request.run.runName}: not proven gone (${error.code}: ${error.message})`],
      costUsd: null,
    };
  }
}

async function tearDown(
  cli: DstackCli,
  request: { readonly run: RunIdentity; readonly pace: Pace; readonly signal: AbortSignal },
): Promise<StopProof> {
  const { run: identity, pace, signal } = request;
  const look = (): Promise<Run | null> =>
    readRun(cli, { project: identity.project, by: { id: identity.runId }, signal });
  const seen = await look();
  if (seen === null)
    return { gone: true, proof: [`run ${identity.runName}: not found`], costUsd: null };
  if (!carriesOurTags(seen, identity)) {
    return {
      gone: false,
      proof: [`run ${identity.runName}: does not carry our tags, left alone`],
      costUsd: null,
    };
  }
  const proof: string[] = [];
  let last = seen;
  if (!isFullyFinished(last)) {
    last = await stopAndWait(cli, { ...request, look, first: last, proof });
  }
  const gone = isFullyFinished(last);
  proof.push(
    `run status: ${last.status}`,
    `job submissions: ${gone ? 'all finished' : 'NOT all finished'}`,
  );
  if (!gone)
    proof.push(
      `LEAK: run ${identity.runName} still exists; stop it with \`dstack stop ${identity.runName} -x -y\``,
    );
  proof.push(await fleetLine(cli, { identity, signal }), costLine(last, pace.nowMs()));
  return { gone, proof, costUsd: last.cost };
}

interface Waiting {
  readonly run: RunIdentity;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly look: () => Promise<Run | null>;
  readonly first: Run;
  readonly proof: string[];
}

async function stopAndWait(cli: DstackCli, waiting: Waiting): Promise<Run> {
  const { pace, proof } = waiting;
  let last = waiting.first;
  const phases = [
    { flags: [], waitMs: pace.graceMs },
    { flags: ['-x'], waitMs: pace.abortMs },
  ] as const;
  for (const { flags, waitMs } of phases) {
    // A run that is already terminating by a graceful stop gets its grace all the same.
    if (!isTerminal(last)) proof.push(await sendStop(cli, waiting, flags));
    last = await waitForEnd(waiting, { last, untilMs: pace.nowMs() + waitMs });
    if (isFullyFinished(last) || waiting.signal.aborted) return last;
  }
  return last;
}

async function sendStop(
  cli: DstackCli,
  { run, signal }: Waiting,
  flags: readonly string[],
): Promise<string> {
  const result = await cli.call({
    args: ['stop', run.runName, ...flags, '-y', '--project', run.project],
    signal,
  });
  const how = flags.length === 0 ? 'stop' : 'abort';
  return result.exitCode === 0 ? `${how}: sent` : `${how}: ${classifyFailure(result).code}`;
}

async function waitForEnd(
  { pace, signal, look }: Waiting,
  from: { readonly last: Run; readonly untilMs: number },
): Promise<Run> {
  let { last } = from;
  for (;;) {
    const now = await look();
    // Not found after it was seen: its record was deleted, which dstack allows for ended runs only.
    last = now ?? { ...last, status: 'terminated', jobs: [] };
    if (isFullyFinished(last) || signal.aborted || pace.nowMs() >= from.untilMs) return last;
    await pace.sleep(pace.pollMs, signal);
  }
}

async function fleetLine(
  cli: DstackCli,
  { identity, signal }: { readonly identity: RunIdentity; readonly signal: AbortSignal },
): Promise<string> {
  const name = fleetNameOf(identity.sessionId);
  const fleet = await readFleet(cli, { project: identity.project, name, signal });
  if (fleet === null) return `fleet ${name}: none`;
  const live = liveInstances(fleet);
  return live.length === 0
    ? `fleet ${name}: no instances`
    : `fleet ${name}: ${live.join(', ')} (bills until its idle time is over or the session is released)`;
}

function costLine(run: Run, nowMs: number): string {
  const ours = estimateCostUsd(run, nowMs).toFixed(4);
  const theirs = run.cost === null ? 'none' : run.cost.toFixed(4);
  return `estimated cost: ${ours} USD by our clock, ${theirs} USD by dstack (neither is a bill)`;
}
