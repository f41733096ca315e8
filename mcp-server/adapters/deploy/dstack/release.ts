import { AutodebugError } from '../../../core/errors.ts';
import type { StopProof } from '../../../ports/deploy.ts';
import type { DstackCli } from './cli.ts';
import { classifyFailure } from './errors.ts';
import { type Fleet, isOurFleet, liveInstances, readFleet } from './fleet.ts';
import { fleetNameOf } from './names.ts';
import type { Pace } from './teardown.ts';

/** Deletes the session's fleet and waits until dstack knows neither it nor an instance of it. Idempotent, never throws. */
export async function releaseFleet(
  cli: DstackCli,
  request: {
    readonly sessionId: string;
    readonly project: string;
    readonly pace: Pace;
    readonly signal: AbortSignal;
  },
): Promise<StopProof> {
  const name = fleetNameOf(request.sessionId);
  try {
    return await release(cli, { ...request, name });
  } catch (error) {
    if (!(error instanceof AutodebugError)) throw error;
    return {
      gone: false,
      proof: [`fleet ${name}: not proven gone (${error.code}: ${error.message})`],
      costUsd: null,
    };
  }
}

async function release(
  cli: DstackCli,
  request: {
    readonly sessionId: string;
    readonly project: string;
    readonly name: string;
    readonly pace: Pace;
    readonly signal: AbortSignal;
  },
): Promise<StopProof> {
  const { name, project, pace, signal } = request;
  const untilMs = pace.nowMs() + pace.graceMs + pace.abortMs;
  const proof: string[] = [];
  for (;;) {
    const fleet = await readFleet(cli, { project, name, signal });
    if (fleet === null)
      return {
        gone: true,
        proof: [...proof, `fleet ${name}: none, so no instance of it`],
        costUsd: null,
      };
    if (!isOurFleet(fleet, request.sessionId)) {
      return {
        gone: false,
        proof: [`fleet ${name}: does not carry our tag, left alone`],
        costUsd: null,
      };
    }
    // Asked again each time: a deletion is refused while a run still holds an instance.
    if (fleet.status !== 'terminating')
      proof.splice(0, proof.length, await sendDelete(cli, request));
    if (pace.nowMs() >= untilMs || signal.aborted)
      return { gone: false, proof: [...proof, leakLine(fleet)], costUsd: null };
    await pace.sleep(pace.pollMs, signal);
  }
}

async function sendDelete(
  cli: DstackCli,
  {
    name,
    project,
    signal,
  }: { readonly name: string; readonly project: string; readonly signal: AbortSignal },
): Promise<string> {
  const result = await cli.call({
    args: ['fleet', '--project', project, 'delete', name, '-y'],
    signal,
  });
  return result.exitCode === 0
    ? 'fleet delete: sent'
    : `fleet delete: ${classifyFailure(result).code}`;
}

function leakLine(fleet: Fleet): string {
  const live = liveInstances(fleet);
  const what = live.length === 0 ? 'it still exists, without instances' : live.join(', ');
  return `LEAK: fleet ${fleet.name}: ${what}; delete it with \`dstack fleet delete ${fleet.name} -y\``;
}
