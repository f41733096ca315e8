#!/usr/bin/env node
// A stand-in for the dstack command: sends what it was called with to the fake server and prints what that answers.
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const argv = process.argv.slice(2);
const { DSTACK_SERVER_URL: url } = process.env;

function fileText() {
  const at = argv.indexOf('-f');
  if (at === -1) return null;
  const name = argv[at + 1];
  if (name === '-') return readFileSync(0, 'utf8');
  if (relative(process.cwd(), resolve(name)).startsWith('..')) {
    process.stderr.write(
      `Traceback (most recent call last):\nValueError: '${name}' is not in the subpath\n`,
    );
    process.exit(1);
  }
  return readFileSync(name, 'utf8');
}

if (argv[0] === '--version') {
  process.stdout.write(`${process.env.FAKE_DSTACK_VERSION ?? '0.22.5'}\n`);
  process.exit(0);
}
const body = JSON.stringify({ argv, cwd: process.cwd(), env: process.env, file: fileText() });
try {
  const response = await fetch(`${url}/fake-cli`, { method: 'POST', body });
  const answer = await response.json();
  if (answer.hangMs > 0) await new Promise((done) => setTimeout(done, answer.hangMs));
  process.stdout.write(answer.stdout ?? '');
  process.stderr.write(answer.stderr ?? '');
  process.exitCode = answer.exitCode ?? 0;
} catch {
  process.stdout.write(`Failed to connect to dstack server\n${url}\n`);
  process.exitCode = 1;
}
