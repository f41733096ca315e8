import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../json.ts';

/** Id of the only session below a sessions folder. */
export function onlySession(sessionsDir: string): string {
  const found = readdirSync(sessionsDir).filter((name) => /^s\d{6}-[a-z0-9]{6}$/.test(name));
  if (found.length !== 1)
    throw new Error(`expected one session, found ${found.join(', ') || 'none'}`);
  return found[0] ?? '';
}

/** Events of the only session, as they stand in the file. */
export function readLedger(sessionsDir: string): Json[] {
  const file = join(sessionsDir, onlySession(sessionsDir), 'ledger.jsonl');
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
