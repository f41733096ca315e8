/** What batch and statistics lines of a log say about the load, over the lines of a window. */
export interface LogLoad {
  readonly lines: number;
  readonly running: Level | null;
  readonly queue: Level | null;
  /** Ratio 0..1. */
  readonly kvUsage: Level | null;
  /** Share of decode lines that ran without a CUDA graph, ratio 0..1. Null when: no line tells. */
  readonly eagerShare: number | null;
  readonly decodeLines: number;
  readonly prefillLines: number;
  /** Prefill lines that follow another one directly. */
  readonly prefillRuns: number;
  readonly newTokensPerPrefill: Level | null;
  /** Cached / (cached + new) prompt tokens over all prefill lines. Null when: no line tells. */
  readonly cachedShare: number | null;
  readonly acceptLength: Level | null;
}

export interface Level {
  readonly mean: number;
  readonly max: number;
  readonly min: number;
  readonly n: number;
  /** Share of the lines in which it was above 0. */
  readonly shareAboveZero: number;
}

interface Row {
  readonly kind: 'decode' | 'prefill' | 'stats';
  readonly pairs: ReadonlyMap<string, string>;
}

const BATCH =
  /(?:\[(?<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[^\]]*\] )?(?<kind>Decode|Prefill) batch[.,\s]/;
const STATS =
  /(?:\d+ Engines Aggregated|Engine \d+): (?=.*Running: )|(?=Avg prompt throughput: .*Running: )|(?=Running: \d+ reqs)/;
/** SGLang writes a line every 40 decode steps; more than this many tell nothing new. */
const MAX_ROWS = 200_000;

const KEYS = {
  running: ['#running-req', 'Running'],
  queue: ['#queue-req', 'Waiting', 'Pending'],
  kvUsage: ['token usage', 'full token usage', 'GPU KV cache usage', 'CPU KV cache usage'],
  newTokens: ['#new-token'],
  cachedTokens: ['#cached-token'],
  acceptLength: ['accept len', 'Mean acceptance length'],
  graph: ['cuda graph'],
} as const;

/**
 * Reads the lines that an engine prints while it works. Stamps are taken as UTC; when none falls into the window (another
 * time zone, or no stamps), all lines count. Null when: there is no such line.
 * Source: SGLang scheduler_metrics_mixin and vLLM loggers; lines are read as `key: value` pairs, never by position.
 */
export function readLogLoad(
  text: string,
  window: { readonly startMs: number; readonly endMs: number } | null,
): LogLoad | null {
  const rows = readRows(text);
  const inside =
    window === null
      ? []
      : rows.filter(
          ({ atMs }) =>
            atMs !== null && atMs >= window.startMs - 1000 && atMs <= window.endMs + 1000,
        );
  const used = (inside.length > 0 ? inside : rows).map(({ row }) => row);
  return used.length === 0 ? null : summarise(used);
}

function readRows(text: string): readonly { readonly atMs: number | null; readonly row: Row }[] {
  const rows: { atMs: number | null; row: Row }[] = [];
  for (const line of text.split('\n')) {
    if (rows.length >= MAX_ROWS) break;
    if (!line.includes(' batch') && !line.includes('Running: ')) continue;
    const row = readRow(line);
    if (row !== null) rows.push(row);
  }
  return rows;
}

function readRow(line: string): { readonly atMs: number | null; readonly row: Row } | null {
  const batch = BATCH.exec(line);
  if (batch !== null) {
    const stamp = batch.groups?.['stamp'];
    const kind = batch.groups?.['kind'] === 'Decode' ? 'decode' : 'prefill';
    const atMs = stamp === undefined ? null : Date.parse(`${stamp.replace(' ', 'T')}Z`);
    return { atMs, row: { kind, pairs: readPairs(line.slice(batch.index + batch[0].length)) } };
  }
  const stats = STATS.exec(line);
  if (stats === null) return null;
  return {
    atMs: null,
    row: { kind: 'stats', pairs: readPairs(line.slice(stats.index + stats[0].length)) },
  };
}

function readPairs(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const part of text.split(',')) {
    const colon = part.lastIndexOf(':');
    if (colon > 0) pairs.set(part.slice(0, colon).trim(), part.slice(colon + 1).trim());
  }
  return pairs;
}

function numberOf(row: Row, keys: readonly string[]): number | null {
  for (const key of keys) {
    const text = row.pairs.get(key);
    if (text === undefined) continue;
    const value = Number.parseFloat(text);
    if (!Number.isNaN(value)) return text.includes('%') ? value / 100 : value;
  }
  return null;
}

/** Spread of some values. Null when: there are none. */
export function levelOf(values: readonly number[]): Level | null {
  if (values.length === 0) return null;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    max: values.reduce((most, value) => Math.max(most, value)),
    min: values.reduce((least, value) => Math.min(least, value)),
    n: values.length,
    shareAboveZero: values.filter((value) => value > 0).length / values.length,
  };
}

function summarise(rows: readonly Row[]): LogLoad {
  const column = (keys: readonly string[]): readonly number[] =>
    rows.flatMap((row) => numberOf(row, keys) ?? []);
  const decode = rows.filter((row) => row.kind === 'decode');
  const prefill = rows.filter((row) => row.kind === 'prefill');
  const graphs = decode.flatMap((row) => row.pairs.get('cuda graph') ?? []);
  const newTokens = column(KEYS.newTokens);
  const cached = column(KEYS.cachedTokens).reduce((sum, value) => sum + value, 0);
  const prompt = newTokens.reduce((sum, value) => sum + value, 0) + cached;
  return {
    lines: rows.length,
    running: levelOf(column(KEYS.running)),
    queue: levelOf(column(KEYS.queue)),
    kvUsage: levelOf(column(KEYS.kvUsage)),
    eagerShare:
      graphs.length === 0
        ? null
        : graphs.filter((text) => /^False/i.test(text)).length / graphs.length,
    decodeLines: decode.length,
    prefillLines: prefill.length,
    prefillRuns: rows.filter(
      (row, index) => row.kind === 'prefill' && rows[index - 1]?.kind === 'prefill',
    ).length,
    newTokensPerPrefill: levelOf(newTokens),
    cachedShare: newTokens.length === 0 || prompt === 0 ? null : cached / prompt,
    acceptLength: levelOf(column(KEYS.acceptLength)),
  };
}
