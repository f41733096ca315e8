// Three mistakes of a hand-run loop on a 0.5B model on one H100: a kept no-op flag, a TTFT gain that was the prefix
// cache, and a plan that the engine would have refused.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import { WorkloadSpec } from '../../mcp-server/core/workload/workload.ts';
import {
  driveUntil,
  makeProject,
  type Project,
  ROOT,
  type Server,
  simulatedContract,
  startServer,
} from './harness.ts';
import { readLedger } from './ledger-file.ts';

let project: Project;
let server: Server;

const WORKLOAD = { id: 'night', components: [{ inputTokens: 64, outputTokens: 128 }] };

const hypothesis = (change: string) => ({
  change,
  why: 'A guide on the web says that it helps.',
  expected: 'Throughput rises.',
  refutedBy: 'Throughput stays within the noise.',
});

beforeAll(async () => {
  project = makeProject(
    simulatedContract({
      model: { id: 'Qwen/Qwen2.5-0.5B-Instruct' },
      workload: WORKLOAD,
      loadPoints: [{ kind: 'closed', concurrency: 4, requests: 24 }],
    }),
  );
  const file = join(project.dir, 'dstack-baseline.yml');
  writeFileSync(
    file,
    readFileSync(join(ROOT, 'dstack-baseline.yml'), 'utf8').replaceAll(
      'meta-llama/Llama-3.1-8B-Instruct',
      'Qwen/Qwen2.5-0.5B-Instruct',
    ),
  );
  server = await startServer(project.dir);
  await server.done('open_session', { contract_file: 'contract.yml' });
  await driveUntil(server, ['plan_trial']);
}, 180_000);

afterAll(async () => {
  await server.call('stop_deployments', {});
  await server.close();
  project.remove();
});

describe('the bad night, replayed', () => {
  test('a flag without effect is refused as a no-op, and when forced ends as a tie', async () => {
    const plan = {
      hypothesis: hypothesis('eight decode steps between scheduling points'),
      changes: [{ kind: 'set_flag', flag: '--num-continuous-decode-steps', value: '8' }],
    };
    const refused = await server.call('plan_trial', plan);
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('no_op');

    const planned = await server.done('plan_trial', {
      ...plan,
      force: [{ check: 'no_op', reason: 'Replays a mistake to show what the judge says to it.' }],
    });
    await driveUntil(server, ['plan_trial']);
    const ledger = readLedger(project.sessionsDir);
    const verdicts = ledger.filter(
      (event) => event.type === 'trial_judged' && event.data.trialId === planned.trialId,
    );
    expect(verdicts.at(-1)?.data.verdict).toBe('tie');
    expect(
      ledger.find(
        (event) => event.type === 'trial_planned' && event.data.trialId === planned.trialId,
      )?.data.forced[0].check,
    ).toBe('no_op');
  }, 240_000);

  test('prompts that the cache has seen are marked as contamination, and the trial is not judged', async () => {
    const planned = await server.done('plan_trial', {
      hypothesis: hypothesis('less reserve at admission'),
      changes: [{ kind: 'set_flag', flag: '--schedule-conservativeness', value: '0.6' }],
    });
    await server.done('deploy', { trial_id: planned.trialId });
    const deployed = readLedger(project.sessionsDir).findLast(
      (event) => event.type === 'deploy_ready',
    ).data;
    // The mistake itself: somebody sends the very prompts of the measurement to the same server beforehand.
    const generator = createLoadGenerator();
    for (let repeat = 0; repeat < 3; repeat += 1) {
      await generator.run(
        {
          baseUrl: deployed.endpoint.baseUrl,
          model: deployed.endpoint.model,
          headers: {},
          workload: WorkloadSpec.parse(WORKLOAD),
          loadPoint: { kind: 'closed', concurrency: 4, requests: 24 },
          seed: 5,
          // The key that benchmark uses for this repeat at its first load point.
          repeat: repeat * 8,
          sampling: { temperature: 0 },
          extraBody: {},
          deadlineMs: 60_000,
          stallMs: 10_000,
          warmup: false,
        },
        { signal: new AbortController().signal },
      );
    }
    await server.done('benchmark', { trial_id: planned.trialId, purpose: 'trial' });
    const measured = readLedger(project.sessionsDir).filter(
      (event) => event.type === 'measurement_recorded' && event.data.trialId === planned.trialId,
    );
    expect(measured[0].data.summary.prefixCacheHitRatio).toBeGreaterThan(0.5);
    for (const event of measured.slice(0, 3))
      expect(event.data.flags).toContain('CACHE_CONTAMINATED');
    const judged = await server.done('judge_trial', { trial_id: planned.trialId });
    expect(judged.verdict).toBe('invalid');
    expect(judged.summary).toContain('CACHE_CONTAMINATED');
    await server.done('stop_deployments');
  }, 120_000);

  test('a choice that the version does not have is refused before anything is deployed', async () => {
    const before = readLedger(project.sessionsDir).filter(
      (event) => event.type === 'deploy_intended',
    ).length;
    const refused = await server.call('plan_trial', {
      hypothesis: hypothesis('n-gram speculation'),
      changes: [{ kind: 'set_flag', flag: '--speculative-algorithm', value: 'ngram' }],
    });
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('--speculative-algorithm');
    expect(
      readLedger(project.sessionsDir).filter((event) => event.type === 'deploy_intended'),
    ).toHaveLength(before);
  });
});
