import { parseJson } from '../parse.ts';
import { parsePrometheus, type Sample } from './prometheus.ts';

/** A gauge over a window, from samples in time. Units: as received. */
export interface SampledGauge {
  /** Exactly as received. */
  readonly name: string;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly last: number;
  readonly n: number;
  /** Ratio 0..1 of the samples that were above zero. */
  readonly shareAboveZero: number;
}

/** Gauges that are kept; an engine has some fifty. Source: own reasoning. */
const MAX_GAUGES = 500;

interface Running {
  min: number;
  max: number;
  last: number;
  sum: number;
  above: number;
  n: number;
}

/** Collects gauges from scrapes, in memory that does not grow with their number. */
export interface GaugeCollector {
  /** Adds one scrape of `GET /metrics`. */
  add(text: string): void;
  levels(): readonly SampledGauge[];
}

/** Shares of a whole: over several ranks the fullest counts, not their sum. */
const IS_SHARE = /usage|ratio|perc|hit_rate|utili[sz]ation/;

export function createGaugeCollector(): GaugeCollector {
  const gauges = new Map<string, Running>();
  return {
    add: (text) => {
      for (const [name, value] of readGauges(parsePrometheus(text))) note(gauges, name, value);
    },
    levels: () =>
      [...gauges].map(([name, one]) => ({
        name,
        min: one.min,
        mean: one.sum / one.n,
        max: one.max,
        last: one.last,
        n: one.n,
        shareAboveZero: one.above / one.n,
      })),
  };
}

function note(gauges: Map<string, Running>, name: string, value: number): void {
  const known = gauges.get(name);
  const above = value > 0 ? 1 : 0;
  if (known === undefined) {
    if (gauges.size >= MAX_GAUGES) return;
    gauges.set(name, { min: value, max: value, last: value, sum: value, above, n: 1 });
    return;
  }
  known.min = Math.min(known.min, value);
  known.max = Math.max(known.max, value);
  known.last = value;
  known.sum += value;
  known.above += above;
  known.n += 1;
}

/** One number a gauge: tensor-parallel rank 0 speaks for all, data-parallel ranks add up. */
function readGauges(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const { name, type, value, labels } of samples) {
    if (type !== 'gauge' || !Number.isFinite(value)) continue;
    if ((labels['tp_rank'] ?? '0') !== '0') continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, value);
    else values.set(name, IS_SHARE.test(name) ? Math.max(known, value) : known + value);
  }
  return values;
}

/** Reads what `levels` gave, from stored JSON. Empty when: it is not that. */
export function readSampledGauges(text: string): readonly SampledGauge[] {
  const parsed = parseJson(text);
  return Array.isArray(parsed) ? parsed.filter(isSampledGauge) : [];
}

function isSampledGauge(value: unknown): value is SampledGauge {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false;
  const numbers = ['min', 'mean', 'max', 'last', 'n', 'shareAboveZero'];
  return (
    typeof value.name === 'string' &&
    numbers.every((key) => typeof Reflect.get(value, key) === 'number')
  );
}
