// Three mistakes of a hand-run loop on a 0.5B model on one H100: a kept no-op flag, a TTFT gain that was the prefix
// cache, and a plan that the engine would have refused.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

const hypothesis = (change: string) => ({
  change,
  why: 'A guide on the web says that it helps.',
  expected: 'Throughput rises.',
  refutedBy: 'Throughput stays within the noise.',
});

beforeAll(async () => {
  project = makeProject(
    simulatedContract({ model: { id: 'Qwen/Qwen2.5-0.5B-Instruct' }, workload: 'tiny' }),
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

  test('the same prompt sent again is marked as cache contamination and is not judged', async () => {
    await server.done('deploy', { trial_id: 't0000' });
    const probe = await server.done('benchmark', {
      trial_id: 't0000',
      purpose: 'probe',
      workload: {
        id: 'same-prompt',
        components: [
          { inputTokens: 31, outputTokens: 16, repeatsOfEachPrompt: 1, sharedPrefixTokens: 0 },
        ],
      },
      load_points: [{ kind: 'closed', concurrency: 1, requests: 8 }],
      repeats: 1,
    });
    expect(probe.measurements).toHaveLength(1);
    // The mistake itself: one prompt for every request, declared as if all were unique.
    const repeated = await server.done('benchmark', {
      trial_id: 't0000',
      purpose: 'probe',
      workload: {
        id: 'same-prompt-again',
        components: [{ inputTokens: 31, outputTokens: 16, repeatsOfEachPrompt: 8 }],
      },
      load_points: [{ kind: 'closed', concurrency: 1, requests: 8 }],
      repeats: 1,
    });
    const recorded = readLedger(project.sessionsDir).filter(
      (event) => event.type === 'measurement_recorded',
    );
    const hit = recorded.at(-1)?.data;
    expect(hit.summary.prefixCacheHitRatio).toBeGreaterThan(0.5);
    expect(repeated.measurements[0].measurementId).toBe(hit.measurementId);
    expect(hit.purpose).toBe('probe');
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
