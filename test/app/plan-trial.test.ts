import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planBaseline, planTrial } from '../../mcp-server/app/plan-trial.ts';
import { suggestTrials } from '../../mcp-server/app/suggest-trials.ts';
import type { Hypothesis } from '../../mcp-server/core/ledger/vocabulary.ts';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { flagValue, readFlags } from '../../mcp-server/core/service/flags.ts';
import { parseServiceFile } from '../../mcp-server/core/service/service-file.ts';
import { sglang } from '../../mcp-server/engines/sglang/sglang.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { aContract, checked, gone, intended, opened } from '../fakes/ledger-events.ts';
import { refusal } from '../fakes/refusal.ts';
import { CALL, createTestApp, type TestApp } from '../fakes/test-app.ts';

const BASE = readFileSync('dstack-baseline.yml', 'utf8');
const hypothesis: Hypothesis = {
  change: 'more of something',
  why: 'it should help',
  evidence: [],
  expected: 'throughput rises',
  refutedBy: 'throughput stays',
};
const set = (flag: string, value: string | null = null): Change => ({
  kind: 'set_flag',
  flag,
  value,
});

let test: TestApp;
let writer: LedgerWriter;

async function open(
  terms: Record<string, unknown> = {},
  options: { readonly service?: string; readonly budget?: Record<string, unknown> } = {},
): Promise<void> {
  test = createTestApp(createFakeDeploy());
  writeFileSync(join(test.dir, 'dstack-baseline.yml'), options.service ?? BASE);
  const event = opened(aContract({ backend: 'simulated', ...terms }, options.budget ?? {}));
  if (event.type !== 'session_opened') throw new Error('unreachable');
  writer = await test.app.sessions.create({ ...event.data, baseDir: test.dir });
}

const plan = (changes: readonly Change[], more: object = {}) =>
  planTrial(test.app, { hypothesis, changes, force: [], ...more }, CALL);
const output = (file: string): string =>
  readFileSync(join(test.app.files.sessionsDir, file), 'utf8');

beforeEach(() => open());
afterEach(() => test.close());

describe('planBaseline', () => {
  it('takes the file of the contract as it is, byte for byte', async () => {
    const planned = await planBaseline(test.app, writer);
    expect(output(planned.file)).toBe(BASE);
    expect(planned).toMatchObject({
      trialId: 't0000',
      parentId: null,
      engine: 'sglang',
      engineVersion: '0.5.9',
      changes: [],
    });
    expect(planned.predicted).toMatchObject({ memoryFits: 'yes', priceUsdPerHour: 3.6 });
    expect(planned.file).toMatch(/^dstack-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.yml$/);
  });

  it.each([
    [
      'a context below the guaranteed one',
      'E_BASELINE',
      BASE.replace('--enable-metrics', '--context-length 100'),
      /serves 100 tokens, the contract guarantees 4096/,
    ],
    [
      'hardware outside of the contract',
      'E_BASELINE',
      BASE.replace('H100:80GB:1', 'H200:1'),
      /H200:1 is not hardware of the contract/,
    ],
    ['a pipe in the launch', 'E_LAUNCH', BASE.replace('--enable-metrics', '| tee log'), /a pipe/],
    [
      'no engine that we know',
      'E_LAUNCH',
      BASE.replace('sglang.launch_server', 'http.server'),
      /none of SGLang, vLLM, llama.cpp/,
    ],
    [
      'two engines',
      'E_LAUNCH',
      BASE.replace("pip install 'graphsignal[cu12]==0.19.9'", 'vllm serve m'),
      /Several commands start an engine/,
    ],
  ] as const)('refuses %s', async (...row) => {
    const [, code, service, message] = row;
    await test.close();
    await open({}, { service });
    await expect(planBaseline(test.app, writer)).rejects.toThrow(refusal(code, message));
    expect(writer.state().trials).toEqual([]);
  });

  it('is what every plan starts from: without one there is none', async () => {
    await expect(plan([set('--max-running-requests', '64')])).rejects.toThrow(
      refusal('E_NO_BASELINE', 'no baseline yet', 'open_session'),
    );
    expect(writer.state().trials).toEqual([]);
  });
});

