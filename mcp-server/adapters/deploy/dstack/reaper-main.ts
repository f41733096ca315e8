import { homedir } from 'node:os';
import { createProcessRunner } from '../../process/run.ts';
import { connect } from './connect.ts';
import { readReaperSpec, reapRun } from './reap.ts';

// Started by the guard of a run, long after the server may have died: stops the run, verifies, and says so by its exit code.
const file = process.argv[2];
if (file === undefined) process.exit(2);
const spec = readReaperSpec(file);
const connection = connect({
  runner: createProcessRunner(),
  environment: process.env,
  homeDir: homedir(),
});
const proof = await reapRun(connection, spec, new AbortController().signal);
process.stdout.write(`${proof.proof.join('\n')}\n`);
process.exit(proof.gone ? 0 : 1);
