import { emptyLabels, parseSampleLine } from './prometheus-line.ts';

type SampleType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** One series of a scrape, name exactly as received (`_total`, `_sum`, `_bucket` included). */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly type: SampleType;
}

export interface PrometheusText {
  readonly samples: readonly Sample[];
  /** Lines that are neither sample, comment nor blank. */
  readonly malformedLines: number;
  /** Samples beyond the cap. */
  readonly dropped: number;
}

/** Most series that are kept of one scrape. Source: own reasoning, memory stays below about 300 MB. */
const MAX_SAMPLES = 1_000_000;

const TYPE_WORDS: ReadonlyMap<string, SampleType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['gaugehistogram', 'histogram'],
]);

/** Samples of a Prometheus text answer; lines that are not samples are left out. Never throws. */
export function parsePrometheus(text: string): Sample[] {
  return [...readPrometheus(text).samples];
}

/** The same with a count of what was not understood. Never throws. */
export function readPrometheus(text: string): PrometheusText {
  const types = new Map<string, SampleType>();
  const samples: Sample[] = [];
  const counts = { malformedLines: 0, dropped: 0 };
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(from, end).trim();
    from = end + 1;
    if (line === '') continue;
    if (line.startsWith('#')) readTypeComment(line, types);
    else addSample(line, { types, samples, counts });
  }
  return { samples, ...counts };
}

function readTypeComment(line: string, types: Map<string, SampleType>): void {
  const match = /^#\s*TYPE\s+(\S+)\s+(\S+)/.exec(line);
  if (match?.[1] === undefined || match[2] === undefined) return;
  types.set(match[1], TYPE_WORDS.get(match[2]) ?? 'untyped');
}

function addSample(
  line: string,
  into: {
    readonly types: ReadonlyMap<string, SampleType>;
    readonly samples: Sample[];
    readonly counts: { malformedLines: number; dropped: number };
  },
): void {
  const parsed = parseSampleLine(line);
  if (parsed === null) into.counts.malformedLines += 1;
  else if (into.samples.length >= MAX_SAMPLES) into.counts.dropped += 1;
  else into.samples.push({ ...parsed, type: typeOf(parsed.name, parsed.labels, into.types) });
}

function typeOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  types: ReadonlyMap<string, SampleType>,
): SampleType {
  const own = types.get(name);
  if (own !== undefined) return own;
  const base = name.replace(/_(?:bucket|sum|count|total)$/, '');
  const inherited = base === name ? undefined : types.get(base);
  if (inherited !== undefined) return inherited;
  if (name.endsWith('_bucket') && labels['le'] !== undefined) return 'histogram';
  return name.endsWith('_total') ? 'counter' : 'untyped';
}

/** A series over a window. `value` is the increase of a counter or histogram part, the last value of anything else. */
export interface DeltaSample extends Sample {
  /** Null when: the series was not in the first scrape (a counter then started at 0). */
  readonly before: number | null;
  readonly after: number;
  /** The counter fell: the engine restarted inside the window, and only the part after it is counted. */
  readonly reset: boolean;
}

/** Name and labels as one key, label order not mattering. */
function seriesKey(sample: Pick<Sample, 'name' | 'labels'>): string {
  const keys = Object.keys(sample.labels);
  if (keys.length > 1) keys.sort();
  let text = sample.name;
  for (const key of keys) text += `\u0000${key}\u0001${sample.labels[key] ?? ''}`;
  return text;
}

function isCumulative(type: SampleType): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary';
}

/** Key that the parts of one histogram share: a reset seen in one holds for all. */
function familyKey(sample: Sample): string {
  if (sample.type === 'counter') return seriesKey(sample);
  const labels = emptyLabels();
  for (const [key, value] of Object.entries(sample.labels)) {
    if (key !== 'le' && key !== 'quantile') labels[key] = value;
  }
  return seriesKey({ name: sample.name.replace(/_(?:bucket|sum|count)$/, ''), labels });
}

/**
 * What happened between two scrapes, series by series of the second one.
 * Source: Prometheus `increase()` semantics for resets; the parts of a histogram reset together.
 */
