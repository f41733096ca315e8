import { spending } from '../budget/budget.ts';
import type { SessionState } from '../ledger/state.ts';
import { METRIC_CARDS } from '../metrics/metric.ts';
import { signedPercent } from '../percent.ts';
import { describeFloors } from '../playbook/floor-rows.ts';
import { metricName } from '../stats/spread.ts';
import { describeLoadPoint } from '../workload/workload.ts';
import { asShare, efficiencyLegend } from './efficiency.ts';
import { isSimulated } from './figures.ts';
import { asDelta, asStanding, asUsd, stampOf, threeDigits } from './format.ts';
import { mechanismLine } from './mechanism-line.ts';
import { protocolLines } from './protocol-lines.ts';
import { oneLine } from './session-log.ts';
import { type TrialRow, trialRows } from './trial-rows.ts';

/** One fact of a report: a label and what it says. */
export interface Fact {
  readonly label: string;
  readonly text: string;
}

export interface TrialDetail {
  readonly row: TrialRow;
  readonly cells: readonly string[];
  readonly hypothesis: readonly Fact[];
  readonly reasons: readonly string[];
  readonly diff: string;
}

/** Everything a report shows, as text; the two renderers only lay it out. */
export interface ReportData {
  readonly title: string;
  readonly simulated: boolean;
  /** One sentence: what was gained, and how sure that is. */
  readonly verdict: string;
  readonly terms: readonly Fact[];
  readonly money: readonly Fact[];
  readonly columns: readonly string[];
  readonly trials: readonly TrialDetail[];
  readonly confirmation: readonly string[];
  /** Noise, drift of the anchor, cost of profiling. */
  readonly protocol: readonly string[];
  readonly refusals: readonly string[];
  readonly method: readonly string[];
}

export const SIMULATED_NOTE = 'SIMULATED: no real hardware produced these numbers.';

const COLUMNS = [
  'trial',
  'change',
  'TTFT p95 (ms)',
  'TBOT p95 (ms)',
  'output tok/s',
  'of limit',
  'USD/M tok',
  'objective against the best of its time',
  'verdict',
] as const;

/** Collects a report from the ledger's state at a time. */
export function reportData(state: SessionState, nowMs: number): ReportData {
  return {
    title: `autodebug report ${state.sessionId}`,
    simulated: isSimulated(state),
    verdict: verdictOf(state),
    terms: termsOf(state),
    money: moneyOf(state, nowMs),
    columns: COLUMNS,
    trials: trialRows(state).map(detailOf),
    confirmation: (state.confirmed?.reasons ?? []).map(oneLine),
    protocol: protocolLines(state).map(oneLine),
    refusals: state.refusals.map((refusal) =>
      oneLine(
        `${refusal.hypothesis.change}: refused by ${refusal.refusals.map((one) => `${one.check} (${one.message})`).join('; ')}`,
      ),
    ),
    method: [efficiencyLegend(state, 'Of limit'), ...METHOD],
  };
}

const METHOD = [
  'Every number comes from the load generator or from stored telemetry; `autodebug verify` looks each cited one up again.',
  'Latencies are those of the client; TTFT and TBOT are the mean over runs of each run’s p95. Failed requests are counted as errors and never as fast ones.',
  'Noise: the baseline was run against itself first. A trial is kept when it holds every gate (start, errors, plausibility, SLO, quality) and its gain is at least the minimum effect, and the lower 95 % bound of the gain, over a first look and two retests, lies above 0. SLO quantiles hold by their upper 95 % bound, failures counted, where there are requests enough for one.',
  'The baseline was also deployed a second time, and the incumbent is measured again every five trials and on every new instance: what deployments differ by enters the interval, with a prior (0.6 % on throughput and TBOT, 5 to 10 % on TTFT) where little of it was measured. The leaders were confirmed on fresh deployments of the very file that is handed over, with held-out prompts; the gain that is told is that one.',
] as const;

