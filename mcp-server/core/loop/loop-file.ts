import { z } from 'zod';
import { SessionId } from '../ledger/ids.ts';

/** sessions/.loop/<client session>.json: a loop is active for a client only while it exists. */
export const LoopFile = z.object({
  sessionId: SessionId,
  startedAt: z.string(),
  /** Blocks of the Stop hook since the ledger last grew, and the sequence number it had then. */
  blocks: z.number().int().min(0).default(0),
  blocksAtSeq: z.number().int().default(-1),
});
export type LoopFile = z.infer<typeof LoopFile>;

/** Name of the loop file below sessions/, or null when the client's session id is not a plain token. */
export function loopFileName(clientSession: string): string | null {
  return /^[A-Za-z0-9_-]{1,100}$/.test(clientSession) ? `.loop/${clientSession}.json` : null;
}
