import { PreconditionError } from '../errors.ts';
import { formatNumber } from '../judge/feasibility.ts';
import { cleanText } from '../redact.ts';
import { definitionOf } from './definitions.ts';
import type { ComparedMetric } from './metric-name.ts';
import type { ResultRun } from './result-run.ts';

/**
 * How far mean lengths may differ and still be one workload: prompts by what seeds draw; answers as MLPerf's length clause
 * allows. Source: own reasoning, answers within 90 to 110 %.
 */
const TOLERANCES: Readonly<Record<string, number>> = {
  inputTokensPerRequest: 0.05,
  outputTokensPerRequest: 0.1,
};

/** Throws: PreconditionError `E_DEFINITIONS` or `E_WORKLOADS`, naming the first difference of any run from the first one. */
export function refuseUnequal(runs: readonly ResultRun[], metric: ComparedMetric): void {
  const [first, ...others] = runs;
  if (first === undefined) return;
  for (const other of others) {
    const meanings = [first, other].map((run) => definitionOf(run, metric.family));
    if (meanings[0] !== meanings[1]) throw otherDefinition([first, other], metric);
    const difference = workloadDifference(first, other);
    if (difference !== null) throw otherWorkload([first, other], difference);
  }
}

type Pair = readonly [ResultRun, ResultRun];

function otherDefinition([first, other]: Pair, metric: ComparedMetric): PreconditionError {
  return new PreconditionError(
    `${metric.name} does not mean the same in ${first.source} (${definitionOf(first, metric.family)}) and in ${other.source} (${definitionOf(other, metric.family)}).`,
    {
      code: 'E_DEFINITIONS',
      fix: 'Compare files of one tool and one route, or measure both services with autodebug bench.',
    },
  );
}

function otherWorkload([first, other]: Pair, difference: string): PreconditionError {
  return new PreconditionError(
    `${first.source} and ${other.source} are of different workloads: ${difference}.`,
    { code: 'E_WORKLOADS', fix: 'Measure both services with the same workload and load.' },
  );
}

/** The first fact that both files tell and that differs. Null when: there is none. */
function workloadDifference(first: ResultRun, other: ResultRun): string | null {
  for (const [key, value] of Object.entries(first.workload)) {
    const found = other.workload[key];
    if (found === undefined || isSame(key, value, found)) continue;
    return `${key} is ${show(value)} and ${show(found)}`;
  }
  return null;
}

function isSame(key: string, left: string | number, right: string | number): boolean {
  const tolerance = TOLERANCES[key];
  if (tolerance === undefined || typeof left === 'string' || typeof right === 'string') {
    return String(left) === String(right);
  }
  return Math.abs(left - right) <= tolerance * Math.max(left, right);
}

/** Text of a file is data: capped and cleaned. */
const show = (value: string | number): string =>
  typeof value === 'number' ? formatNumber(value) : `"${cleanText(value, 80)}"`;

/** Facts of the workload that only one of the files tells, so that they could not be checked. */
export function uncheckedFacts(runs: readonly ResultRun[]): readonly string[] {
  const keys = new Set(runs.flatMap((run) => Object.keys(run.workload)));
  return [...keys].filter((key) => runs.some((run) => run.workload[key] === undefined));
}
