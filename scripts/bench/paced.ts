import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import type { StampedLoadRun } from '../../mcp-server/adapters/load/run-load.ts';
import { quantileSorted } from '../../mcp-server/core/stats/quantile.ts';
import { WorkloadSpec } from '../../mcp-server/core/workload/workload.ts';
import type { PacedConfig, ServedRequest } from '../../test/fakes/paced-server.ts';

export interface PacedProcess {
  readonly url: string;
  served(): Promise<readonly ServedRequest[]>;
  forget(): Promise<void>;
  stop(): void;
}

/** Starts the paced server in a process of its own. */
export async function startPacedProcess(config: PacedConfig): Promise<PacedProcess> {
  const main = fileURLToPath(new URL('../../test/fakes/paced-server-main.ts', import.meta.url));
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', main, JSON.stringify(config)],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  if (child.stdout === null) throw new Error('the server has no output');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  return {
    url,
    served: async () => (await (await fetch(`${url}/served`)).json()) as ServedRequest[],
    forget: async () => {
      await fetch(`${url}/forget`, { method: 'POST', body: '' });
    },
    stop: () => child.kill('SIGKILL'),
  };
}

export interface PacedRunOptions {
  readonly streams: number;
  readonly requests: number;
  readonly outputTokens: number;
  readonly config: PacedConfig;
  readonly workers?: number;
}

/** One request as both sides saw it. Times in ms of the machine's monotonic clock. */
export interface BothSides {
  readonly sentMs: number;
  readonly clientMs: readonly number[];
  readonly receivedMs: number;
  readonly serverMs: readonly number[];
}

export interface PacedRun {
  readonly run: StampedLoadRun;
  readonly pairs: readonly BothSides[];
  /** Requests or events that one side has and the other has not. */
  readonly lost: number;
  readonly peakRssMb: number;
}

/** Drives the paced server in a closed loop and lays both sides' stamps side by side. */
export async function runPaced(options: PacedRunOptions): Promise<PacedRun> {
  const server = await startPacedProcess(options.config);
  const memory = watchMemory();
  try {
    const generator = createLoadGenerator(
      options.workers === undefined ? {} : { workers: options.workers },
    );
    const run = await generator.run(loadRequest(server.url, options), {
      signal: new AbortController().signal,
    });
    const peakRssMb = memory.stop();
    const pairs = pairStamps(run, await server.served());
    return { run, pairs, lost: countLost(pairs, options), peakRssMb };
  } finally {
    memory.stop();
    server.stop();
  }
}

function loadRequest(baseUrl: string, options: PacedRunOptions) {
  const { outputTokens, streams, requests } = options;
  return {
    baseUrl,
    model: 'fake',
    headers: {},
    workload: WorkloadSpec.parse({ id: 'stamps', components: [{ inputTokens: 32, outputTokens }] }),
    loadPoint: { kind: 'closed' as const, concurrency: streams, requests },
    seed: 1,
    repeat: 0,
    sampling: { temperature: 0 },
    extraBody: {},
    deadlineMs: 300_000,
    stallMs: 60_000,
    warmup: false,
  };
}

const MEMORY_EVERY_MS = 100;

/** Peak resident memory of this process, which is the whole client: its workers are threads. */
function watchMemory(): { readonly stop: () => number } {
  let peak = process.memoryUsage.rss();
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, MEMORY_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(peak, process.memoryUsage.rss()) / 2 ** 20;
    },
  };
}

function pairStamps(run: StampedLoadRun, served: readonly ServedRequest[]): BothSides[] {
  const byIndex = new Map(
    served.flatMap((one) => {
      const index = /-measure-(\d+)$/.exec(one.id)?.[1];
      return index === undefined ? [] : [[Number(index), one] as const];
    }),
  );
  return run.records.flatMap((record) => {
    const known = byIndex.get(record.index);
    if (record.phase !== 'measure' || record.failure !== null || known === undefined) return [];
    let atMs = run.originMonotonicMs + (record.firstTokenAtMs ?? Number.NaN);
    const clientMs = [atMs];
    for (const gap of record.gapsMs) {
      atMs += gap;
      clientMs.push(atMs);
    }
    return [
      {
        sentMs: run.originMonotonicMs + record.sentAtMs,
        clientMs,
        receivedMs: known.receivedMs,
        serverMs: known.writesMs,
      },
    ];
  });
}

function countLost(pairs: readonly BothSides[], options: PacedRunOptions): number {
  const events = pairs.reduce(
    (sum, pair) => sum + Math.min(pair.clientMs.length, pair.serverMs.length),
    0,
  );
  return options.requests * options.outputTokens - events;
}

/** Client stamp minus the server's write, ascending, of events that the server wrote between two moments. */
export function stampErrorsMs(
  pairs: readonly BothSides[],
  [fromMs, toMs]: readonly [number, number] = [-Infinity, Infinity],
): number[] {
  const errors: number[] = [];
  for (const { clientMs, serverMs } of pairs) {
    for (const [place, writtenMs] of serverMs.entries()) {
      if (writtenMs < fromMs || writtenMs > toMs) continue;
      errors.push((clientMs[place] ?? Number.NaN) - writtenMs);
    }
  }
  return errors.sort((a, b) => a - b);
}

/** Quantile of ascending values; NaN of none. */
export const at = (sorted: readonly number[], q: number): number =>
  quantileSorted(sorted, q) ?? Number.NaN;

export const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

export const gapsOf = (times: readonly number[]): number[] =>
  times.slice(1).map((time, place) => time - (times[place] ?? Number.NaN));
