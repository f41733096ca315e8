import { ensureLlamaCpp } from './llamacpp.ts';
import { ensurePythonEnv, listRequirementSets } from './python-env.ts';
import { WANTS_VLLM } from './vllm.ts';

/** Installs every real program before the first test, so that no test's time-out pays for a download. */
export default function setup(): void {
  for (const name of listRequirementSets()) {
    if (name === 'vllm' && !WANTS_VLLM) continue;
    process.stderr.write(`real parts: ${name}\n`);
    install(name);
  }
  ensureLlamaCpp();
}

/** Clients that ours is only compared with: their test says in its title why one is missing. */
const COMPARED: readonly string[] = ['aiperf', 'guidellm'];

function install(name: string): void {
  try {
    ensurePythonEnv(name);
  } catch (error) {
    if (!COMPARED.includes(name)) throw error;
    process.stderr.write(`real parts: no ${name}: ${String(error)}\n`);
  }
}
