import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DstackHandle } from './handle.ts';
import { writeApplied } from './write-applied.ts';

const factsFileOf = (workDir: string): string => join(workDir, 'dstack-deployment.json');

/** Keeps what is known of a deployment before its run exists, so that a crash in between loses nothing. */
export function writeFacts(handle: DstackHandle): void {
  writeApplied(factsFileOf(handle.workDir), JSON.stringify(handle));
}

/** Null when: the folder holds no such file, or it is torn. */
export function readFacts(workDir: string): DstackHandle | null {
  try {
    const parsed = DstackHandle.safeParse(JSON.parse(readFileSync(factsFileOf(workDir), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