export function windowDelta(before: readonly Sample[], after: readonly Sample[]): DeltaSample[] {
  const first = new Map(before.map((sample) => [seriesKey(sample), sample.value]));
  const restarted = startTime(before) !== startTime(after) && startTime(before) !== null;
  const resets = new Set<string>();
  for (const sample of after) {
    const was = first.get(seriesKey(sample));
    if (was !== undefined && isCumulative(sample.type) && sample.value < was) {
      resets.add(familyKey(sample));
    }
  }
  return after.map((sample) => {
    const was = first.get(seriesKey(sample)) ?? null;
    const cumulative = isCumulative(sample.type);
    const reset =
      cumulative &&
      was !== null &&
      (restarted || (resets.size > 0 && resets.has(familyKey(sample))));
    const value = cumulative && was !== null && !reset ? sample.value - was : sample.value;
    return { ...sample, value, before: was, after: sample.value, reset };
  });
}

function startTime(samples: readonly Sample[]): number | null {
  return samples.find((sample) => sample.name === 'process_start_time_seconds')?.value ?? null;
}

/** One engine metric of a scrape or a window, aggregated over ranks and replicas. */
export interface EngineReading {
  /** As received; of a histogram its base name. */
  readonly name: string;
  readonly kind: 'level' | 'count' | 'mean';
  /** Level: last value; count: sum; mean: sum / count of the histogram. */
  readonly value: number;
  /** Observations of a histogram, else null. */
  readonly observations: number | null;
  readonly series: number;
}

/** Names that an engine gives to a canonical metric, newest first. */
export interface MetricNaming {
  readonly metricNames: Readonly<Record<string, readonly string[]>>;
}

/**
 * Reads a canonical metric of an engine from a scrape (since start) or from a window delta (within the window).
 * Null when: the engine has no such metric, or a histogram without an observation.
 */
export function readEngineMetric(
  samples: readonly Sample[],
  engine: MetricNaming,
  key: string,
): EngineReading | null {
  for (const name of engine.metricNames[key] ?? []) {
    const mean = histogramMean(samples, name);
    if (mean !== null) return mean;
    const bare = name.replace(/_total$/, '');
    const found = samples.filter(
      (sample) => sample.name === name || sample.name === `${bare}_total` || sample.name === bare,
    );
    if (found.length > 0) return readSeries(name, key, found);
  }
  return null;
}

function readSeries(name: string, key: string, found: readonly Sample[]): EngineReading {
  const kept = totalsOnly(leadRank(found)).filter((sample) => !Number.isNaN(sample.value));
  const values = kept.map((sample) => sample.value);
  const isCount = found[0]?.type === 'counter' || found[0]?.name.endsWith('_total') === true;
  const value = key.endsWith('Ratio')
    ? values.reduce((most, one) => Math.max(most, one), 0)
    : values.reduce((sum, one) => sum + one, 0);
  return {
    name: found[0]?.name ?? name,
    kind: isCount ? 'count' : 'level',
    value,
    observations: null,
    series: kept.length,
  };
}

/** Tensor-parallel ranks repeat each other: rank 0 speaks. Data-parallel ones add up. Source: SGLang `--enable-metrics-for-all-schedulers`. */
function leadRank(found: readonly Sample[]): readonly Sample[] {
  const lead = found.filter((sample) => (sample.labels['tp_rank'] ?? '0') === '0');
  return lead.length > 0 ? lead : found;
}

/** `cached_tokens_total{cache_source}` carries its own sum: adding the parts to it would count twice. */
function totalsOnly(found: readonly Sample[]): readonly Sample[] {
  const totals = found.filter((sample) => sample.labels['cache_source'] === 'total');
  return totals.length > 0 ? totals : found;
}

/** Mean of a histogram over all its series: Σ sum / Σ count. Null when: absent, or without an observation. */
export function histogramMean(samples: readonly Sample[], name: string): EngineReading | null {
  const sums = leadRank(samples.filter((sample) => sample.name === `${name}_sum`));
  const counts = leadRank(samples.filter((sample) => sample.name === `${name}_count`));
  const observations = counts.reduce((sum, one) => sum + one.value, 0);
  if (!(observations > 0) || sums.length === 0) return null;
  const value = sums.reduce((sum, one) => sum + one.value, 0) / observations;
  return { name, kind: 'mean', value, observations, series: counts.length };
}
