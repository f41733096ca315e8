import type { Delta } from '../ledger/vocabulary.ts';
import { METRIC_CARDS } from '../metrics/metric.ts';
import { cleanText } from '../redact.ts';
import { compareOverall, loadPoints, type NamedMetric } from './compare.ts';
import { demandProof } from './demand-proof.ts';
import {
  describeViolation,
  ERROR_CLAUSE,
  excessOf,
  mendsBeyondNoise,
  type Violation,
  violationsOf,
} from './feasibility.ts';
import { ruleOnObjective } from './objective.ts';
import { otherPrompts } from './other-prompts.ts';
import { implausibilities } from './plausibility.ts';
import { qualityGate, qualityNotes } from './quality-gate.ts';
import { invalid, type Ruling, unclear } from './ruling.ts';
import { type JudgeInput, runsAt, usableRuns } from './sides.ts';

export interface Judgement extends Ruling {
  readonly deltas: readonly Delta[];
  /** Measurements that the verdict rests on. */
  readonly measurements: readonly string[];
}

/** Metrics that every verdict shows beside the objective and the SLO. */
const SHOWN: readonly NamedMetric[] = [
  { id: 'ttftMs', quantile: 'p95' },
  { id: 'tbotMs', quantile: 'p95' },
  { id: 'outputTokensPerS', quantile: 'mean' },
  { id: 'costUsdPerMillionTokens', quantile: 'mean' },
];

/**
 * The verdict on a trial against the best. Gates in order: start, errors, plausibility, slo, quality; then the objective.
 *
 * A trial is kept when every gate holds, its gain is at least the minimum effect, and the lower 95 % bound of the gain is
 * above 0, where the noise is that of runs and, by a stated prior, of deployments. A best that breaks a bound loses to a
 * trial that holds them all. Swapping the sides never leaves a keep a keep; two equal configurations are kept in at most
 * 5 % of judgements, retests included.
 */
export function judge(input: JudgeInput): Judgement {
  const deltas = input.crash === null ? deltasOf(input) : [];
  const ruling = startGate(input) ?? usability(input) ?? ruleOnNumbers(input);
  return {
    ...ruling,
    reasons: [...ruling.reasons, ...sideNotes(input)].map((reason) => cleanText(reason, 400)),
    deltas,
    measurements: [input.trial, input.reference].flatMap((side) =>
      usableRuns(side).map((run) => run.measurement.measurementId),
    ),
  };
}

function startGate({ crash, trial }: JudgeInput): Ruling | null {
  if (crash === null) return null;
  const reason = `${trial.trialId} did not serve: ${crash.crashClass}. ${crash.message}`;
  return { verdict: 'discard', gate: 'start', reasons: [reason.trim()] };
}

/** Says which flag or gap makes the numbers unusable, on either side. */
function usability(input: JudgeInput): Ruling | null {
  if (input.unfit !== null) return invalid(input.unfit);
  for (const side of [input.trial, input.reference]) {
    const flags = [...new Set(side.runs.flatMap((run) => run.measurement.flags))].join(', ');
    const missing = loadPoints(input.ruler).filter(
      (index) => runsAt(usableRuns(side), index).length === 0,
    );
    if (missing.length === 0) continue;
    const why = flags === '' ? 'it was not measured there' : `its measurements carry ${flags}`;
    return invalid(
      `${side.trialId} has no usable measurement at load point ${missing.join(', ')}: ${why}`,
    );
  }
  return null;
}

function ruleOnNumbers(input: JudgeInput): Ruling {
  const count = input.ruler.loadPointCount;
  const errors = violationsOf(input.trial, [ERROR_CLAUSE], count);
  if (errors.length > 0) return brokenBounds(input, 'errors', errors);
  const faults = implausibilities(input);
  if (faults.length > 0) return { verdict: 'invalid', gate: 'plausibility', reasons: faults };
  const slo = violationsOf(input.trial, input.ruler.slo, count);
  if (slo.length > 0) return brokenBounds(input, 'slo', slo);
  const quality = qualityGate(input);
  if (quality !== null) return quality;
  const referenceBroken = violationsOf(input.reference, [ERROR_CLAUSE, ...input.ruler.slo], count);
  return demandProof(
    input,
    referenceBroken.length > 0 ? ruleOnFeasibility(input, referenceBroken) : ruleOnObjective(input),
  );
}

