// Limits planted into a service file, found through the server, its simulated backend and real HTTP.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject, ROOT, type Server, simulatedContract, startServer } from './harness.ts';

const BASELINE = readFileSync(join(ROOT, 'dstack-baseline.yml'), 'utf8');

const VLLM = [
  'type: service',
  'name: planted',
  'image: vllm/vllm-openai:v0.15.0',
  'port: 8000',
  'model: meta-llama/Llama-3.1-8B-Instruct',
  'commands:',
  '  - vllm serve meta-llama/Llama-3.1-8B-Instruct --port 8000 --max-model-len 8192 --max-num-seqs 4',
  'resources:',
  '  gpu: H100:80GB:1',
  '',
].join('\n');

const CASES = [
  {
    name: 'CUDA graphs switched off in SGLang',
    service: BASELINE.replace('--enable-metrics', '--disable-cuda-graph --enable-metrics'),
    cause: 'decode_eager_no_cuda_graph',
    change: { kind: 'remove_flag', flag: '--disable-cuda-graph' },
  },
  {
    name: 'four sequences under sixteen in vLLM',
    service: VLLM,
    cause: 'batch_cap_binding',
    change: { kind: 'set_flag', flag: '--max-num-seqs', value: '16' },
  },
] as const;

/** A busy machine limits the client: such a run is made again, as the product asks. True when every run was so. */
async function measureUntilUnlimited(server: Server): Promise<boolean> {
  const probe = { trial_id: 't0000', purpose: 'probe', repeats: 1 };
  for (let tries = 0; tries < 3; tries += 1) {
    const done = await server.done('benchmark', probe);
    if (!JSON.stringify(done).includes('CLIENT_LIMITED')) return false;
  }
  return true;
}

test.concurrent.each(CASES)(
  'diagnose finds $name first',
  async ({ service, cause, change }) => {
    const project = makeProject(
      simulatedContract({ loadPoints: [{ kind: 'closed', concurrency: 16, requests: 40 }] }),
    );
    writeFileSync(join(project.dir, 'dstack-baseline.yml'), service);
    const server = await startServer(project.dir);
    try {
      await server.done('open_session', { contract_file: 'contract.yml' });
      await server.done('deploy', { trial_id: 't0000' });
      const isLimited = await measureUntilUnlimited(server);
      await server.done('fetch_logs', {});
      await server.done('fetch_telemetry', {});
      const { text, data } = await server.call('diagnose', { trial_id: 't0000' });
      // What is said of the client is then true, and stands before what is said of the service.
      const [first] = data.causes.filter(
        (one: { cause: string }) => !isLimited || one.cause !== 'client_limited',
      );
      expect(first?.cause, text).toBe(cause);
      expect(first.candidates[0]).toEqual(change);
      expect(text).toContain('1 is confirmed when');
      expect(text).toContain('It is not ');
    } finally {
      await server.call('stop_deployments', {});
      await server.close();
      project.remove();
    }
  },
  120_000,
);
