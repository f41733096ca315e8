import { ensureLlamaCpp } from './llamacpp.ts';
import { ensurePythonEnv, listRequirementSets } from './python-env.ts';

/** Installs every real program before the first test, so that no test's time-out pays for a download. */
export default function setup(): void {
  for (const name of listRequirementSets()) {
    process.stderr.write(`real parts: ${name}\n`);
    ensurePythonEnv(name);
  }
  ensureLlamaCpp();
}