describe('planTrial', () => {
  beforeEach(() => planBaseline(test.app, writer));

  it('writes the changed file, its diff, forecast and price, and the event', async () => {
    const answer = await plan([set('--max-running-requests', '64')]);
    const text = output(answer.file);
    expect(text).toBe(
      BASE.replace(
        '--enable-cache-report\n',
        '--enable-cache-report \\\n      --max-running-requests 64\n',
      ),
    );
    expect(answer.diff).toContain('+      --max-running-requests 64');
    expect(answer).toMatchObject({ trialId: 't0001', parentId: 't0000', touchesQuality: false });
    expect(answer.predicted.memoryFits).toBe('yes');
    expect(writer.state().trials[1]?.planned.changes).toEqual([
      set('--max-running-requests', '64'),
    ]);
  });

  it('keeps two plans of one second apart', async () => {
    const first = await plan([set('--max-running-requests', '64')]);
    const second = await plan([set('--max-running-requests', '128')]);
    expect(second.file).not.toBe(first.file);
  });

  it('refuses --num-continuous-decode-steps 8 as a no-op, and takes it when forced', async () => {
    const changes = [set('--num-continuous-decode-steps', '8')];
    await expect(plan(changes)).rejects.toThrow(
      /\[no_op\] --num-continuous-decode-steps has no effect/,
    );
    expect(writer.state().refusals.at(-1)?.refusals[0]?.check).toBe('no_op');
    const force = [{ check: 'no_op', reason: 'to see what the judge says' }];
    const answer = await plan(changes, { force });
    expect(answer.forced).toEqual(force);
    expect(writer.state().trials.at(-1)?.planned.forced).toEqual(force);
  });

  it('refuses --speculative-algorithm ngram before anything is deployed', async () => {
    await expect(plan([set('--speculative-algorithm', 'ngram')])).rejects.toThrow(
      /\[wrong_choice\].*ngram is not a choice in SGLang 0\.5\.9.*did you mean NGRAM/,
    );
    const answer = await plan([set('--speculative-algorithm', 'NGRAM')]);
    expect(answer.touchesQuality).toBe(true);
    expect(answer.summary).toContain('check_quality is due');
    expect(answer.warnings.join()).toContain('caps running requests at 48');
  });

  it('says before anything is deployed that a change of outputs cannot be kept with so weak a baseline', async () => {
    const check = checked('t0000', 'd0000-1');
    if (check.type !== 'quality_checked') throw new Error('unreachable');
    const data = { ...check.data, armed: false, passed: null, comparable: 1 };
    await writer.append(intended('d0000-1', 'calibrate'), { ...check, data }, gone('d0000-1'));
    const { summary } = await plan([set('--quantization', 'fp8')]);
    expect(summary).toContain(
      'cannot be kept here: E_QUALITY_UNARMED, the baseline passes 1 canaries',
    );
  });

  it.each([
    ['removed_flag', [set('--enable-ep-moe')]],
    ['unlisted_flag', [set('--make-it-fast', '1')]],
    ['unlisted_flag', [set('--cuda-graph-max-bs-decode', '512')]],
    ['wrong_choice', [set('--kv-cache-dtype', 'fp8')]],
    ['wrong_choice', [set('--chunked-prefill-size', 'many')]],
    ['wrong_choice', [set('--enable-mixed-chunk', 'true')]],
    ['fatal_combination', [set('--enable-hierarchical-cache'), set('--disable-radix-cache')]],
    ['no_op', [set('--schedule-policy', 'fcfs')]],
    ['memory_fit', [set('--mem-fraction-static', '0.99')]],
    ['gpu_count', [set('--tp-size', '2')]],
    ['breaks_measurement', [set('--port', '9000')]],
    ['breaks_measurement', [{ kind: 'remove_flag', flag: '--enable-metrics' } as const]],
  ])('refuses %s, which can be forced: %j', async (check, changes) => {
    await expect(plan(changes)).rejects.toThrow(new RegExp(`\\[${check}\\]`));
    const force = [{ check, reason: 'to see what happens' }];
    await expect(plan(changes, { force })).resolves.toMatchObject({ forced: force });
  });

  it.each([
    ['min_context', [set('--context-length', '2048')]],
    ['hardware', [{ kind: 'set_gpu', gpu: 'H200:1' } as const]],
    ['hardware', [{ kind: 'set_gpu', gpu: 'H100:2' } as const]],
    ['model', [set('--model-path', 'Qwen/Qwen3-8B')]],
  ])('refuses %s even when forced', async (check, changes) => {
    const force = [{ check, reason: 'I really want it' }];
    await expect(plan(changes, { force })).rejects.toThrow(
      expect.objectContaining({
        code: 'E_PLAN_REFUSED',
        fix: expect.stringContaining(`Never overridden: ${check}`),
      }),
    );
  });

  it('refuses what the budget forbids even when forced', async () => {
    await test.close();
    await open({}, { budget: { maxTrials: 1 } });
    await planBaseline(test.app, writer);
    await plan([set('--max-running-requests', '64')]);
    const force = [{ check: 'budget', reason: 'I really want it' }];
    await expect(plan([set('--max-running-requests', '32')], { force })).rejects.toThrow(
      /\[budget\]/,
    );
  });

  it('refuses a configuration that was planned before, whatever its spelling', async () => {
    await plan([set('--mem-fraction-static', '0.80')]);
    await expect(plan([set('--mem-fraction-static', '.8')])).rejects.toThrow(/\[duplicate\] t0001/);
  });

  it('refuses a change that the parent already has', async () => {
    await expect(plan([set('--enable-metrics')])).rejects.toThrow(
      /\[no_op\] the parent already has/,
    );
  });

  it('names every refusal at once', async () => {
    await expect(
      plan([set('--num-continuous-decode-steps', '8'), set('--kv-cache-dtype', 'fp8')]),
    ).rejects.toThrow(/\[no_op\].*\[wrong_choice\]/);
  });

  it('refuses a hypothesis on evidence or a diagnosis that does not exist', async () => {
    const changes = [set('--max-running-requests', '64')];
    await expect(
      plan(changes, { hypothesis: { ...hypothesis, evidence: ['e000999'] } }),
    ).rejects.toThrow(refusal('E_NO_EVIDENCE', 'e000999', 'Cite evidence ids that'));
    await expect(plan(changes, { diagnosis_id: 'x0009' })).rejects.toThrow(
      refusal('E_NO_DIAGNOSIS', 'x0009', 'Take the id from the answer of diagnose'),
    );
    expect(writer.state().trials).toHaveLength(1);
  });

  it('refuses a value that holds a line break, and shows where', async () => {
    await expect(plan([set('--chat-template', 'a\nb')])).rejects.toThrow(
      refusal('E_INVALID_INPUT', 'set_flag of "--chat-template a\\nb"', 'on one line'),
    );
    expect(writer.state().trials).toHaveLength(1);
  });

  it('refuses every plan of a session that has ended', async () => {
    await writer.append({ type: 'session_stopped', data: { reason: 'person', detail: 'enough' } });
    await expect(plan([set('--max-running-requests', '64')])).rejects.toThrow(
      refusal('E_SESSION_ENDED', `${writer.sessionId} has ended (person)`, 'with a new contract'),
    );
    expect(writer.state().trials).toHaveLength(1);
  });

  it('refuses where no name is free for the file', async () => {
    const files = { ...test.app.files, createOutput: async () => false };
    const wish = { hypothesis, changes: [set('--max-running-requests', '64')], force: [] };
    await expect(planTrial({ ...test.app, files }, wish, CALL)).rejects.toThrow(
      refusal('E_FILE', /dstack-\S+\.yml and the 119 seconds after it are taken/, 'Move old'),
    );
    expect(writer.state().trials).toHaveLength(1);
  });

  it('refuses a parent whose file is gone, and proposes nothing from it', async () => {
    const file = writer.state().trials[0]?.planned.file ?? '';
    rmSync(join(test.app.files.sessionsDir, file));
    const isGone = refusal('E_PLAN_FILE', `sessions/${file} is gone`, 'Put the file back');
    await expect(plan([set('--max-running-requests', '64')])).rejects.toThrow(isGone);
    await expect(suggestTrials(test.app, { limit: 3 })).rejects.toThrow(isGone);
    expect(writer.state().trials).toHaveLength(1);
  });

  it('refuses a parent whose file was changed by hand', async () => {
    const file = writer.state().trials[0]?.planned.file ?? '';
    writeFileSync(
      join(test.app.files.sessionsDir, file),
      BASE.replace('--port 8000', '--port 8001'),
    );
    await expect(plan([set('--max-running-requests', '64')])).rejects.toThrow(
      refusal('E_PLAN_FILE', `sessions/${file} is not as it was planned`, 'another parent_id'),
    );
  });

  it('marks changes of image, KV type and attention as touching quality', async () => {
    const image = await plan([{ kind: 'set_image', image: 'lmsysorg/sglang:v0.5.10' }]);
    expect(image.touchesQuality).toBe(true);
    const kv = await plan([set('--kv-cache-dtype', 'fp8_e5m2')]);
    expect(kv.touchesQuality).toBe(true);
    const child = await plan([set('--max-running-requests', '64')], { parent_id: kv.trialId });
    expect(child.touchesQuality).toBe(true);
  });

  it("lets the image's own --help decide once a deployment has printed it", async () => {
    const help = [
      'usage: launch_server.py [-h]',
      ...Array.from({ length: 30 }, (_, index) => `  --flag-${index} N`),
      '  --make-it-fast N      New.',
    ].join('\n');
    const stored = await test.app.evidence.put({
      sessionId: writer.sessionId,
      trialId: 't0000',
      evidenceId: 'e000001',
      name: 'help.txt',
      text: help,
    });
    await writer.append({
      type: 'evidence_stored',
      data: {
        evidenceId: 'e000001',
        kind: 'engine_help',
        trialId: 't0000',
        deploymentId: null,
        measurementId: null,
        source: 'help',
        windowStartMs: null,
        windowEndMs: null,
        ...stored,
      },
    });
    const answer = await plan([set('--make-it-fast', '1')]);
    const argv = parseServiceFile(output(answer.file)).launch?.argv ?? [];
    expect(flagValue(readFlags(argv, sglang), '--make-it-fast', sglang)).toBe('1');
    await expect(plan([set('--max-queued-requests', '64')])).rejects.toThrow(
      /\[unlisted_flag\].*own --help/,
    );
  });
});
