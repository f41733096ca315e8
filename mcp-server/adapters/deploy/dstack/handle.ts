import { z } from 'zod';
import { parseWith } from '../../../core/parse.ts';
import type { DeployHandle } from '../../../ports/deploy.ts';
import { GuardHandle } from '../../process/guard-files.ts';

/** Identity of a deployment on dstack, for the ledger. `runId` is the proof of ownership; no secret stands here. */
export const DstackHandle = z.object({
  backend: z.literal('dstack'),
  runName: z.string(),
  runId: z.string(),
  sessionId: z.string(),
  deploymentId: z.string(),
  project: z.string(),
  serverUrl: z.string(),
  workDir: z.string(),
  healthPath: z.string(),
  model: z.string().nullable(),
  readyByMs: z.number(),
  deadlineAtMs: z.number(),
  guard: GuardHandle.nullable(),
});
export type DstackHandle = z.infer<typeof DstackHandle>;

/** A handle as the ledger gives it back. Throws: InvalidInputError `E_HANDLE` when it is not one of ours. */
export function parseHandle(handle: DeployHandle): DstackHandle {
  return parseWith(DstackHandle, handle, {
    name: 'Deployment handle',
    fix: 'Stop the run with `dstack stop` and plan the trial again: the ledger entry is damaged.',
    code: 'E_HANDLE',
  });
}
