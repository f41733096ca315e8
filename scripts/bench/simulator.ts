import { parseServiceFile } from '../../mcp-server/core/service/service-file.ts';
import type { SimConfig } from '../../mcp-server/simulator/core/config.ts';
import { knownFlags } from '../../mcp-server/simulator/core/known-flags.ts';
import { resolveService } from '../../mcp-server/simulator/core/launch-config.ts';
import { createRng } from '../../mcp-server/simulator/core/random.ts';
import { simulateLoad } from '../../mcp-server/simulator/core/simulate-load.ts';
import { HOST_PROFILES } from '../../mcp-server/simulator/core/step-time.ts';
import { MEASURED_ROWS, type MeasuredRow } from './simulator-rows.ts';

export interface SimulatorRow {
  readonly name: string;
  readonly quantity: 'TPOT ms' | 'tok/s';
  readonly measured: number;
  readonly simulated: number;
  /** simulated / measured - 1. */
  readonly error: number;
}

export interface SimulatorBench {
  readonly rows: readonly SimulatorRow[];
  /** Share of rows within ±20 %. */
  readonly withinRatio: number;
  /** Published measurements covered. */
  readonly cases: number;
}

const TOLERANCE = 0.2;

/** The engine configuration of a published measurement. */
export function configOfRow(row: MeasuredRow): SimConfig {
  const service = parseServiceFile(
    [
      'type: service',
      'name: row',
      `image: ${row.image}`,
      'port: 8000',
      'commands:',
      `  - ${row.command}`,
      'resources:',
      `  gpu: ${row.gpu}`,
    ].join('\n'),
  );
  const resolved = resolveService(service, knownFlags);
  if (resolved.kind !== 'ok') throw new Error(`${row.name}: ${JSON.stringify(resolved)}`);
  return resolved.config;
}

/** Simulates a published measurement without noise. */
export function simulateRow(row: MeasuredRow): { tpotMs: number; tokensPerS: number } {
  const rng = createRng(7);
  const vary = (mean: number): number =>
    Math.max(8, Math.round(mean * (1 + row.spread * (2 * rng.next() - 1))));
  const count = Math.max(row.concurrency * 3, 12);
  const requests = Array.from({ length: count }, () => ({
    inputTokens: vary(row.inputTokens),
    outputTokens: vary(row.outputTokens),
  }));
  const load = { requests, concurrency: row.concurrency };
  const result = simulateLoad(configOfRow(row), load, {
    seed: 1,
    launchSeed: 1,
    silent: true,
    host: HOST_PROFILES[row.host],
  });
  if (result === null || result.crashed) throw new Error(`${row.name} does not run`);
  const tbots = result.records.flatMap((record) => record.tbotMs ?? []);
  const tokens = result.records.reduce(
    (sum, record) =>
      sum +
      record.outputTokens +
      (row.countsInput ? (requests[record.index]?.inputTokens ?? 0) : 0),
    0,
  );
  const endMs = Math.max(...result.records.map((record) => record.lastTokenAtMs));
  return {
    tpotMs: tbots.reduce((sum, one) => sum + one, 0) / Math.max(1, tbots.length),
    tokensPerS: (tokens / endMs) * 1000,
  };
}

function compare(row: MeasuredRow): SimulatorRow[] {
  const { tpotMs, tokensPerS } = simulateRow(row);
  const rows: SimulatorRow[] = [];
  const add = (quantity: SimulatorRow['quantity'], measured: number | null, simulated: number) => {
    if (measured === null) return;
    rows.push({ name: row.name, quantity, measured, simulated, error: simulated / measured - 1 });
  };
  add('TPOT ms', row.tpotMs, tpotMs);
  add('tok/s', row.tokensPerS, tokensPerS);
  return rows;
}

/** Published measurements against the simulator, row by row. */
export function benchSimulator(): SimulatorBench {
  const rows = MEASURED_ROWS.flatMap(compare);
  const within = rows.filter((row) => Math.abs(row.error) <= TOLERANCE).length;
  return { rows, withinRatio: within / rows.length, cases: MEASURED_ROWS.length };
}

/** The table of a bench, one line a row. */
export function renderSimulatorBench(bench: SimulatorBench): string {
  const lines = bench.rows.map(
    (row) =>
      `${row.name.padEnd(46)} ${row.quantity.padEnd(8)} ${row.measured.toFixed(1).padStart(8)} ${row.simulated.toFixed(1).padStart(8)} ${(row.error * 100).toFixed(1).padStart(7)} %`,
  );
  const head = `${'case'.padEnd(46)} ${'quantity'} ${'measured'.padStart(8)} ${'simulated'} error`;
  const share = (bench.withinRatio * 100).toFixed(0);
  return [
    head,
    ...lines,
    `${share} % of ${bench.rows.length} rows (${bench.cases} cases) within ±20 %`,
  ].join('\n');
}

if (process.argv[1]?.endsWith('simulator.ts')) console.log(renderSimulatorBench(benchSimulator()));
