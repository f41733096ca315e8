import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { StopProof } from '../../../ports/deploy.ts';
import { readLogs } from './logs.ts';
import type { ReaperSpec } from './run-guard.ts';
import type { Run } from './run-json.ts';
import { carriesOurTags, readRun } from './runs.ts';
import type { Connection } from './start.ts';
import { teardownRun } from './teardown.ts';

const Spec = z.object({
  runName: z.string(),
  runId: z.string().nullable(),
  sessionId: z.string(),
  deploymentId: z.string(),
  project: z.string(),
  workDir: z.string(),
}) satisfies z.ZodType<ReaperSpec>;

const SAVED_LOG_BYTES = 16 * 1024 * 1024;
export const savedLogOf = (workDir: string): string => join(workDir, 'engine.log');

/** Reads what the guard was given. Throws when the file is missing or malformed. */
export function readReaperSpec(file: string): ReaperSpec {
  return Spec.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/**
 * Ends one run by the same teardown as `stop`, its log saved first since nobody else is there to do it.
 * A run whose id was never written down is ours when name and both tags are those of the intention.
 */
export async function reapRun(
  connection: Connection,
  spec: ReaperSpec,
  signal: AbortSignal,
): Promise<StopProof> {
  const { cli, pace } = connection;
  const by = spec.runId === null ? { name: spec.runName } : { id: spec.runId };
  const run = await readRun(cli, { project: spec.project, by, signal });
  if (run === null) return { gone: true, proof: [`run ${spec.runName}: not found`], costUsd: null };
  if (!carriesOurTags(run, spec)) {
    return { gone: true, proof: [`run ${spec.runName}: is not ours, left alone`], costUsd: null };
  }
  await saveLog(connection, { run, spec, signal });
  return teardownRun(cli, { run: { ...spec, runId: run.id }, pace, signal });
}

async function saveLog(
  { cli, rest, credentials }: Connection,
  {
    run,
    spec,
    signal,
  }: { readonly run: Run; readonly spec: ReaperSpec; readonly signal: AbortSignal },
): Promise<void> {
  const source = { cli, rest, run, project: spec.project, secrets: [credentials.token] };
  const text = await readLogs(source, { maxBytes: SAVED_LOG_BYTES, signal });
  if (text !== '') writeFileSync(savedLogOf(spec.workDir), text, { mode: 0o600 });
}
