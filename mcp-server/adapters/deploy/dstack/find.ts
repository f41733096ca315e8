import { refuseOtherServer } from './connect.ts';
import { readFacts } from './facts.ts';
import type { DstackHandle } from './handle.ts';
import { carriesOurTags, deploymentIdOf, readRun } from './runs.ts';
import type { Connection } from './start.ts';

interface FindRequest {
  readonly sessionId: string;
  readonly runName: string;
  readonly workDir: string;
}

/** By the name that stands in the ledger since before the run was made; tags tell it from a stranger's. */
export async function findRun(
  connection: Connection,
  request: FindRequest,
  signal: AbortSignal,
): Promise<DstackHandle | null> {
  const { sessionId, runName } = request;
  const { project } = connection.credentials;
  const deploymentId = deploymentIdOf(runName, sessionId);
  if (deploymentId === null) return null;
  const kept = keptFacts(request);
  if (kept !== null) refuseOtherServer(connection, kept);
  const run = await readRun(connection.cli, { project, by: { name: runName }, signal });
  if (run === null || !carriesOurTags(run, { sessionId, deploymentId, runName })) return null;
  const known = kept ?? unknownFacts(connection, request, deploymentId);
  return { ...known, runId: run.id, guard: connection.guard.find(request.workDir) };
}

/** What was written before the run was made. Null when: the folder is of another deployment or holds nothing. */
function keptFacts({ workDir, runName }: FindRequest): DstackHandle | null {
  const facts = readFacts(workDir);
  return facts?.runName === runName ? facts : null;
}

/** Enough to look at a run and to stop it: it counts as late at once unless it is ready. */
function unknownFacts(
  { credentials, pace }: Connection,
  { sessionId, runName, workDir }: FindRequest,
  deploymentId: string,
): DstackHandle {
  return {
    backend: 'dstack',
    runName,
    runId: '',
    sessionId,
    deploymentId,
    project: credentials.project,
    serverUrl: credentials.url,
    workDir,
    healthPath: '/health',
    model: null,
    readyByMs: pace.nowMs(),
    deadlineAtMs: pace.nowMs(),
    guard: null,
  };
}
