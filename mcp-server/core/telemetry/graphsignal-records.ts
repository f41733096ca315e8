import { isRecord } from '../parse.ts';
import type {
  ContextLog,
  ContextMetric,
  ContextOperation,
  ContextPoint,
  ContextResource,
  ContextSpan,
} from './graphsignal-types.ts';
import {
  firstOf,
  looseNumber,
  looseNumberMap,
  looseText,
  looseTextMap,
  looseTimeMs,
} from './loose-values.ts';

type Raw = Readonly<Record<string, unknown>>;

export type RecordShape = 'span' | 'profile' | 'operation' | 'metric' | 'log' | 'resource';

/** Most points read of one series. Source: own reasoning: ten hours of one-second ticks. */
const MAX_POINTS = 36_000;

const TIME_FIELDS = [
  'measurement_ts',
  'updated_ns',
  'timestamp',
  'ts',
  'time',
  'start_ts',
] as const;
const VALUE_FIELDS = ['gauge', 'value', 'total', 'last', 'mean', 'avg'] as const;

type Has = (name: string) => boolean;

/** Shapes in the order in which they are tried. */
const SHAPES: readonly (readonly [RecordShape, (record: Raw, has: Has) => boolean])[] = [
  ['span', (_record, has) => has('counters') || (has('start_ts') && has('end_ts'))],
  ['profile', (record) => isFramesRecord(record) || isProfileRecord(record)],
  ['operation', (_record, has) => has('op_name') || has('cumtime') || has('ncalls')],
  ['metric', (_record, has) => has('datapoints') || has('stats') || has('points')],
  [
    'log',
    (_record, has) =>
      has('message') && ['level', 'log_ts', 'log_ns', 'exception'].some((field) => has(field)),
  ],
  ['resource', (_record, has) => has('kind') && has('attributes')],
  ['metric', (record) => isFlatMetric(record)],
];

/** What a record is, by its fields and never by where it stands. Null when: it is none of ours. */
export function shapeOf(record: Raw): RecordShape | null {
  const has = (name: string): boolean => record[name] !== undefined;
  return SHAPES.find(([, holds]) => holds(record, has))?.[0] ?? null;
}

function isFlatMetric(record: Raw): boolean {
  return (
    typeof record['name'] === 'string' &&
    VALUE_FIELDS.some((field) => looseNumber(record[field]) !== null)
  );
}

function isFramesRecord(record: Raw): boolean {
  const stats = record['stats'];
  return Array.isArray(record['frames']) || (isRecord(stats) && Array.isArray(stats['frames']));
}

function isProfileRecord(record: Raw): boolean {
  const fields = record['fields'];
  return (
    Array.isArray(fields) &&
    fields.some(
      (field) =>
        isRecord(field) &&
        (describe(field)['op_name'] ?? describe(field)['category']) !== undefined,
    )
  );
}

