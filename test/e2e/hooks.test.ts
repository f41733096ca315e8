import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../json.ts';
import {
  MAIN,
  makeProject,
  type Project,
  type Server,
  simulatedContract,
  startServer,
} from './harness.ts';
import { onlySession } from './ledger-file.ts';

let project: Project;
let server: Server;
const CLIENT = '0b1c2d3e-client';

beforeAll(async () => {
  project = makeProject(simulatedContract());
  server = await startServer(project.dir);
  await server.done('open_session', { contract_file: 'contract.yml', client_session: CLIENT });
}, 60_000);

afterAll(async () => {
  await server.close();
  project.remove();
});

function hook(
  event: string,
  input: unknown,
): { status: number | null; answer: Json; stderr: string } {
  const done = spawnSync(process.execPath, [MAIN, 'hook', event], {
    encoding: 'utf8',
    cwd: project.dir,
    input: typeof input === 'string' ? input : JSON.stringify(input),
    env: { ...process.env, CLAUDE_PROJECT_DIR: project.dir },
  });
  return {
    status: done.status,
    answer: done.stdout === '' ? null : JSON.parse(done.stdout),
    stderr: done.stderr,
  };
}

describe('the Stop hook', () => {
  test('sends the agent on with the next step', () => {
    const { status, answer } = hook('stop', { session_id: CLIENT });
    expect(status).toBe(0);
    expect(answer.decision).toBe('block');
    expect(answer.reason).toContain('call deploy');
  });

  test('lets go after five reminders without a new ledger line, and says so', () => {
    for (let round = 0; round < 4; round += 1)
      expect(hook('stop', { session_id: CLIENT }).answer.decision).toBe('block');
    expect(hook('stop', { session_id: CLIENT }).answer.systemMessage).toContain(
      'no new ledger line',
    );
  });

  test.each([
    ['another conversation', { session_id: 'somebody-else' }],
    ['a sub-agent', { session_id: CLIENT, agent_id: 'a1' }],
    ['a background task', { session_id: CLIENT, background_tasks: [{}] }],
    ['a session id with a path in it', { session_id: '../../etc/passwd' }],
    ['input that is no JSON', 'nonsense'],
  ])('stays silent for %s', (_case, input) => {
    const { status, answer } = hook('stop', input);
    expect(status).toBe(0);
    expect(answer).toBeNull();
  });

  test('fails open when the ledger cannot be read', () => {
    const loop = join(project.sessionsDir, '.loop', 'broken.json');
    writeFileSync(
      loop,
      JSON.stringify({ sessionId: 's000000-aaaaaa', startedAt: '2026-01-01T00:00:00Z' }),
    );
    const { status, answer, stderr } = hook('stop', { session_id: 'broken' });
    expect([status, answer]).toEqual([0, null]);
    expect(stderr).toContain('autodebug hook stop');
    rmSync(loop);
  });
});

describe('the other hooks', () => {
  test('a new conversation is told in five lines what is best, spent, alive and next', () => {
    const { answer } = hook('session-start', { session_id: 'fresh', source: 'startup' });
    const lines = answer.hookSpecificOutput.additionalContext.split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toContain(onlySession(project.sessionsDir));
    expect(lines[4]).toContain('call deploy');
  });

  test('edits of the contract are denied while the loop is active, and only then', () => {
    const edit = (session_id: string) =>
      hook('pre-tool-use', {
        session_id,
        tool_name: 'Edit',
        tool_input: { file_path: join(project.sessionsDir, 'x', 'contract.yml') },
      }).answer;
    expect(edit(CLIENT).hookSpecificOutput.permissionDecision).toBe('deny');
    expect(edit('somebody-else')).toBeNull();
  });

  test('a folder without sessions hears nothing', () => {
    const empty = makeProject({});
    const done = spawnSync(process.execPath, [MAIN, 'hook', 'session-start'], {
      encoding: 'utf8',
      cwd: empty.dir,
      input: '{"session_id":"x"}',
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect([done.status, done.stdout]).toEqual([0, '']);
    expect(existsSync(empty.sessionsDir)).toBe(false);
    empty.remove();
  });
});
