// `npm run check`: types, lint, format, import arrows, dead code, sizes, words, error codes, generated files. Ends non-zero on any finding.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkArrows } from './arrows.mjs';
import { checkCodes } from './codes.mjs';
import { checkSizes } from './sizes.mjs';
import { checkWords } from './words.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
process.chdir(root);
const require = createRequire(import.meta.url);

/** Runs a program of node_modules/.bin and returns its output when it fails, else null. */
function runBin(name, args) {
  const done = spawnSync(join(root, 'node_modules', '.bin', name), args, {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  if (done.status === 0) return null;
  return (
    `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ? String(done.error) : ''}`.trim() ||
    `${name} exited with ${done.status}`
  );
}

const steps = [
  ['types', () => runBin('tsc', ['--noEmit', '-p', 'test/tsconfig.json'])],
  [
    'lint',
    () =>
      runBin('oxlint', ['--type-aware', '--max-warnings', '0', 'mcp-server', 'test', 'scripts']),
  ],
  ['format', () => runBin('biome', ['check', '.'])],
  ['arrows', () => checkArrows(root, require)],
  ['dead code', () => runBin('knip', [])],
  ['sizes', () => checkSizes(root, require)],
  ['words', () => checkWords(root)],
  ['codes', () => checkCodes(root)],
  ['generated', () => runBin('tsx', ['scripts/gen/index.ts', '--check'])],
];

let failed = 0;
for (const [name, step] of steps) {
  const started = Date.now();
  const finding = await step();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${finding === null ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${seconds} s`);
  if (finding !== null) {
    failed += 1;
    console.log(
      finding
        .split('\n')
        .slice(0, 80)
        .map((line) => `     ${line}`)
        .join('\n'),
    );
  }
}
console.log(`check: ${steps.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
