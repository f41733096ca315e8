import { afterEach, describe, expect, test } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import type { App } from '../../mcp-server/app/app.ts';
import { checkQuality } from '../../mcp-server/app/check-quality.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { waitJob } from '../../mcp-server/app/wait-job.ts';
import { agreements, readTokens, WITH_LOGPROBS } from '../../mcp-server/core/quality/greedy.ts';
import { SCORE_PROTOCOLS } from '../../mcp-server/core/quality/token-scores.ts';
import { spreadsOf } from '../../mcp-server/core/stats/spread.ts';
import { ENGINES } from '../../mcp-server/engines/index.ts';
import { touchesQuality } from '../../mcp-server/engines/touches-quality.ts';
import { measureFake } from '../app/judged-session.ts';
import { CALL, planTestTrial } from '../fakes/test-app.ts';
import { closeLlamaSessions, exampleOnPort, openLlamaSession } from './llamacpp-session.ts';

afterEach(closeLlamaSessions);

async function serve(): Promise<string> {
  const port = await findFreePort();
  const { tested } = await openLlamaSession(exampleOnPort(port));
  await deployTrial(tested.app, { wait_s: 50 }, CALL);
  return `http://127.0.0.1:${port}`;
}

/** Three runs, as fast as told: this test is about answers, whatever the speed. */
async function noteSpeed(
  session: Awaited<ReturnType<typeof openLlamaSession>>,
  run: {
    readonly trialId: string;
    readonly purpose: 'calibrate' | 'trial';
    readonly tbotMs: number;
  },
): Promise<void> {
  const deploymentId = `d${run.trialId.slice(1)}-1`;
  for (const share of [0.99, 1, 1.01])
    await measureFake(session.tested, session.writer, {
      ...run,
      deploymentId,
      tbotMs: run.tbotMs * share,
    });
}

/** The summary of a check that runs to its end, however slow the machine. */
async function checkToEnd(app: App): Promise<string> {
  let job: { readonly jobId: string; readonly status: string; readonly summary: string };
  job = await checkQuality(app, { wait_s: 50 }, CALL);
  while (job.status === 'running')
    job = await waitJob(app, { job_id: job.jobId, wait_s: 50 }, CALL);
  process.stderr.write(`${job.summary}\n`);
  return job.summary;
}

describe('the quality gate on a real model that is too weak a reference', () => {
  test('says how many canaries passed and what helps, and keeps no smaller KV type however fast', async () => {
    const service = exampleOnPort(await findFreePort());
    const session = await openLlamaSession(service);
    const { writer } = session;
    const app = { ...session.tested.app, load: createLoadGenerator() };
    await deployTrial(app, { wait_s: 50 }, CALL);
    await noteSpeed(session, { trialId: 't0000', purpose: 'calibrate', tbotMs: 10 });
    const runs = writer.state().trials[0]?.measurements.map(({ data }) => data) ?? [];
    const measurements = runs.map((one) => one.measurementId);
    const data = { trialId: 't0000', measurements, spreads: spreadsOf(runs, 0) };
    await writer.append({ type: 'calibrated', data });
    const reference = await checkToEnd(app);
    const passed = writer.state().trials[0]?.quality[0]?.comparable ?? 20;
    expect(passed).toBeLessThan(12);
    expect(reference).toContain(
      `E_QUALITY_UNARMED: the baseline passes ${passed} of 20 canaries, fewer than 12`,
    );
    expect(reference).toContain('what helps: ');
    await stopDeployments(app, { final: false, wait_s: 50 }, CALL);

    const changes = [{ kind: 'set_flag' as const, flag: '--cache-type-k', value: 'q4_0' }];
    const touched = touchesQuality(ENGINES.llamacpp, changes);
    expect(touched).toBe(true);
    await planTestTrial(session.tested, writer, {
      trialId: 't0001',
      parentId: 't0000',
      engine: 'llamacpp',
      changes,
      touchesQuality: touched,
      service: service.replace('--ubatch-size 32', '--ubatch-size 32 --cache-type-k q4_0'),
    });
    await deployTrial(app, { wait_s: 50 }, CALL);
    await noteSpeed(session, { trialId: 't0001', purpose: 'trial', tbotMs: 8 });
    await checkToEnd(app);
    const verdict = await judgeTrial(app, { trial_id: 't0001' }, CALL);
    process.stderr.write(`${verdict.summary}\n`);
    expect(verdict).toMatchObject({ verdict: 'discard', gate: 'quality', bestId: 't0000' });
    const said = verdict.reasons.join();
    expect(said).toMatch(/E_QUALITY_UNARMED|outputs got worse/);
  });
});

describe('what a real llama.cpp server tells about its outputs', () => {
  test('it tells log-probabilities of generated tokens with a runner-up, and scores no given text', async () => {
    const baseUrl = await serve();
    const load = createLoadGenerator();
    const ask = (path: string | undefined, body: Readonly<Record<string, unknown>>) =>
      load.complete(
        { path, baseUrl, model: 'gemma-3-270m', headers: {}, body, timeoutMs: 60_000 },
        CALL.signal,
      );
    const messages = [{ role: 'user', content: 'The boats leave the harbour and' }];
    const body = { messages, temperature: 0, max_tokens: 16, ...WITH_LOGPROBS };
    const [first, second] = [await ask(undefined, body), await ask(undefined, body)];
    const tokens = readTokens(first.body);
    expect(tokens?.length).toBeGreaterThan(3);
    expect(tokens?.every((token) => token.gap !== null && token.gap >= 0)).toBe(true);
    const [same] = agreements(
      [{ id: 'a', text: first.text, tokens }],
      [{ id: 'a', text: second.text, tokens: readTokens(second.body) }],
    );
    expect(same?.share).toBeGreaterThan(0);
    for (const route of SCORE_PROTOCOLS) {
      const reply = await ask(route.path, route.body('The boats leave the harbour.'));
      expect(route.read(reply.body)).toBeNull();
    }
  });
});