/** A field's own description: flat, or below `descriptor`. */
function describe(field: Raw): Raw {
  const descriptor = field['descriptor'];
  return isRecord(descriptor) ? { ...field, ...descriptor } : field;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function readPoint(raw: unknown): ContextPoint {
  if (Array.isArray(raw)) {
    return { atMs: looseTimeMs(raw[0]), value: looseNumber(raw[1]), count: null, sum: null };
  }
  if (!isRecord(raw)) return { atMs: null, value: looseNumber(raw), count: null, sum: null };
  const summary = firstOf(raw, ['summary', 'histogram']);
  const parts = isRecord(summary) ? summary : raw;
  const count = looseNumber(parts['count']);
  const sum = looseNumber(parts['sum']);
  const value = looseNumber(firstOf(raw, VALUE_FIELDS));
  const mean = count !== null && sum !== null && count > 0 ? sum / count : null;
  return { atMs: looseTimeMs(firstOf(raw, TIME_FIELDS)), value: value ?? mean, count, sum };
}

export function readMetric(raw: Raw, nameHint: string): ContextMetric {
  const stats = raw['stats'];
  const rows = list(firstOf(raw, ['datapoints', 'points', 'values']));
  const single = isRecord(stats) ? { ...stats, updated_ns: raw['updated_ns'] } : raw;
  return {
    name: looseText(raw['name'], 300) || looseText(nameHint, 300),
    type: looseText(raw['type'], 40)
      .toLowerCase()
      .replace(/^(?:metric)?_?type_/, ''),
    unit: looseText(raw['unit'], 40),
    tags: looseTextMap(raw['tags'] ?? raw['labels']),
    points: rows.length > 0 ? rows.slice(0, MAX_POINTS).map(readPoint) : pointsOf(single),
  };
}

function pointsOf(single: Raw): readonly ContextPoint[] {
  const point = readPoint(single);
  return point.value === null && point.count === null ? [] : [point];
}

/** One row per operation, whatever the layout. */
export function readOperation(
  raw: Raw,
  hints: { profile: string; category: string },
): ContextOperation {
  return {
    profile: hints.profile,
    category: looseText(raw['category'], 120) || hints.category,
    name: looseText(firstOf(raw, ['op_name', 'name', 'function', 'kernel_name']), 300),
    tags: looseTextMap(raw['tags']),
    cumtimeNs: looseNumber(firstOf(raw, ['cumtime', 'cumtime_ns', 'total_cumtime', 'value'])),
    calls: looseNumber(firstOf(raw, ['ncalls', 'calls', 'total_calls', 'samples'])),
    errors: looseNumber(raw['nerrors']),
    bytes: looseNumber(raw['bytes']),
    points: Math.max(1, list(raw['datapoints']).length),
  };
}

/** Operations of a profile metric: frames of generation 3, or fields with a matrix of datapoints. */
export function readProfile(raw: Raw, nameHint: string): readonly ContextOperation[] {
  const profile = looseText(raw['name'], 300) || looseText(nameHint, 300);
  const tags = looseTextMap(raw['tags']);
  const stats = raw['stats'];
  const frames = list(raw['frames'] ?? (isRecord(stats) ? stats['frames'] : undefined));
  if (frames.length > 0) {
    return frames
      .filter(isRecord)
      .map((frame) => ({ ...readOperation(frame, { profile, category: profile }), tags }));
  }
  return sumFields(raw, { profile, tags });
}

interface FieldSum {
  readonly category: string;
  readonly name: string;
  readonly totals: Map<string, number>;
  points: number;
}

function sumFields(
  raw: Raw,
  identity: { readonly profile: string; readonly tags: Readonly<Record<string, string>> },
): readonly ContextOperation[] {
  const fields = list(raw['fields']).map((field) => (isRecord(field) ? describe(field) : {}));
  const idOf = new Map(fields.map((field, index) => [looseText(field['field_id']), index]));
  const sums = new Map<string, FieldSum>();
  for (const row of list(raw['datapoints']).slice(0, MAX_POINTS)) {
    if (!isRecord(row)) continue;
    const matrix = isRecord(row['profile']) ? row['profile'] : row;
    const ids = list(matrix['field_ids']);
    list(matrix['values']).forEach((value, place) => {
      const index = ids.length > 0 ? idOf.get(looseText(ids[place])) : place;
      const field = index === undefined ? undefined : fields[index];
      if (field !== undefined) addCell(sums, field, value);
    });
  }
  for (const field of fields) addCell(sums, field, field['value']);
  return [...sums.values()].map((sum) => operationOf(sum, identity));
}

function addCell(sums: Map<string, FieldSum>, field: Raw, value: unknown): void {
  const number = looseNumber(value);
  if (number === null) return;
  const category = looseText(field['category'], 120);
  const name = looseText(firstOf(field, ['op_name', 'name']), 300);
  const key = `${category}\u0000${name}`;
  const sum = sums.get(key) ?? { category, name, totals: new Map<string, number>(), points: 0 };
  const statistic = looseText(field['statistic'], 40);
  sum.totals.set(statistic, (sum.totals.get(statistic) ?? 0) + number);
  sum.points += 1;
  sums.set(key, sum);
}

function operationOf(
  sum: FieldSum,
  identity: { readonly profile: string; readonly tags: Readonly<Record<string, string>> },
): ContextOperation {
  return {
    ...identity,
    category: sum.category,
    name: sum.name,
    cumtimeNs: sum.totals.get('cumtime') ?? null,
    calls: sum.totals.get('ncalls') ?? null,
    errors: sum.totals.get('nerrors') ?? null,
    bytes: sum.totals.get('bytes') ?? null,
    points: sum.points,
  };
}

export function readSpan(raw: Raw): ContextSpan {
  return {
    name: looseText(raw['name'], 300),
    startMs: looseTimeMs(raw['start_ts']),
    endMs: looseTimeMs(raw['end_ts']),
    tags: looseTextMap(raw['tags']),
    counters: looseNumberMap(raw['counters']),
    attributes: looseTextMap(raw['attributes']),
  };
}

export function readLog(raw: Raw): ContextLog {
  return {
    level: looseText(raw['level'], 20),
    message: looseText(raw['message'], 1024),
    exception: looseText(raw['exception'], 4096),
    atMs: looseTimeMs(firstOf(raw, ['log_ts', 'log_ns', 'ts', 'timestamp'])),
  };
}

export function readResource(raw: Raw): ContextResource {
  return {
    kind: looseText(raw['kind'], 60),
    tags: looseTextMap(raw['tags']),
    attributes: looseTextMap(raw['attributes']),
  };
}
