// A real vLLM on the processor of this machine, with a very small model of random weights.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import { type Project, type Server, startServer } from '../e2e/harness.ts';
import type { Json } from '../json.ts';
import { cpuContract, makeCpuProject } from './cpu-project.ts';
import { ensureVllm, WANTS_VLLM } from './vllm.ts';

const TITLE = WANTS_VLLM
  ? 'a real vLLM under the local backend'
  : 'a real vLLM under the local backend (only with AUTODEBUG_REAL_VLLM=1: its environment is 6 GB and installs in 4 to 10 minutes)';

let environment: Record<string, string>;
const open: { project: Project; server: Server }[] = [];

async function startVllm(flags: string): Promise<Server> {
  const port = await findFreePort();
  const launch = `vllm serve "$VLLM_MODEL" --load-format dummy --enforce-eager --served-model-name tiny-llama --host 127.0.0.1 --port ${port} ${flags}`;
  const contract = cpuContract({ model: 'tiny-llama', inputTokens: 64, minContextTokens: 256 });
  const project = makeCpuProject(contract, {
    commands: [launch],
    port,
    model: 'tiny-llama',
    env: ['VLLM_MODEL', 'VLLM_CPU_KVCACHE_SPACE', 'VLLM_NO_USAGE_STATS', 'HF_HUB_OFFLINE'],
  });
  const server = await startServer(project.dir, environment);
  open.push({ project, server });
  await server.done('open_session', { contract_file: 'contract.yml' });
  return server;
}

describe.runIf(WANTS_VLLM)(TITLE, () => {
  beforeAll(() => {
    environment = ensureVllm().environment;
  }, 1_200_000);

  afterAll(async () => {
    for (const { project, server } of open.splice(0)) {
      await server.call('stop_deployments', { final: true, wait_s: 45 });
      await server.close();
      project.remove();
    }
  });

  test('is deployed, loaded, scraped and diagnosed, and counts the tokens that the client counts', async () => {
    const server = await startVllm('--max-model-len 512 --max-num-seqs 2');
    const deployed: Json = await server.done('deploy');
    expect(deployed.result).toMatchObject({ kind: 'ready', engineVersion: '0.32.0' });
    const measured: Json = await server.done('benchmark', { purpose: 'probe' });
    expect(measured.summary).toContain('errors 0/8');
    const told: Json = await server.done('fetch_telemetry');
    const read = new Map<string, Json>(told.digests[0].engine.map((one: Json) => [one.key, one]));
    expect(read.get('generationTokens').value).toBe(8 * 8);
    expect(read.get('ttftSeconds').observations).toBe(8);
    const logs: Json = await server.done('fetch_logs');
    expect(logs.cause).toBeNull();
    const diagnosed: Json = await server.done('diagnose');
    const causes = diagnosed.causes.map((one: Json) => one.cause);
    expect(causes).toContain('decode_eager_no_cuda_graph');
    expect(causes).not.toContain('cold_jit_in_window');
    // Its answers tell no setting but the length of its context: the rest stands in its start-up lines.
    expect(diagnosed.missing.join()).not.toContain('effective configuration');
    expect(causes).not.toContain('flag_not_effective');
  }, 600_000);

  test('that is given a flag it does not know ends, and the diagnosis names the flag', async () => {
    const server = await startVllm('--no-such-flag');
    await server.done('deploy');
    const cause = (await server.done('diagnose')).causes[0];
    expect(cause.cause).toBe('bad_flag_unknown');
    expect(JSON.stringify(cause.evidence)).toContain('--no-such-flag');
  }, 600_000);

  test('that is asked for more context than its model has ends for that reason', async () => {
    const server = await startVllm('--max-model-len 65536');
    await server.done('deploy');
    expect((await server.done('diagnose')).causes[0].cause).toBe('context_too_long');
  }, 600_000);
});
