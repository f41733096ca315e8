import { readRuns } from '../judge/sides.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { METRIC_CARDS, type MetricId, type Quantile } from '../metrics/metric.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { metricName } from '../stats/spread.ts';
import type { EngineLatency } from './engine-view.ts';
import { figuresOf } from './figures.ts';
import { threeDigits } from './format.ts';

/** Mean and spread of run values of one metric. Null where no usable run has it. */
interface RunValues {
  readonly mean: number | null;
  /** Sample sd over runs. Null when: fewer than two. */
  readonly sd: number | null;
  readonly n: number;
}

/** One line of the table: a metric at a load point, for the trial and beside it the two that it is compared with. */
export interface MetricsRow {
  readonly loadPointIndex: number;
  readonly loadPoint: string;
  /** As in citations, e.g. `ttftMs.p95`. */
  readonly metric: string;
  readonly label: string;
  readonly unit: string;
  readonly trial: RunValues;
  /** The same by the engine's own clock, of the last run. Null when: it tells none. */
  readonly engine: number | null;
  readonly baseline: RunValues | null;
  readonly best: RunValues | null;
}

/** By load point index. */
export type EngineByPoint = ReadonlyMap<
  number,
  Readonly<Partial<Record<'ttftMs' | 'tbotMs' | 'ttltMs', EngineLatency>>>
>;

const ROWS: readonly { readonly id: MetricId; readonly quantile: Quantile }[] = [
  { id: 'ttftMs', quantile: 'p50' },
  { id: 'ttftMs', quantile: 'p95' },
  { id: 'ttftMs', quantile: 'p99' },
  { id: 'scheduledTtftMs', quantile: 'p95' },
  { id: 'tbotMs', quantile: 'p50' },
  { id: 'tbotMs', quantile: 'p95' },
  { id: 'iclMs', quantile: 'p95' },
  { id: 'ttltMs', quantile: 'p50' },
  { id: 'ttltMs', quantile: 'p95' },
  { id: 'outputTokensPerS', quantile: 'mean' },
  { id: 'prefillTokensPerS', quantile: 'mean' },
  { id: 'decodeTokensPerS', quantile: 'mean' },
  { id: 'totalTokensPerS', quantile: 'mean' },
  { id: 'requestsPerS', quantile: 'mean' },
  { id: 'goodputRps', quantile: 'mean' },
  { id: 'sloAttainmentRatio', quantile: 'mean' },
  { id: 'errorRatio', quantile: 'mean' },
  { id: 'costUsdPerMillionTokens', quantile: 'mean' },
];

/** The table of a trial over its usable runs (all of its runs where none is usable), beside baseline and best. */
export function metricsTable(
  state: SessionState,
  trial: TrialState,
  sides: {
    readonly baseline: TrialState | null;
    readonly best: TrialState | null;
    readonly engine: EngineByPoint;
  },
): readonly MetricsRow[] {
  const points = state.contract.terms.loadPoints.map((_, index) => index);
  return points.flatMap((index) =>
    ROWS.flatMap((metric) => {
      const own = valuesOf(state, trial, { ...metric, index });
      if (own.n === 0 && metric.id === 'scheduledTtftMs') return [];
      return [
        {
          loadPointIndex: index,
          loadPoint: figuresOf(state, trial)[index]?.loadPoint ?? '',
          metric: metricName(metric.id, metric.quantile),
          label: METRIC_CARDS[metric.id].label,
          unit: METRIC_CARDS[metric.id].unit,
          trial: own,
          engine: engineValue(sides.engine, metric, index),
          baseline:
            sides.baseline === null ? null : valuesOf(state, sides.baseline, { ...metric, index }),
          best: sides.best === null ? null : valuesOf(state, sides.best, { ...metric, index }),
        },
      ];
    }),
  );
}

function valuesOf(
  state: SessionState,
  trial: TrialState,
  cell: { readonly id: MetricId; readonly quantile: Quantile; readonly index: number },
): RunValues {
  const runs = figuresOf(state, trial)[cell.index]?.runs ?? [];
  const values = readRuns(runs, cell);
  return { mean: meanOf(values), sd: sampleSd(values), n: values.length };
}

function engineValue(
  engine: EngineByPoint,
  metric: { readonly id: MetricId; readonly quantile: Quantile },
  index: number,
): number | null {
  const { id, quantile } = metric;
  if (id !== 'ttftMs' && id !== 'tbotMs' && id !== 'ttltMs') return null;
  if (quantile !== 'p50' && quantile !== 'p95' && quantile !== 'mean') return null;
  return engine.get(index)?.[id]?.[quantile] ?? null;
}

/** Rows that the text of an answer has room for; the rest stands in the structured table. */
const SHOWN: ReadonlySet<string> = new Set([
  'ttftMs.p50',
  'ttftMs.p95',
  'tbotMs.p50',
  'tbotMs.p95',
  'ttltMs.p95',
  'outputTokensPerS',
  'goodputRps',
  'errorRatio',
  'costUsdPerMillionTokens',
]);

/** The first load point as text of at most ten lines: trial ± sd, engine, baseline, best; `-` where unknown. */
export function renderMetricsTable(rows: readonly MetricsRow[]): string {
  const first = rows.filter((row) => row.loadPointIndex === 0 && SHOWN.has(row.metric));
  const lines = first.map((row) => {
    const cells = [row.trial, { mean: row.engine, sd: null }, row.baseline, row.best];
    return [row.metric.padEnd(24), ...cells.map((cell) => cellText(cell).padStart(15))].join('');
  });
  const head = [
    'metric'.padEnd(24),
    ...['trial', 'engine', 'baseline', 'best'].map((name) => name.padStart(15)),
  ].join('');
  return [head, ...lines].join('\n');
}

function cellText(cell: Pick<RunValues, 'mean' | 'sd'> | null): string {
  if (cell === null || cell.mean === null) return '-';
  return cell.sd === null
    ? threeDigits(cell.mean)
    : `${threeDigits(cell.mean)} ±${threeDigits(cell.sd)}`;
}
