import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PacedProcess, startPacedProcess } from '../../scripts/bench/paced.ts';
import {
  aiperf,
  type ClientRow,
  guidellm,
  measureClient,
  OURS,
  renderClients,
  tryClient,
  vllmBench,
} from './load-clients.ts';
import { WANTS_VLLM } from './vllm.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LEVELS = [
  { streams: 16, requests: 64 },
  { streams: 100, requests: 400 },
] as const;
const OUTPUT_TOKENS = 64;
/** No error of ours may exceed another client's by more. */
const SLACK_MS = 0.1;

const peers = [
  { name: 'guidellm 0.8.1', costsTwice: true, found: tryClient('guidellm', guidellm) },
  { name: 'aiperf 0.13.0', costsTwice: true, found: tryClient('aiperf', aiperf) },
  {
    name: 'vllm bench 0.32.0',
    costsTwice: false,
    found: WANTS_VLLM
      ? tryClient('vllm', vllmBench)
      : { why: 'only with AUTODEBUG_REAL_VLLM=1, its environment is 6 GB' },
  },
];
const present = peers.flatMap(({ found }) => ('client' in found ? [found.client] : []));
const rows: ClientRow[] = [];
let server: PacedProcess;

beforeAll(async () => {
  server = await startPacedProcess({ ttftMs: 50, gapMs: 20 });
  for (const level of LEVELS) {
    for (const client of [OURS, ...present]) {
      const folder = join(root, '.real/load-clients', client.name.replace(/\W/g, '-'));
      const task = { ...level, url: server.url, outputTokens: OUTPUT_TOKENS, folder };
      rows.push(await measureClient(client, server, task));
    }
  }
  const table = renderClients(rows);
  process.stderr.write(`${table}\n`);
  writeFileSync(join(root, '.real/load-clients.md'), `${table}\n`);
  if (process.env['AUTODEBUG_UPDATE_DOCS'] === '1') updateDocs(table);
});

afterAll(() => {
  server.stop();
});

function updateDocs(table: string): void {
  const file = join(root, 'docs/measuring.md');
  const block = `<!-- load clients -->\nMeasured ${new Date().toISOString().slice(0, 10)}.\n\n${table}\n<!-- end -->`;
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/<!-- load clients -->[^]*?<!-- end -->/, block));
}

const errorsOf = (row: ClientRow): readonly number[] => Object.values(row.errorsMs);
const rowsOf = (name: string): readonly ClientRow[] => rows.filter((row) => row.client === name);
const sumOfErrors = (name: string): number =>
  rowsOf(name)
    .flatMap(errorsOf)
    .reduce((sum, error) => sum + error, 0);

describe('our load client beside others, against what the server itself wrote', () => {
  test('every client counted every request that the server served', () => {
    expect(rows.map((row) => row.requests)).toEqual(
      LEVELS.flatMap(({ requests }) => [OURS, ...present].map(() => requests)),
    );
  });

  for (const { name, costsTwice, found } of peers) {
    if ('why' in found) {
      test.skip(`${name} is not compared: ${found.why}`, () => undefined);
      continue;
    }
    test(`no error of ours is more than ${SLACK_MS} ms above ${name}’s, and their sum is below`, () => {
      const theirs = rowsOf(name);
      const excess = rowsOf(OURS.name).flatMap((row, level) =>
        errorsOf(row).map((error, place) => error - (errorsOf(theirs[level] ?? row)[place] ?? 0)),
      );
      expect(Math.max(...excess)).toBeLessThanOrEqual(SLACK_MS);
      expect(sumOfErrors(OURS.name)).toBeLessThan(sumOfErrors(name));
    });

    if (!costsTwice) continue;
    test(`a second of processor time handles at least twice the events of ${name}’s`, () => {
      const cost = (of: string): number => rowsOf(of).reduce((sum, row) => sum + row.cpuS, 0);
      expect(cost(name) / cost(OURS.name)).toBeGreaterThanOrEqual(2);
    });
  }
});
