// Every error code of the product stands in a test that runs with `npm test`. A code must be written out: one put together is not seen here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CODE = /\bE_[A-Z][A-Z0-9_]*\b/g;
/** Fakes answer with codes, and tests of real programs run elsewhere: neither provokes one here. */
const NO_TEST = /^(?:fakes|fixtures|real)\//;

function codesBelow(folder, isRead) {
  const codes = new Map();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || !isRead(name.replaceAll('\\', '/'))) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    for (const code of text.match(CODE) ?? []) codes.set(code, name);
  }
  return codes;
}

/** Null when a test names every code that the product names. */
export function checkCodes(root) {
  const ours = codesBelow(join(root, 'mcp-server'), (name) => !name.endsWith('.generated.ts'));
  const tested = codesBelow(join(root, 'test'), (name) => !NO_TEST.test(name));
  if (ours.size < 20) return `only ${ours.size} error codes were found`;
  const findings = [...ours]
    .filter(([code]) => !tested.has(code))
    .map(([code, name]) => `mcp-server/${name}: no test provokes ${code}`);
  return findings.length === 0 ? null : findings.join('\n');
}
