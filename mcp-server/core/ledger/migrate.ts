import { isRecord } from '../parse.ts';

type RawLine = Readonly<Record<string, unknown>>;

/** Steps from one schema version of a line to the next: index 0 turns version 0 into version 1. */
const STEPS: readonly ((line: RawLine) => RawLine)[] = [
  // Version 0 was never released; its lines differ by the version number alone.
  (line) => ({ ...line, v: 1 }),
];

/** Brings a parsed ledger line of an older version to the present one; what is not a line is given back as it is. */
export function migrateLine(raw: unknown): unknown {
  if (!isRecord(raw) || typeof raw['v'] !== 'number') return raw;
  let line: RawLine = raw;
  for (const step of STEPS.slice(Math.max(0, raw['v']))) line = step(line);
  return line;
}