function verdictOf(state: SessionState): string {
  const best = state.trials.find((trial) => trial.trialId === state.bestId);
  if (best === undefined) return 'No best yet: the baseline is not calibrated.';
  if (best.planned.parentId === null)
    return `The baseline ${best.trialId} is the best; no trial beat it.`;
  const confirmed = state.confirmed?.trialId === best.trialId ? state.confirmed : null;
  const { metric, quantile } = state.contract.terms.objective;
  const name = metricName(metric, quantile);
  const delta = (confirmed ?? best.judgements.at(-1))?.deltas.find((one) => one.metric === name);
  const gain =
    delta === undefined
      ? ''
      : `: ${METRIC_CARDS[metric].label} ${asDelta(delta.deltaRatio, delta.interval)}${asStanding(delta)}`;
  if (confirmed === null)
    return `${best.trialId} is the best${gain} against the best before it; not confirmed yet.`;
  return confirmed.holds
    ? `${best.trialId} is the best, confirmed on a fresh deployment${gain} against the baseline.`
    : `${best.trialId} led the search but did not hold on a fresh deployment${gain} against the baseline.`;
}

function termsOf(state: SessionState): readonly Fact[] {
  const { terms } = state.contract;
  const { objective } = terms;
  const slo = terms.slo.map(
    (clause) => `${metricName(clause.metric, clause.quantile)} at most ${threeDigits(clause.max)}`,
  );
  return [
    { label: 'Model', text: oneLine(terms.model.id) },
    { label: 'Backend', text: terms.backend },
    {
      label: 'Objective',
      text: `${objective.direction} ${metricName(objective.metric, objective.quantile)}, at least ${signedPercent(objective.minEffectRatio)}`,
    },
    { label: 'SLO', text: slo.join('; ') || 'none' },
    { label: 'Load', text: terms.loadPoints.map(describeLoadPoint).join('; ') },
    { label: 'Contract hash', text: state.contractHash.slice(0, 16) },
    { label: 'Opened', text: stampOf(Date.parse(state.openedAt)) },
    ...(state.stopped === null
      ? []
      : [
          {
            label: 'Ended',
            text: oneLine(`${state.stopped.data.reason}: ${state.stopped.data.detail}`),
          },
        ]),
  ];
}

function moneyOf(state: SessionState, nowMs: number): readonly Fact[] {
  const spent = spending(state, nowMs);
  const { budget } = state;
  return [
    { label: 'Spent', text: `${asUsd(spent.totalUsd)} of ${asUsd(budget.maxTotalUsd)}` },
    { label: 'Running now', text: `${asUsd(spent.hourUsd)} per hour` },
    { label: 'Deployments', text: `${spent.deployments} of ${budget.maxDeployments}` },
    { label: 'Hours', text: `${spent.wallHours.toFixed(2)} of ${budget.maxWallHours}` },
  ];
}

function detailOf(row: TrialRow): TrialDetail {
  const { hypothesis, file, diff } = row.trial.planned;
  return {
    row,
    cells: [
      row.trialId,
      row.change,
      cell(row.ttftP95Ms),
      cell(row.tbotP95Ms),
      cell(row.outputTokensPerS),
      asShare(row.efficiency),
      row.usdPerMillionTokens === null ? '—' : asUsd(row.usdPerMillionTokens).slice(1),
      row.objective === null ? '—' : asDelta(row.objective.deltaRatio, row.objective.interval),
      row.verdict,
    ],
    hypothesis: [
      { label: 'Hypothesis', text: oneLine(hypothesis.change) },
      { label: 'Why', text: oneLine(hypothesis.why) },
      { label: 'Expected', text: oneLine(hypothesis.expected) },
      { label: 'Refuted by', text: oneLine(hypothesis.refutedBy) },
      { label: 'Configuration', text: file },
      { label: 'Log', text: row.file ?? 'not closed yet' },
      ...limitFact(row),
    ],
    reasons: [
      ...(row.trial.judgements.at(-1)?.reasons ?? []),
      ...row.trial.mechanisms.slice(-1).map(mechanismLine),
    ].map(oneLine),
    diff,
  };
}

function limitFact({ trial }: TrialRow): readonly Fact[] {
  const text = describeFloors(trial.diagnoses.at(-1)?.floor ?? []);
  return text === null ? [] : [{ label: 'Physical limit', text }];
}

const cell = (value: number | null): string => (value === null ? '—' : threeDigits(value));
