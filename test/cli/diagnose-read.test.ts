import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { diagnoseCase } from '../../mcp-server/app/diagnose-case.ts';
import { readArtefact } from '../../mcp-server/app/read-artefact.ts';
import { registerDiagnose } from '../../mcp-server/cli/diagnose.ts';
import { registerRead } from '../../mcp-server/cli/read.ts';

const CASE = JSON.stringify({
  engine: 'vllm',
  input: { log: 'OSError: [Errno 98] Address already in use' },
  label: { cause_class: 'disk_full' },
});

async function run(files: Record<string, string>, ...args: string[]) {
  const said = { out: '', err: '', code: 0 };
  const deps = {
    readText: async (path: string) => {
      const text = files[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
    write: (text: string) => {
      said.out += text;
    },
    writeError: (text: string) => {
      said.err += text;
    },
    setExitCode: (code: number) => {
      said.code = code;
    },
  };
  const program = new Command();
  registerDiagnose(program, { ...deps, diagnoseCase });
  registerRead(program, { ...deps, readArtefact });
  await program.parseAsync(args, { from: 'user' });
  return said;
}

describe('autodebug diagnose --case', () => {
  it('prints one object with causes, best first, and never looks at a label', async () => {
    const { out } = await run({ 'a.json': CASE }, 'diagnose', '--case', 'a.json', '--json');
    const { causes } = JSON.parse(out);
    expect(Object.keys(causes[0])).toEqual([
      'class',
      'confidence',
      'evidence',
      'knobs',
      'changes',
      'fix',
    ]);
    expect(causes[0]).toMatchObject({ class: 'port_conflict' });
    expect(out).not.toContain('disk_full');
  });

  it('prints the fix in words without --json, and quotes what it saw', async () => {
    const { out } = await run({ 'a.json': CASE }, 'diagnose', '--case', 'a.json');
    expect(out).toContain('1. port_conflict');
    expect(out).toContain('"OSError: [Errno 98] Address already in use"');
  });

  it('ends with a usage error for a file that is no JSON or is not there', async () => {
    expect((await run({ 'a.json': '{' }, 'diagnose', '--case', 'a.json')).code).toBe(2);
    expect((await run({}, 'diagnose', '--case', 'a.json')).code).toBe(2);
  });
});

describe('autodebug read', () => {
  it('prints a record a line and what was dropped', async () => {
    const { out } = await run({ m: 'a_total 2\n{{{\n' }, 'read', 'm', '--as', 'metrics');
    expect(out).toContain('"name":"a_total"');
    expect(out).toContain('1 records; dropped: 1 malformedLines');
  });

  it('prints one object with --json, and a usage error for a missing file', async () => {
    const { out } = await run({ m: 'a_total 2\n' }, 'read', 'm', '--as', 'metrics', '--json');
    expect(JSON.parse(out)).toMatchObject({ kind: 'metrics', records: [{ record: 'series' }] });
    expect((await run({}, 'read', 'm', '--as', 'log')).code).toBe(2);
  });
});
