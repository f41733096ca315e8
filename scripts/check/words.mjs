// What must not stand in the repository: paths of one machine, registry hosts in the lockfile, unfinished marks.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/;
const CODE = /\.(ts|mjs|cjs)$/;

/** Null when every tracked text file is free of them. */
export function checkWords(root) {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  const parent = dirname(root);
  const home = homedir();
  const local = [
    `${root}/`,
    parent.split('/').length > 2 ? `${parent}/` : null,
    /^\/(home|Users)\//.test(home) ? `${home}/` : null,
  ].filter((path) => path !== null);
  const findings = [];
  for (const file of files) {
    if (/\.(png|gz|gguf)$/.test(file)) continue;
    const text = readFileSync(join(root, file), 'utf8');
    for (const path of local)
      if (text.includes(path)) findings.push(`${file}: holds the local path ${path}`);
    if (hostname().length > 8 && text.includes(hostname()))
      findings.push(`${file}: holds this machine's name`);
    if (CODE.test(file) && UNFINISHED.test(text) && !file.startsWith('scripts/check/'))
      findings.push(`${file}: an unfinished mark`);
    if (file === 'package-lock.json' && text.includes('"resolved": "http'))
      findings.push(`${file}: names a registry host`);
  }
  return findings.length === 0 ? null : findings.join('\n');
}
