import { heldDeployments, openJobs } from '../core/ledger/lookup.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { renderBrief } from '../core/report/brief.ts';
import type { Answer, App } from './app.ts';

export interface StatusAnswer extends Answer {
  readonly sessionId: string;
  readonly bestId: string | null;
  readonly confirmed: boolean;
  readonly openJobs: readonly string[];
  readonly deployments: readonly string[];
  readonly stopped: string | null;
}

/** Tool `get_status`: the brief. Takes no lock, so that it answers while another process writes. */
export async function getStatus(
  app: Pick<App, 'sessions' | 'clock'>,
  args: { readonly session_id?: string | undefined },
): Promise<StatusAnswer> {
  const { state, warnings } = await app.sessions.read(args.session_id);
  const nowMs = app.clock.nowMs();
  return {
    summary: renderBrief(state, nowMs),
    warnings: warnings.slice(0, 5),
    next: nextStep(state, nowMs),
    sessionId: state.sessionId,
    bestId: state.bestId,
    confirmed:
      state.confirmed !== null && state.confirmed.holds && state.confirmed.trialId === state.bestId,
    openJobs: openJobs(state).map((job) => job.jobId),
    deployments: heldDeployments(state).map((one) => one.deploymentId),
    stopped: state.stopped?.data.reason ?? null,
  };
}
