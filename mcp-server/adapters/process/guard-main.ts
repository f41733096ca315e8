import { runGuard } from './guard-run.ts';

// The guard is a program of its own, so that it starts fast and stays small beside the deployment it holds.
const specFile = process.argv[2];
if (specFile === undefined) process.exit(2);
await runGuard(specFile);
// Pipes held open by a process that escaped must not keep the guard.
process.exit(0);
