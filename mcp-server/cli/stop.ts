import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import { requestStop, stopSession } from '../app/control.ts';
import { PreconditionError } from '../core/errors.ts';
import { heldDeployments } from '../core/ledger/lookup.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';

export interface StopDeps {
  readonly app: () => Promise<App>;
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

interface StopOptions {
  readonly session?: string;
  readonly now?: boolean;
  readonly json?: boolean;
}

interface Stopped {
  readonly sessionId: string;
  /** Who did it: this process, or the server that holds the session. */
  readonly by: 'here' | 'server';
  readonly stopped: boolean;
  readonly deployments: readonly string[];
  readonly detail: string;
}

/** How long the server that holds the session is given. Source: own reasoning; an engine ends within 30 s. */
const ANSWER_WITHIN_MS = 60_000;

/** Null when: another process holds the session. */
async function takeSession(app: App, sessionId: string): Promise<LedgerWriter | null> {
  try {
    return await app.sessions.use(sessionId);
  } catch (error) {
    if (error instanceof PreconditionError && error.code === 'E_SESSION_LOCKED') return null;
    throw error;
  }
}

async function stopHere(app: App, writer: LedgerWriter, now: boolean): Promise<Stopped> {
  const detail = await stopSession(app, writer, now);
  const state = writer.state();
  await app.sessions.close();
  return {
    sessionId: state.sessionId,
    by: 'here',
    stopped: state.stopped !== null,
    deployments: heldDeployments(state).map((one) => one.deploymentId),
    detail,
  };
}

async function askServer(app: App, sessionId: string, now: boolean): Promise<Stopped> {
  await requestStop(app, sessionId, now);
  const untilMs = app.clock.monotonicMs() + ANSWER_WITHIN_MS;
  for (;;) {
    const { state } = await app.ledgers.read(sessionId);
    const deployments = heldDeployments(state).map((one) => one.deploymentId);
    const isDone = state.stopped !== null && deployments.length === 0;
    if (isDone || app.clock.monotonicMs() > untilMs) {
      const detail = isDone
        ? 'The server that holds the session stopped it.'
        : 'The request is left in control/; the server that holds the session has not finished it yet.';
      return { sessionId, by: 'server', stopped: state.stopped !== null, deployments, detail };
    }
    await app.clock.sleep(250);
  }
}

async function runStop(deps: StopDeps, options: StopOptions): Promise<void> {
  const app = await deps.app();
  const { state } = await app.sessions.read(options.session);
  const now = options.now === true;
  const writer = await takeSession(app, state.sessionId);
  const done =
    writer === null ? await askServer(app, state.sessionId, now) : await stopHere(app, writer, now);
  const running =
    done.deployments.length === 0
      ? 'nothing of it runs'
      : `still running: ${done.deployments.join(', ')}`;
  deps.write(
    options.json === true
      ? `${JSON.stringify(done)}\n`
      : `${done.sessionId} ${done.stopped ? 'stopped' : 'not stopped'}; ${running}.\n${done.detail}\n`,
  );
  deps.setExitCode(done.stopped && done.deployments.length === 0 ? 0 : 1);
}

/** `autodebug stop`: ends a session and proves that nothing of it runs, whether its server lives or not. */
export function registerStop(program: Command, deps: StopDeps): void {
  program
    .command('stop')
    .description('stop a session: cancel its jobs, stop what runs, prove it gone')
    .option('--session <id>', 'session id; default: the newest unfinished one')
    .option('--now', 'do not offer to confirm the best first')
    .option('--json', 'print one JSON object')
    .action((options: StopOptions) => runStop(deps, options));
}