function brokenBounds(
  input: JudgeInput,
  gate: 'errors' | 'slo',
  violations: readonly Violation[],
): Ruling {
  const clauses = gate === 'errors' ? [ERROR_CLAUSE] : input.ruler.slo;
  const before = violationsOf(input.reference, clauses, input.ruler.loadPointCount);
  const reasons = violations.map(describeViolation);
  if (before.length > 0 && excessOf(violations) < excessOf(before)) {
    reasons.push(
      `${input.reference.trialId} breaks its bounds by more; still, only a trial that holds them all is kept`,
    );
  }
  return { verdict: 'discard', gate, reasons };
}

/** Bounds first: a trial that holds them beats a best that does not, unless noise alone may have carried it over. */
function ruleOnFeasibility(input: JudgeInput, broken: readonly Violation[]): Ruling {
  const said = broken.slice(0, 4).map(describeViolation).join('; ');
  if (mendsBeyondNoise(input, broken)) {
    const reason = `every bound holds, and ${input.reference.trialId} breaks one (${said}): feasibility comes before the objective`;
    return { verdict: 'keep', gate: null, reasons: [reason] };
  }
  return unclear(input, `bounds hold where ${input.reference.trialId} breaks them (${said})`);
}

/** Differences of the objective, of each SLO metric and of what every table shows; the overall one first. */
function deltasOf(input: JudgeInput): readonly Delta[] {
  const { objective, slo } = input.ruler;
  const wanted: readonly NamedMetric[] = [
    { id: objective.metric, quantile: objective.quantile },
    ...slo.map((clause) => ({ id: clause.metric, quantile: clause.quantile })),
    ...SHOWN,
  ];
  const unique = new Map(
    wanted.map((metric) => {
      const name = METRIC_CARDS[metric.id].hasQuantiles
        ? `${metric.id}.${metric.quantile}`
        : metric.id;
      return [name, metric] as const;
    }),
  );
  return [...unique.values()].flatMap((metric) => {
    const { overall, parts } = compareOverall(input, metric);
    return parts.length === 1
      ? parts.map((part) => part.delta)
      : [overall, ...parts].map((one) => one.delta);
  });
}

/** What a reader should know beside the verdict: runs left out, TTFT of the engine. */
function sideNotes(input: JudgeInput): readonly string[] {
  if (input.crash !== null) return [];
  const flagged = input.trial.runs.filter((run) => run.measurement.flags.length > 0);
  const notes = [
    ...flagged
      .slice(0, 3)
      .map(({ measurement: m }) => `${m.measurementId} was left out: ${m.flags.join(', ')}`),
    ...promptNotes(input),
    ...(input.gates?.notes ?? []),
    ...qualityNotes(input),
  ];
  const atEngine = usableRuns(input.trial).some((run) => run.measurement.ttftSource === 'engine');
  return atEngine
    ? [...notes, 'TTFT is the engine’s own: the round trip is too large to judge it at the client']
    : notes;
}

/** Says which runs were not paired, since their services were asked other prompts, and how each side's were sized. */
function promptNotes(input: JudgeInput): readonly string[] {
  const found = otherPrompts({
    trial: usableRuns(input.trial),
    reference: usableRuns(input.reference),
  });
  if (found === null) return [];
  const [one, other] = [found.trial, found.reference].map(
    (run) => `${run.measurementId} (${run.prompts?.sizing ?? 'unknown'})`,
  );
  return [`runs were not paired by repeat: ${one} and ${other} sent other prompts`];
}
