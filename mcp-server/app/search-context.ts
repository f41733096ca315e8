import type { MeasurementTerms } from '../core/contract/contract.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { readMetric } from '../core/metrics/metric.ts';
import type { Dimension, SearchContext } from '../core/search/knob.ts';
import type { LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';
import type { MemoryNumber } from '../engines/engine.ts';
import { forecastMemory } from './plan-checks.ts';
import type { PlanSubject } from './plan-subject.ts';

/** In flight at most in an open loop without a cap of its own, for the choice of values. Source: own reasoning. */
const OPEN_LOOP_CONCURRENCY = 64;

/** What the search has to know of the configuration it starts from, its hardware and its load. */
export function searchContext(
  state: SessionState,
  from: {
    readonly subject: PlanSubject;
    readonly workload: WorkloadSpec;
    readonly parent: TrialState;
  },
): SearchContext {
  const { subject, workload, parent } = from;
  const { terms } = state.contract;
  return {
    flags: subject.facts.flags,
    canonicalFlag: (flag) => subject.engine.canonicalFlag(flag),
    concurrency: Math.max(...terms.loadPoints.map(inFlight)),
    inputTokens: longest(workload, 'inputTokens'),
    outputTokens: longest(workload, 'outputTokens'),
    hasFp8: (subject.gpu?.tflops8 ?? null) !== null,
    cpuCount: readCpuCount(subject.service.resources['cpu']),
    minContextTokens: terms.minContextTokens,
    defaultOf: defaultsOf(subject, terms.minContextTokens),
    kvTokens: forecastMemory(state.contract, subject).kvTokens,
    focus: focusOf(terms, parent),
    sharesPrefix: workload.components.some(
      (one) => one.sharedPrefixTokens > 0 || one.repeatsOfEachPrompt > 1,
    ),
    isNatural: workload.text === 'natural',
  };
}

const inFlight = (point: LoadPoint): number =>
  point.kind === 'closed' ? point.concurrency : (point.maxConcurrency ?? OPEN_LOOP_CONCURRENCY);

/** Largest length that a component may draw; a log-normal one counts twice its median. */
function longest(workload: WorkloadSpec, side: 'inputTokens' | 'outputTokens'): number {
  const lengths = workload.components.map((component) => {
    const length = component[side];
    if (typeof length === 'number') return length;
    return 'max' in length ? length.max : Math.ceil(length.median * 2);
  });
  return Math.max(...lengths);
}

/** First number of a dstack `cpu` range. Null when: the file names none. */
function readCpuCount(cpu: unknown): number | null {
  const text = typeof cpu === 'number' || typeof cpu === 'string' ? String(cpu) : '';
  const count = /\d+/.exec(text)?.[0];
  return count === undefined ? null : Number(count);
}

/** Numbers in force where a flag is left out: as the engine resolves them here, else its literal default. */
function defaultsOf(
  subject: PlanSubject,
  minContextTokens: number,
): (flag: string) => number | null {
  const { engine, facts, model, gpu } = subject;
  const settings =
    model === null || gpu === null
      ? null
      : engine.memorySettings(facts, { model, gpu, minContextTokens });
  const resolved = new Map<string, number>();
  const names: readonly MemoryNumber[] = [
    'memoryShare',
    'stepTokens',
    'graphBatch',
    'maxSequences',
  ];
  for (const name of names) {
    const flag = engine.memoryFlags[name];
    if (flag !== undefined && settings !== null) resolved.set(flag, settings[name]);
  }
  return (flag) => {
    const canonical = engine.canonicalFlag(flag);
    const literal = engine.flags.find((fact) => fact.flag === canonical)?.default ?? null;
    return resolved.get(canonical) ?? literalNumber(subject, literal);
  };
}

/** A literal default as a number; llama.cpp writes some as `same as --threads`. */
function literalNumber(
  { engine, facts }: PlanSubject,
  literal: string | number | boolean | null,
): number | null {
  if (literal === null || typeof literal === 'boolean' || literal === '') return null;
  const other = /^same as (--[a-z-]+)$/.exec(String(literal))?.[1];
  const text = other === undefined ? literal : facts.flags.get(engine.canonicalFlag(other));
  const number = Number(text ?? Number.NaN);
  return Number.isFinite(number) ? number : null;
}

const DIMENSIONS: Readonly<Record<string, readonly Dimension[]>> = {
  ttftMs: ['ttft'],
  scheduledTtftMs: ['ttft'],
  tbotMs: ['tbot'],
  iclMs: ['tbot'],
  ttltMs: ['ttft', 'tbot'],
  prefillTokensPerS: ['ttft', 'throughput'],
  sloAttainmentRatio: ['ttft', 'tbot'],
};

/** The objective, and every SLO clause that the last measurements of the configuration missed. */
function focusOf(terms: MeasurementTerms, parent: TrialState): ReadonlySet<Dimension> {
  const missed = terms.slo.filter((clause) =>
    parent.measurements.some(({ data }) => {
      if (data.purpose === 'probe') return false;
      const measured = readMetric(data.summary, { id: clause.metric, quantile: clause.quantile });
      return measured !== null && measured > clause.max;
    }),
  );
  const metrics = [terms.objective.metric, ...missed.map((clause) => clause.metric)];
  return new Set(metrics.flatMap((metric) => DIMENSIONS[metric] ?? ['throughput']));
}
