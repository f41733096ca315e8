import { paceMs, ttftMs } from '../metrics/request-metrics.ts';
import { percent } from '../percent.ts';
import { contentCaching } from '../plausibility/cache-checks.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { quantile } from '../stats/quantile.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Gate, invalid } from './gate-context.ts';
import { type GateFinding, type GateSide, isBusy, sampleRecords, uniqueOf } from './gate-run.ts';
import { logPace } from './pace-gates.ts';
import { chanceOf, type Estimate, estimateOf } from './shares.ts';
import { isUsual, usualFaults } from './usual-faults.ts';

/** Answers to prompts that were sent again, beside the baseline's own: a store betrays itself by its speed. */
export const nothingStored: Gate = ({ trial, baseline }) => {
  const own = usualFaults([
    { found: storedOn(baseline), requests: sampleRecords(baseline).length },
  ]);
  return storedOn(trial).filter((fault) => !isUsual(fault, own));
};

function storedOn(side: GateSide): readonly GateFinding[] {
  const summary = side.runs[0]?.summary;
  if (summary === undefined) return [];
  return side.samples.flatMap((sample) => {
    const valid = sample.records.filter((record) => record.failure === null);
    const found = contentCaching({
      ...NOTHING,
      summary: { ...summary, cachedTokens: cachedOf(valid) },
      records: sample.records,
      valid,
      unique: uniqueOf(sample),
      traps: sample.traps,
    });
    return found.map(({ name, size, detail }) =>
      invalid(name, { size, detail: `${detail} (health sample)` }),
    );
  });
}

const NOTHING = {
  exactOutput: false,
  rttMs: null,
  eventsPerRead: null,
  clientLagMs: null,
  wallMs: null,
  engine: null,
  floors: null,
  service: null,
  reference: null,
  holdOut: null,
} as const;

function cachedOf(records: readonly RequestRecord[]): number | null {
  const told = records.map((record) => record.cachedTokens).filter((value) => value !== null);
  return told.length === 0 ? null : told.reduce((sum, value) => sum + value, 0);
}

/** Time to the first token of a repeat over that of its original, against the baseline's. Source: own reasoning. */
const REPEAT_FASTER = 0.8;
/** Cached share of repeats that counts as told. Source: own reasoning. */
const TOLD = 0.05;

/** Repeats whose prompts come from a cache say so, where the service tells what is cached at all. */
export const repeatsAreTold: Gate = ({ trial, baseline }) => {
  const now = repeatsOf(trial);
  const before = repeatsOf(baseline);
  if (now.toldRatio === null || now.toldRatio > TOLD) return [];
  if (Math.min(now.logs.length, before.logs.length) < MIN_REPEATS) return [];
  const chance = ERRORS * pooledError(now.logs, before.logs);
  const change = (meanOf(now.logs) ?? 0) - (meanOf(before.logs) ?? 0);
  if (change >= -Math.max(-Math.log(REPEAT_FASTER), chance)) return [];
  return [
    invalid('prefix_cache_hidden', {
      size: 1 - Math.exp(change),
      detail: `a prompt sent again gets its first token in ${percent(Math.exp(change))} of the time that the baseline takes for it, and nothing is said to be cached`,
    }),
  ];
};

const MIN_REPEATS = 3;
/** Source: Student's t with about ten degrees of freedom, one-sided 0.13 %. */
const ERRORS = 4;

/** Standard error of the difference of two means of few values each, which vary alike. */
function pooledError(a: readonly number[], b: readonly number[]): number {
  const squares = (values: readonly number[]): number =>
    (sampleSd(values) ?? 0) ** 2 * (values.length - 1);
  const variance = (squares(a) + squares(b)) / (a.length + b.length - 2);
  return Math.sqrt(variance * (1 / a.length + 1 / b.length));
}

function repeatsOf(side: GateSide): {
  /** Logarithms of the repeat's time to its first token over the original's. */
  readonly logs: readonly number[];
  readonly toldRatio: number | null;
} {
  const pairs = side.samples.flatMap(({ records, traps }) => {
    const byIndex = new Map(records.map((record) => [record.index, record]));
    return traps
      .filter((trap) => trap.kind === 'exact')
      .flatMap((trap) => {
        const [first, again] = [byIndex.get(trap.of), byIndex.get(trap.index)];
        return first === undefined || again === undefined ? [] : [{ first, again }];
      });
  });
  const logs = pairs.flatMap(({ first, again }) => {
    const [a, b] = [ttftMs(first), ttftMs(again)];
    return a === null || b === null || a <= 0 || b <= 0 ? [] : [Math.log(b / a)];
  });
  const cached = cachedOf(pairs.map(({ again }) => again));
  const asked = pairs.reduce((sum, { again }) => sum + (again.inputTokens ?? 0), 0);
  return { logs, toldRatio: cached === null || asked === 0 ? null : cached / asked };
}

