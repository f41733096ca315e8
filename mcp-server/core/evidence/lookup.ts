import type { SloClause } from '../contract/contract.ts';
import type { EventData } from '../ledger/events.ts';
import { summarise } from '../metrics/summarise.ts';
import { parseWith } from '../parse.ts';
import { cleanText } from '../redact.ts';
import { extractValues } from '../telemetry/embedded-json.ts';
import { histogramMean, parsePrometheus, type Sample } from '../telemetry/prometheus.ts';
import { RequestRecord } from '../workload/request-record.ts';
import type { LoadPoint } from '../workload/workload.ts';
import type { FoundValue } from './citation-types.ts';
import { jsonLeaves } from './json-leaves.ts';
import { readPrinted } from './rounding.ts';

export type ArtefactKind = EventData<'evidence_stored'>['kind'];

/** How request records become metrics: the terms of the measurement that they belong to. */
export interface RecordTerms {
  readonly loadPoint: LoadPoint;
  readonly slo: readonly SloClause[];
}

/** A stored artefact, read once and asked often. */
export interface Artefact {
  /** Every value that stands under this name, exactly as received. `said` helps where a name repeats on many lines. */
  valuesOf(name: string, said: string): readonly FoundValue[];
}

/** Most values that one name may give. Source: own reasoning. */
const MAX_VALUES = 20_000;

type Reader = (text: string, terms: RecordTerms | null) => Artefact;

const readMetrics: Reader = (text) => metricsArtefact(parsePrometheus(text));

const READERS: Readonly<Record<ArtefactKind, Reader>> = {
  metrics_before: readMetrics,
  metrics_after: readMetrics,
  metrics_delta: (text) => deltaArtefact(text),
  requests: (text, terms) => recordsArtefact(text, terms),
  engine_log: (text) => linesArtefact(text),
  engine_help: (text) => linesArtefact(text),
  metrics_samples: (text) => jsonArtefact(text),
  graphsignal: (text) => jsonArtefact(text),
  server_info: (text) => jsonArtefact(text),
  quality: (text) => jsonArtefact(text),
  deployment_state: (text) => jsonArtefact(text),
  client: (text) => jsonArtefact(text),
};

/** Reads an artefact by its kind. Never throws: what cannot be read answers to no name. */
export function readArtefact(
  kind: ArtefactKind,
  text: string,
  terms: RecordTerms | null,
): Artefact {
  return READERS[kind](text, terms);
}

function metricsArtefact(samples: readonly Sample[]): Artefact {
  return { valuesOf: (name) => seriesValues(samples, name) };
}

/** Each series of the name, their sum, and the mean of a histogram of that name. */
function seriesValues(samples: readonly Sample[], name: string): readonly FoundValue[] {
  const wanted = withoutSpaces(name);
  const found = samples.filter(
    (sample) =>
      sample.name === name || (name.includes('{') && withoutSpaces(seriesText(sample)) === wanted),
  );
  const values = found.slice(0, MAX_VALUES).map((sample) => sample.value);
  const mean = histogramMean(samples, name)?.value ?? null;
  const sum = values.length > 1 ? [values.reduce((total, value) => total + value, 0)] : [];
  return [...values, ...sum, ...(mean === null ? [] : [mean])];
}

const withoutSpaces = (text: string): string => text.replace(/\s+/g, '');

function seriesText(sample: Sample): string {
  const labels = Object.entries(sample.labels).map(([key, value]) => `${key}="${value}"`);
  return labels.length === 0 ? sample.name : `${sample.name}{${labels.join(',')}}`;
}

/** A window's delta is JSON with series in it; read as series where it can be, and as JSON besides. */
function deltaArtefact(text: string): Artefact {
  const json = jsonArtefact(text);
  const samples = jsonSamples(text);
  return {
    valuesOf: (name, said) => [...seriesValues(samples, name), ...json.valuesOf(name, said)],
  };
}

function jsonSamples(text: string): readonly Sample[] {
  return extractValues(text).values.flatMap(samplesIn);
}

function samplesIn(value: unknown): readonly Sample[] {
  if (Array.isArray(value)) return value.flatMap(samplesIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = asSample(value);
  if (own !== null) return [own];
  return Object.values(value).flatMap((item: unknown) =>
    typeof item === 'object' ? samplesIn(item) : [],
  );
}

function asSample(value: object): Sample | null {
  if (!('name' in value) || !('value' in value)) return null;
  if (typeof value.name !== 'string' || typeof value.value !== 'number') return null;
  const labels: Record<string, string> = {};
  if ('labels' in value && typeof value.labels === 'object' && value.labels !== null) {
    for (const [key, label] of Object.entries(value.labels)) labels[key] = String(label);
  }
  return { name: value.name, labels, value: value.value, type: 'untyped' };
}

function jsonArtefact(text: string): Artefact {
  const { values, leftOver } = extractValues(text);
  const byName = new Map<string, FoundValue[]>();
  for (const leaf of jsonLeaves(values.length === 1 ? values[0] : values)) {
    for (const name of new Set([leaf.path, ...leaf.names])) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [leaf.value]);
      else if (known.length < MAX_VALUES) known.push(leaf.value);
    }
  }
  const prose = linesArtefact(leftOver);
  return {
    valuesOf: (name, said) =>
      byName.get(name) ?? (leftOver === '' ? [] : prose.valuesOf(name, said)),
  };
}

/** Metrics recomputed from request records, by path below the summary: `ttftMs.p95`, `failures.timed_out`. */
function recordsArtefact(text: string, terms: RecordTerms | null): Artefact {
  const records = terms === null ? null : readRecords(text);
  if (records === null || terms === null) return { valuesOf: () => [] };
  const leaves = jsonLeaves(summarise(records, terms));
  return {
    valuesOf: (name) => leaves.filter((leaf) => leaf.path === name).map((leaf) => leaf.value),
  };
}

/** Request records of JSON Lines. Null when: any line is not one. */
function readRecords(text: string): readonly RequestRecord[] | null {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const value: unknown = JSON.parse(line);
        return parseWith(RequestRecord, value, { name: 'A request record', fix: 'Measure again.' });
      });
  } catch {
    return null;
  }
}

/** A log line that holds the name gives the numbers and words behind it, and `said` itself where it stands whole. */
function linesArtefact(text: string): Artefact {
  const lines = text.split('\n');
  return {
    valuesOf: (name, said) => {
      const holding = lines.filter((line) => line.includes(name)).slice(0, MAX_VALUES);
      return holding.flatMap((line) => valuesOfLine(line, name, said));
    },
  };
}

function valuesOfLine(line: string, name: string, said: string): readonly FoundValue[] {
  const behind = line.slice(line.indexOf(name) + name.length);
  const numbers = [...behind.matchAll(/(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?/gi)]
    .slice(0, 40)
    .map((match) => readPrinted(match[0].replace(/,$/, ''))?.value)
    .filter((value) => value !== undefined);
  const isWord = readPrinted(said) === null && holdsWhole(line, said);
  return isWord ? [...numbers, said] : numbers;
}

function holdsWhole(line: string, said: string): boolean {
  const at = line.indexOf(said);
  if (at < 0) return false;
  const around = `${line[at - 1] ?? ' '}${line[at + said.length] ?? ' '}`;
  return !/\w/.test(around);
}

/** Values for a message: the few first ones, cleaned and capped. */
export function describeFound(values: readonly FoundValue[]): string {
  if (values.length === 0) return 'nothing of that name';
  const shown = values.slice(0, 4).map((value) => cleanText(String(value), 60));
  return `${shown.join(', ')}${values.length > 4 ? `, … (${values.length} values)` : ''}`;
}
