import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../mcp-server/app/app.ts';
import { checkQuality } from '../../mcp-server/app/check-quality.ts';
import { buildCanaries } from '../../mcp-server/core/quality/canaries.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { modelService } from '../fakes/model-service.ts';
import { CALL, createTestApp, planTestTrial, type TestApp } from '../fakes/test-app.ts';
import { markReady, openCalibrated } from './judged-session.ts';

let test: TestApp;
beforeEach(() => {
  test = createTestApp(createFakeDeploy());
});
afterEach(() => test.close());

const expected = new Map(buildCanaries(1).map((canary) => [canary.prompt, canary]));
type Complete = App['load']['complete'];

const soundModel = modelService();

/** A service that answers everything rightly, except the canaries of these ids. */
const serviceFailing =
  (...ids: readonly string[]): Complete =>
  async (request, signal) => {
    const messages = (request.body['messages'] ?? []) as { content: string }[];
    const canary = expected.get(String(messages[0]?.content));
    if (canary === undefined) return soundModel(request, signal);
    const isWrong = ids.includes(canary.id);
    const message =
      canary.id === 'tool-call' && !isWrong
        ? {
            content: null,
            tool_calls: [{ function: { name: 'get_weather', arguments: canary.expected } }],
          }
        : { content: isWrong ? 'no idea' : canary.expected };
    const answer = { choices: [{ finish_reason: 'stop', message }] };
    return { status: 200, body: answer, text: '' };
  };

const withService = (complete: Complete): App => ({
  ...test.app,
  load: { ...test.app.load, complete },
});

async function checkBoth(baseline: Complete, trial: Complete) {
  const writer = await openCalibrated(test);
  await checkQuality(withService(baseline), { wait_s: 20 }, CALL);
  await writer.append({
    type: 'deployment_gone',
    data: { deploymentId: 'd0000-1', proof: [], costUsd: 0, idleCostUsd: 0 },
  });
  await planTestTrial(test, writer, { trialId: 't0001', parentId: 't0000' });
  await markReady(writer, 't0001');
  const answer = await checkQuality(withService(trial), { wait_s: 20 }, CALL);
  return { answer, state: writer.state() };
}

describe('checking quality', () => {
  it('records the baseline as the reference, with its answers as evidence', async () => {
    const writer = await openCalibrated(test);
    const answer = await checkQuality(withService(serviceFailing('needle')), { wait_s: 20 }, CALL);
    expect(answer).toMatchObject({
      status: 'done',
      result: { armed: true, passed: null, comparable: 19 },
    });
    const [check] = writer.state().trials[0]?.quality ?? [];
    const stored = writer.state().evidence.get(check?.evidenceId ?? '');
    expect(stored?.kind).toBe('quality');
    const text = stored === undefined ? '' : await test.app.evidence.get(writer.sessionId, stored);
    expect(JSON.parse(text)).toMatchObject({ passedCount: 19, total: 20 });
  });

  it('passes a trial that answers what the baseline answers, also where both are wrong', async () => {
    const { state } = await checkBoth(serviceFailing('needle'), serviceFailing('needle'));
    expect(state.trials[1]?.quality[0]).toMatchObject({ armed: true, passed: true });
  });

  it('fails a trial that fails one canary more', async () => {
    const { answer, state } = await checkBoth(serviceFailing(), serviceFailing('copy-code'));
    expect(state.trials[1]?.quality[0]).toMatchObject({ passed: false });
    expect(answer.summary).toContain('copy-code');
  });

  it('is unarmed where the baseline passes too few', async () => {
    const weak = serviceFailing(
      ...buildCanaries(1)
        .slice(0, 12)
        .map((canary) => canary.id),
    );
    const { state } = await checkBoth(weak, weak);
    expect(state.trials[1]?.quality[0]).toMatchObject({
      armed: false,
      passed: null,
      comparable: 8,
    });
  });

  it('gives a failed trial canary one more chance, and a passed baseline one more look', async () => {
    let asked = 0;
    const flaky: Complete = async (request, signal) => {
      asked += 1;
      return serviceFailing(...(asked <= 20 ? ['copy-code'] : []))(request, signal);
    };
    const { state } = await checkBoth(serviceFailing(), flaky);
    expect(state.trials[1]?.quality[0]).toMatchObject({ passed: true });
  });

  it('is an error of the environment when the service does not answer at all', async () => {
    await openCalibrated(test);
    const dead: Complete = async () => ({ status: 503, body: null, text: '' });
    await expect(checkQuality(withService(dead), { wait_s: 20 }, CALL)).rejects.toMatchObject({
      code: 'E_ENDPOINT',
    });
  });

  it('refuses a trial that is not deployed', async () => {
    await openCalibrated(test);
    await expect(
      checkQuality(test.app, { trial_id: 't0009', wait_s: 1 }, CALL),
    ).rejects.toMatchObject({ code: 'E_NOT_READY' });
  });
});
