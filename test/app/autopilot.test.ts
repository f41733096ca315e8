import { describe, expect, test } from 'vitest';
import {
  runAutopilot,
  type ScriptedTrial,
  type ToolReply,
} from '../../mcp-server/app/autopilot.ts';

const ok = (data: Record<string, unknown>): ToolReply => ({
  ok: true,
  data: { summary: '', ...data },
});
const refused = (text: string): ToolReply => ({ ok: false, text });
const status = (tool: string | null, args: Record<string, unknown> = {}): ToolReply =>
  ok({ next: { tool, args, why: 'because' } });

const proposal = (value: string) => ({
  hypothesis: { change: value },
  changes: [{ kind: 'set_flag', flag: '--x', value }],
});

/** Plays replies per tool in order; the last one repeats. Records every call. */
function scriptedTools(replies: Record<string, ToolReply[]>) {
  const calls: { tool: string; args: Record<string, unknown> }[] = [];
  return {
    calls,
    callTool: async (tool: string, args: Record<string, unknown>): Promise<ToolReply> => {
      calls.push({ tool, args });
      const left = replies[tool] ?? [];
      return (left.length > 1 ? left.shift() : left[0]) ?? refused(`unexpected: ${tool}`);
    },
  };
}

const run = (
  callTool: (tool: string, args: Record<string, unknown>) => Promise<ToolReply>,
  script: ScriptedTrial[] = [],
  signal = new AbortController().signal,
) => runAutopilot({ callTool, signal, script, onStep: () => undefined, onReply: () => undefined });

describe('the autopilot', () => {
  test('does what get_status asks for and ends when nothing is left', async () => {
    const tools = scriptedTools({
      get_status: [status('deploy', { trial_id: 't0000' }), status(null)],
      deploy: [ok({})],
    });
    expect(await run(tools.callTool)).toMatchObject({ reason: 'finished' });
    expect(tools.calls.map((call) => call.tool)).toEqual(['get_status', 'deploy', 'get_status']);
    expect(tools.calls[1]?.args).toEqual({ trial_id: 't0000' });
  });

  test('polls a running job to its end before it asks again', async () => {
    const tools = scriptedTools({
      get_status: [status('benchmark'), status(null)],
      benchmark: [ok({ jobId: 'j0001', status: 'running' })],
      wait_job: [ok({ jobId: 'j0001', status: 'running' }), ok({ jobId: 'j0001', status: 'done' })],
    });
    await run(tools.callTool);
    expect(tools.calls.map((call) => call.tool)).toEqual([
      'get_status',
      'benchmark',
      'wait_job',
      'wait_job',
      'get_status',
    ]);
  });

  test('gives way to the next proposal when one is refused', async () => {
    const tools = scriptedTools({
      get_status: [status('plan_trial'), status(null)],
      suggest_trials: [ok({ proposals: [proposal('1'), proposal('2')] })],
      plan_trial: [refused('E_PLAN_REFUSED: no'), ok({ trialId: 't0001' })],
    });
    await run(tools.callTool);
    const planned = tools.calls.filter((call) => call.tool === 'plan_trial');
    expect(planned.map((call) => call.args['changes'])).toEqual([
      proposal('1').changes,
      proposal('2').changes,
    ]);
  });

  test('forces a scripted trial past exactly the checks that refused it', async () => {
    const tools = scriptedTools({
      get_status: [status('plan_trial'), status(null)],
      plan_trial: [refused('E_PLAN_REFUSED: [wrong_choice] no. [no_op] no. Fix: …'), ok({})],
    });
    await run(tools.callTool, [{ args: { changes: [] }, forceReason: 'to see what happens' }]);
    expect(tools.calls.at(-2)?.args['force']).toEqual([
      { check: 'wrong_choice', reason: 'to see what happens' },
      { check: 'no_op', reason: 'to see what happens' },
    ]);
  });

  test('gives up when the same step brings nothing, again and again', async () => {
    const tools = scriptedTools({ get_status: [status('diagnose')], diagnose: [ok({})] });
    const end = await run(tools.callTool);
    expect(end.reason).toBe('stuck');
    expect(end.detail).toContain('diagnose');
    expect(tools.calls.length).toBeLessThan(20);
  });

  test('gives up after failures in a row and says the last', async () => {
    const tools = scriptedTools({
      get_status: [status('deploy')],
      deploy: [refused('E_DEPLOY: no capacity')],
    });
    expect(await run(tools.callTool)).toMatchObject({
      reason: 'stuck',
      detail: expect.stringContaining('no capacity'),
    });
  });

  test('gives up when nothing is ever proposed, and plans nothing', async () => {
    const tools = scriptedTools({
      get_status: [status('plan_trial')],
      suggest_trials: [ok({ proposals: [] })],
    });
    expect(await run(tools.callTool)).toMatchObject({
      reason: 'stuck',
      detail: expect.stringMatching(/E_NO_PROPOSAL: suggest_trials .* Fix: plan a trial by hand/),
    });
    expect(tools.calls.map((call) => call.tool)).not.toContain('plan_trial');
  });

  test('stops between steps when asked to', async () => {
    const stop = new AbortController();
    const tools = scriptedTools({ get_status: [status('deploy')], deploy: [ok({})] });
    const callTool = async (tool: string, args: Record<string, unknown>) => {
      if (tool === 'deploy') stop.abort();
      return tools.callTool(tool, args);
    };
    expect(await run(callTool, [], stop.signal)).toMatchObject({ reason: 'aborted' });
    expect(tools.calls).toHaveLength(2);
  });
});
