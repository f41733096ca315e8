import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readResultFile } from '../../mcp-server/adapters/store/read-result-file.ts';
import { registerCompare } from '../../mcp-server/cli/compare.ts';
import { requestRecord, vllmResult } from '../core/interchange/result-files.ts';
import { refusal } from '../fakes/refusal.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'autodebug-compare-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const rate = (name: string, output_throughput: number): string =>
  put(name, JSON.stringify(vllmResult({ output_throughput })));

async function compare(...args: readonly string[]): Promise<{ out: string; code: number | null }> {
  let out = '';
  let code: number | null = null;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerCompare(program, {
    readFile: readResultFile,
    write: (text) => {
      out += text;
    },
    setExitCode: (value) => {
      code = value;
    },
  });
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync(['node', 'autodebug', 'compare', ...args]);
  return { out, code };
}

describe('autodebug compare', () => {
  it('prints one JSON object of exactly the promised shape, several files a side', async () => {
    const baseline = [rate('a.json', 990), rate('b.json', 1010)];
    const candidate = [rate('c.json', 1190), rate('d.json', 1210)];
    const sides = ['--baseline', ...baseline, '--candidate', ...candidate];
    const { out, code } = await compare(...sides, '--json');
    const answer = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual([
      'metric',
      'baseline',
      'candidate',
      'deltaRatio',
      'interval',
      'probabilityBetter',
      'noiseFloorRatio',
      'verdict',
      'reasons',
    ]);
    expect(answer).toMatchObject({ baseline: 1000, candidate: 1200, verdict: 'keep' });
    expect(code).toBe(0);
  });

  it('exits with 1 for a candidate that is worse, and says it in words', async () => {
    const args = ['--baseline', rate('a.json', 1000), '--candidate', rate('b.json', 800)];
    const { out, code } = await compare(...args, '--noise-sd', '0.01');
    expect(out).toContain('change         -20.00 %');
    expect(out).toContain('verdict        discard');
    expect(code).toBe(1);
  });

  it('reads our stored evidence as it lies on disk, packed', async () => {
    const text = Array.from(
      { length: 80 },
      (_, index) => `${JSON.stringify(requestRecord(index, 50))}\n`,
    );
    const packed = put('e000001-m0001-01-requests.jsonl.gz', gzipSync(text.join('')));
    const args = ['--baseline', packed, '--candidate', packed, '--metric', 'ttftMs.p50'];
    const { out } = await compare(...args, '--noise-sd', '0.02', '--json');
    expect(JSON.parse(out)).toMatchObject({ baseline: 50, deltaRatio: 0, verdict: 'tie' });
  });

  it('names a file that cannot be read, and one that is malformed by its line', async () => {
    const good = rate('a.json', 1000);
    await expect(compare('--baseline', good, '--candidate', `${folder}/no`)).rejects.toMatchObject({
      code: 'E_RESULT_FILE',
      message: expect.stringContaining('/no cannot be read'),
    });
    const bad = put('bad.jsonl', `${JSON.stringify(vllmResult())}\n{"cut`);
    await expect(compare('--baseline', good, '--candidate', bad)).rejects.toMatchObject({
      message: expect.stringContaining('bad.jsonl:2: this line is not JSON'),
    });
  });

  it('refuses a metric that there is not, and one that a file lacks', async () => {
    const file = rate('a.json', 1000);
    const sides = ['--baseline', file, '--candidate', file];
    await expect(compare(...sides, '--metric', 'speed')).rejects.toThrow(
      refusal('E_UNKNOWN_METRIC', 'no metric "speed"', 'output_throughput'),
    );
    await expect(compare(...sides, '--metric', 'p90_ttft_ms')).rejects.toThrow(
      refusal('E_NO_METRIC', /a\.json has no p90_ttft_ms/, 'output_throughput'),
    );
  });

  it.each(['-0.1', '1', 'x', ''])('refuses --noise-sd "%s"', async (value) => {
    const file = rate('a.json', 1000);
    const args = ['--baseline', file, '--candidate', file, `--noise-sd=${value}`];
    await expect(compare(...args)).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });
});
