import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TOOLS } from '../../mcp-server/tools/index.ts';
import { MAIN, makeProject, type Project, simulatedContract, startServer } from '../e2e/harness.ts';
import type { Json } from '../json.ts';
import { nodeTool } from './node-tools.ts';

let project: Project;
let inspector: string;

beforeAll(async () => {
  inspector = nodeTool('mcp-inspector');
  project = makeProject(simulatedContract());
  const server = await startServer(project.dir);
  await server.done('open_session', { contract_file: 'contract.yml' });
  await server.close();
});

afterAll(() => project.remove());

function inspect(...args: string[]): { status: number | null; result: Json; output: string } {
  const done = spawnSync(inspector, ['--cli', process.execPath, MAIN, 'mcp', ...args], {
    encoding: 'utf8',
    cwd: project.dir,
    env: { ...process.env, AUTODEBUG_PROJECT_DIR: project.dir },
    timeout: 60_000,
  });
  let result: Json = null;
  try {
    result = JSON.parse(done.stdout);
  } catch {
    result = null;
  }
  return {
    status: done.status,
    result: result?.result ?? result,
    output: `${done.stdout}${done.stderr}`,
  };
}

describe('the MCP Inspector in command-line mode', () => {
  test('lists every tool with its schema', () => {
    const { result, output } = inspect('--method', 'tools/list');
    expect(
      result?.tools?.map((tool: Json) => tool.name),
      output,
    ).toEqual(TOOLS.map((tool) => tool.name));
  });

  test.each(TOOLS.filter((tool) => tool.hints.readOnly).map((tool) => tool.name))(
    'calls the read-only tool %s',
    (name) => {
      const { result, output } = inspect('--method', 'tools/call', '--tool-name', name);
      const text: string = result?.content?.[0]?.text ?? '';
      expect(text, output).not.toBe('');
      // A read-only tool answers, or says with a code what has to happen first. It never breaks.
      if (result.isError === true) expect(text).toMatch(/^E_[A-Z_]+: .* Fix: /s);
      expect(text).not.toContain('E_BUG');
    },
  );

  test('is told by name about an argument that does not exist', () => {
    const { result, output } = inspect(
      '--method',
      'tools/call',
      '--tool-name',
      'get_status',
      '--tool-arg',
      'sesion=x',
    );
    expect(result?.isError, output).toBe(true);
    expect(result.content[0].text).toContain('sesion');
  });
});
