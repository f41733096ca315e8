import type { Histogram } from './engine-stats.ts';

export type Labels = Readonly<Record<string, string>>;

/** One number of a family. Several of one name, with other labels, make one family. */
export interface MetricRow<Source> {
  /** With prefix; a counter without its `_total`. */
  readonly name: string;
  readonly help: string;
  readonly read: (source: Source) => number;
  readonly labels?: Labels;
}

/** One histogram. */
export interface HistogramRow<Source> {
  readonly name: string;
  readonly help: string;
  readonly read: (source: Source) => Histogram;
}

export interface MetricTable<Source> {
  readonly gauges: readonly MetricRow<Source>[];
  readonly counters: readonly MetricRow<Source>[];
  readonly histograms: readonly HistogramRow<Source>[];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

const number = (value: number): string =>
  Number.isInteger(value) ? value.toFixed(1) : String(value);

const head = (name: string, help: string, type: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

const sample = (name: string, value: number, labels: Labels): string =>
  `${name}${labelText(labels)} ${number(value)}`;

function renderRows<Source>(
  rows: readonly MetricRow<Source>[],
  type: 'gauge' | 'counter',
  scrape: { readonly source: Source; readonly base: Labels },
): string[] {
  const seen = new Set<string>();
  return rows.flatMap((row) => {
    const name = type === 'counter' ? `${row.name}_total` : row.name;
    const first = seen.has(name) ? [] : head(name, row.help, type);
    seen.add(name);
    return [...first, sample(name, row.read(scrape.source), { ...scrape.base, ...row.labels })];
  });
}

function renderHistogram(name: string, histogram: Histogram, base: Labels): string[] {
  let cumulative = 0;
  const buckets = histogram.bounds.map((bound, index) => {
    cumulative += histogram.counts[index] ?? 0;
    return sample(`${name}_bucket`, cumulative, { ...base, le: number(bound) });
  });
  return [
    ...buckets,
    sample(`${name}_bucket`, histogram.count, { ...base, le: '+Inf' }),
    sample(`${name}_count`, histogram.count, base),
    sample(`${name}_sum`, histogram.sum, base),
  ];
}

/** Prometheus text of a table; every sample carries `base`. */
export function renderMetrics<Source>(
  table: MetricTable<Source>,
  source: Source,
  base: Labels,
): string {
  const scrape = { source, base };
  const lines = [
    ...renderRows(table.gauges, 'gauge', scrape),
    ...renderRows(table.counters, 'counter', scrape),
    ...table.histograms.flatMap((row) => [
      ...head(row.name, row.help, 'histogram'),
      ...renderHistogram(row.name, row.read(source), base),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