/** How much slower the sample may be against the measured requests than the baseline's was. Source: own reasoning. */
const SLOWER = { tbot: 1.3, ttft: 2 } as const;
const LEAST_MS = { tbot: 0.5, ttft: 20 } as const;
/**
 * Share of the baseline's sample below which the trial's sample has gained too. A first token waits for those who came at the
 * same moment: requests of one length come in waves and gain most where waves break up, so gains need not be alike. A token's
 * pace has no such excuse. Source: own reasoning.
 */
const GAINED = { tbot: 0, ttft: 0.8 } as const;
const READ = { tbot: paceMs, ttft: ttftMs } as const;

/** Requests that do not look like a benchmark are served like those that do. */
export const notOnlyWhenMeasured: Gate = ({ trial, baseline }) => {
  if (isBusy([...trial.samples, ...baseline.samples])) return [];
  return (['tbot', 'ttft'] as const).flatMap((what) => {
    const now = besideMeasured(trial, READ[what]);
    const before = besideMeasured(baseline, READ[what]);
    if (now === null || before === null) return [];
    const allowed = (now.measured * before.sample * SLOWER[what]) / before.measured;
    if (now.sample <= allowed || now.sample - now.measured < LEAST_MS[what]) return [];
    if (now.sample < GAINED[what] * before.sample) return [];
    const title = what === 'tbot' ? 'a token' : 'to the first token';
    return [
      invalid('fast_only_when_measured', {
        size: now.sample / allowed,
        detail: `${now.sample.toFixed(1)} ms ${title} in the health sample, ${now.measured.toFixed(1)} in the measurement; ${before.sample.toFixed(1)} and ${before.measured.toFixed(1)} before`,
      }),
    ];
  });
};

/** A gain per token that the sample is asked for (logarithm), and the part of it that it must show. Source: own reasoning. */
const GAIN = 0.1;
const SEEN_PART = 0.5;

/** What a token gains in the measurement it gains for requests that do not look like one. */
export const gainIsServed: Gate = ({ trial, baseline }) => {
  if (isBusy([...trial.samples, ...baseline.samples])) return [];
  const now = logPaces(trial);
  const before = logPaces(baseline);
  if (now === null || before === null) return [];
  const gained = before.measured.mean - now.measured.mean;
  const served = before.sample.mean - now.sample.mean;
  const chance =
    chanceOf(now.sample, before.sample) * Math.hypot(now.sample.error, before.sample.error);
  if (gained <= GAIN || served + chance >= SEEN_PART * gained) return [];
  return [
    invalid('fast_only_when_measured', {
      size: gained - served,
      detail: `a token takes ${percent(Math.exp(-gained))} of the baseline's time in the measurement, ${percent(Math.exp(-served))} in the health sample`,
    }),
  ];
};

function logPaces(
  side: GateSide,
): { readonly sample: Estimate; readonly measured: Estimate } | null {
  const sample = estimateOf(sampleRecords(side).map(logPace));
  const measured = estimateOf(measuredBeside(side).map(logPace));
  return sample === null || measured === null ? null : { sample, measured };
}

/** Requests of the runs after which the samples were taken. */
function measuredBeside(side: GateSide): readonly RequestRecord[] {
  const taken = new Set(side.samples.map((sample) => sample.measurementId));
  return side.runs.filter((run) => taken.has(run.measurementId)).flatMap((run) => run.records);
}

/** Medians of the samples and of the runs after which they were taken. */
function besideMeasured(
  side: GateSide,
  read: (record: RequestRecord) => number | null,
): { readonly sample: number; readonly measured: number } | null {
  const medianOf = (records: readonly RequestRecord[]): number | null =>
    quantile(
      records
        .filter((record) => record.failure === null)
        .map(read)
        .filter((value) => value !== null),
      0.5,
    );
  const sample = medianOf(sampleRecords(side));
  const measured = medianOf(measuredBeside(side));
  return sample === null || measured === null || measured <= 0 ? null : { sample, measured };
}

/** Failed requests of a sample that are chance. Source: own reasoning; one of a few dozen. */
const MAX_FAILED = 1;

/** Requests that do not look like a benchmark are served at all. */
export const sampleIsServed: Gate = ({ trial, baseline }) => {
  const failedOf = (side: GateSide): number =>
    side.samples
      .flatMap((sample) => sample.records)
      .filter(({ failure }) => failure !== null && failure !== 'cancelled').length;
  const failed = failedOf(trial);
  if (failed <= MAX_FAILED + failedOf(baseline)) return [];
  const detail = `${failed} requests of the health sample failed`;
  return [invalid('sample_not_served', { size: failed, detail })];
};
