// Runs the demo and puts what it printed into the README, so that the transcript there is a real one.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START = '<!-- transcript:start -->';
const END = '<!-- transcript:end -->';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const demo = spawnSync(process.execPath, [join(root, 'dist', 'main.js'), 'demo'], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, NO_COLOR: '1' },
});
if (demo.status !== 0) {
  console.error(demo.stdout + demo.stderr);
  process.exit(1);
}
const file = join(root, 'README.md');
const readme = readFileSync(file, 'utf8');
const before = readme.slice(0, readme.indexOf(START) + START.length);
const after = readme.slice(readme.indexOf(END));
writeFileSync(file, `${before}\n\`\`\`text\n${demo.stdout.trimEnd()}\n\`\`\`\n${after}`);
console.log('README.md: the transcript is of today');
