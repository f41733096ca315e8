import { z } from 'zod';
import { openJobs } from '../core/ledger/lookup.ts';
import { parseJson } from '../core/parse.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { stopDeployments } from './stop-deployments.ts';

/** A request that another process leaves for the one that holds the ledger. */
const StopRequest = z.object({ at: z.string(), now: z.boolean().default(false) });

const folder = (sessionId: string): string => `${sessionId}/control`;

/** Leaves a request to stop for whoever holds the session. Returns the request's name. */
export async function requestStop(
  app: Pick<App, 'files' | 'clock' | 'random'>,
  sessionId: string,
  now: boolean,
): Promise<string> {
  const at = new Date(app.clock.nowMs()).toISOString();
  const name = `stop-${at.replaceAll(/[:.]/g, '-')}-${app.random.token(4)}.json`;
  await app.files.createOutput(`${folder(sessionId)}/${name}`, `${JSON.stringify({ at, now })}\n`);
  return name;
}

/** Carries out what was asked for in `control/`, each request once. Returns how many were taken. */
export async function consumeControl(app: App, writer: LedgerWriter): Promise<number> {
  const names = await app.files.listOutputs(folder(writer.sessionId));
  const open = names.filter(
    (name) => /^stop-[A-Za-z0-9-]+\.json$/.test(name) && !names.includes(`${name}.done`),
  );
  for (const name of open) {
    const path = `${folder(writer.sessionId)}/${name}`;
    const request = StopRequest.safeParse(parseJson((await app.files.readOutput(path)) ?? ''));
    // Marked first: a stop that fails half-way is repeated by its own job, not by this file.
    await app.files.createOutput(`${path}.done`, '');
    await stopSession(app, writer, request.data?.now ?? false);
  }
  return open.length;
}

/** A person said stop: jobs are cancelled, the session is marked, what runs is stopped. Idempotent. */
export async function stopSession(app: App, writer: LedgerWriter, now: boolean): Promise<string> {
  for (const job of openJobs(writer.state())) await app.jobs.cancel(writer, job.jobId);
  if (writer.state().stopped === null) {
    const detail = now ? 'A person asked to stop (now).' : 'A person asked to stop.';
    await writer.append({ type: 'session_stopped', data: { reason: 'person', detail } });
  }
  const silent: Call = { signal: new AbortController().signal, onProgress: () => undefined };
  const args = { session_id: writer.sessionId, final: now, wait_s: 45 };
  const stopped = await stopDeployments(app, args, silent);
  return stopped.summary;
}
