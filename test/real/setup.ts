import { ensureLlamaCpp } from './llamacpp.ts';
import { ensurePythonEnv, listRequirementSets } from './python-env.ts';
import { WANTS_VLLM } from './vllm.ts';

/** Installs every real program before the first test, so that no test's time-out pays for a download. */
export default function setup(): void {
  for (const name of listRequirementSets()) {
    if (name === 'vllm' && !WANTS_VLLM) continue;
    process.stderr.write(`real parts: ${name}\n`);
    ensurePythonEnv(name);
  }
  ensureLlamaCpp();
}
