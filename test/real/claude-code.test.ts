// The real Claude Code binary, driven by a scripted Messages API on loopback: no login, no network, no model.

import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, type Project, ROOT, simulatedContract, startServer } from '../e2e/harness.ts';
import { onlySession } from '../e2e/ledger-file.ts';
import { type MessagesApi, type ScriptedTurn, startMessagesApi } from '../fakes/messages-api.ts';
import type { Json } from '../json.ts';
import { nodeTool } from './node-tools.ts';

let claude: string;
let home: string;
let project: Project;

beforeAll(() => {
  claude = nodeTool('claude');
  home = mkdtempSync(join(tmpdir(), 'autodebug-home-'));
  project = makeProject(simulatedContract());
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
  project.remove();
});

const environment = (extra: Record<string, string> = {}) => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  ...extra,
});

/** Text of the last user message: tool results, hook feedback. */
function lastUserText(body: Json): string {
  const message = body.messages.findLast((one: Json) => one.role === 'user');
  return typeof message?.content === 'string'
    ? message.content
    : JSON.stringify(message?.content ?? '');
}

async function runClaude(
  api: MessagesApi,
  { prompt, sessionId, dir }: { prompt: string; sessionId: string; dir: string },
): Promise<{ status: number | null; output: string }> {
  const child = spawn(
    claude,
    [
      '-p',
      prompt,
      '--session-id',
      sessionId,
      '--plugin-dir',
      ROOT,
      '--output-format',
      'stream-json',
      '--verbose',
      '--permission-mode',
      'dontAsk',
      '--allowedTools',
      'mcp__plugin_autodebug_autodebug__*',
      'Skill',
      'Bash',
    ],
    {
      cwd: dir,
      env: environment({
        ANTHROPIC_BASE_URL: api.baseUrl,
        ANTHROPIC_API_KEY: 'scripted',
        AUTODEBUG_PROJECT_DIR: dir,
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const timer = setTimeout(() => child.kill('SIGKILL'), 150_000);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { status, output };
}

const toolName = (tool: string): string => `mcp__plugin_autodebug_autodebug__${tool}`;
const useTool = (tool: string, input: unknown): ScriptedTurn => ({
  tools: [{ name: toolName(tool), input }],
});

describe('Claude Code', () => {
  test('accepts the plugin in strict mode', () => {
    const done = spawnSync(claude, ['plugin', 'validate', ROOT, '--strict'], {
      encoding: 'utf8',
      env: environment(),
    });
    expect(done.stdout + done.stderr).toContain('Validation passed');
    expect(done.status).toBe(0);
    expect(done.stdout).toContain('autodebug:autodebug');
  });

  test('resolves /autodebug, calls tools, is kept going by the Stop hook, denied a raw apply, and let go at the end', async () => {
    const clientSession = randomUUID();
    const api = await startMessagesApi((body, turn) => {
      if (turn === 0)
        return useTool('open_session', {
          contract_file: 'contract.yml',
          client_session: clientSession,
        });
      if (turn === 1)
        return {
          tools: [
            {
              name: 'Bash',
              input: {
                command: 'dstack apply -f dstack-baseline.yml -y',
                description: 'deploy by hand',
              },
            },
          ],
        };
      if (turn === 2) return { text: 'Shall I go on?' };
      if (turn === 3) return useTool('get_status', {});
      if (turn === 4) {
        requestStop();
        return { text: 'A person asked to stop.' };
      }
      return { text: `unexpected turn ${turn}: ${lastUserText(body).slice(0, 200)}` };
    });
    const requestStop = (): void => {
      const session = readdirSync(project.sessionsDir).find((name) => /^s\d{6}-/.test(name)) ?? '';
      const control = join(project.sessionsDir, session, 'control');
      mkdirSync(control, { recursive: true });
      writeFileSync(join(control, 'stop-test.json'), '{"reason":"a person said stop"}\n');
    };
    const run = await runClaude(api, {
      prompt: '/autodebug make it faster',
      sessionId: clientSession,
      dir: project.dir,
    });
    await api.close();
    const main = api.requests.filter(
      (request) => Array.isArray(request.body?.tools) && request.body.tools.length > 0,
    );
    const told = main.map((request) => lastUserText(request.body));
    expect(run.status, run.output.slice(-3000)).toBe(0);
    // 1. The skill's text was injected, with the request and the client's session id in it.
    expect(JSON.stringify(main[0]?.body.messages)).toContain('The loop does not ask');
    expect(JSON.stringify(main[0]?.body.messages)).toContain(clientSession);
    expect(main[0]?.body.tools.map((tool: Json) => tool.name)).toContain(toolName('plan_trial'));
    // 2. open_session answered with the brief and the next step.
    expect(told[1]).toContain('deploy');
    expect(existsSync(join(project.sessionsDir, '.loop', `${clientSession}.json`))).toBe(true);
    // 3. The PreToolUse hook denied the raw deployment.
    expect(told[2]).toContain('deployments go through its tools');
    // 4. The Stop hook named the next step instead of letting the turn end.
    expect(told[3]).toContain('Next step: call deploy');
    // 5. After a person's stop the turn ended: no sixth request.
    expect(main).toHaveLength(5);
  }, 180_000);

  test('tells a new conversation in five lines where the session stands', async () => {
    const other = makeProject(simulatedContract());
    const server = await startServer(other.dir);
    await server.done('open_session', { contract_file: 'contract.yml' });
    await server.close();
    const api = await startMessagesApi(() => ({ text: 'hello' }));
    await runClaude(api, { prompt: 'hello', sessionId: randomUUID(), dir: other.dir });
    await api.close();
    const isMain = (request: { body: Json }): boolean =>
      Array.isArray(request.body?.tools) && request.body.tools.length > 0;
    const first = JSON.stringify(api.requests.find(isMain)?.body);
    const told = [
      `autodebug session ${onlySession(other.sessionsDir)}`,
      'Best: none yet.',
      'Spent: 0.00 of 20.00 USD.',
      'Alive: deployments none',
      'Next: call deploy',
    ];
    expect(told.filter((line) => !first.includes(line))).toEqual([]);
    other.remove();
  }, 120_000);
});
