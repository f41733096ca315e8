import { MAX_ERROR_RATIO } from '../judge/feasibility.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import type { FloorRow } from '../ledger/vocabulary.ts';
import { checkLittle, describeFloors, describeLittle } from '../playbook/floor-rows.ts';
import { cleanText, redactText } from '../redact.ts';
import { describeChange } from '../service/change.ts';
import { asShare, shareOf } from './efficiency.ts';
import type { EngineLatency } from './engine-view.ts';
import { type Figures, figuresOf, isSimulated } from './figures.ts';
import { asDelta, asMs, asRate, asSeconds, asStanding } from './format.ts';
import { mechanismLine } from './mechanism-line.ts';

/** What the engine itself counted at a load point. */
export interface EngineFigures {
  readonly ttftMs: EngineLatency;
  readonly tbotMs: EngineLatency;
  readonly ttltMs: EngineLatency;
}

export interface SessionLogInput {
  readonly state: SessionState;
  readonly trial: TrialState;
  readonly stamp: string;
  /** By load point index; absent where the engine was not scraped. */
  readonly engine: ReadonlyMap<number, EngineFigures>;
  readonly analysis: readonly string[];
  readonly findings: readonly string[];
  readonly plannedChanges: readonly string[];
}

/** Heading of the first section that an author writes; what stands above it follows from ledger and evidence alone. */
export const ANALYSIS_HEADING = '**Analysis**';

/** The log of a closed trial, as Markdown: `sessions/debug-<stamp>.md`. */
export function renderSessionLog(input: SessionLogInput): string {
  const lines = [
    ...renderLogHead(input),
    ANALYSIS_HEADING,
    ...bullets(input.analysis),
    '',
    '**Findings**',
    ...bullets(input.findings),
    '',
    '**Planned changes**',
    ...bullets(input.plannedChanges),
    '',
  ];
  return redactText(lines.join('\n'), []);
}

/** The part above the analysis. Shape: lines; the same ledger and evidence give the same lines. */
export function renderLogHead(
  input: Pick<SessionLogInput, 'state' | 'trial' | 'stamp' | 'engine'>,
): readonly string[] {
  const { state, trial, stamp } = input;
  const figures = figuresOf(state, trial);
  return [
    `# debug-${stamp}`,
    '',
    metricsLine(figures),
    '',
    ...(isSimulated(state) ? ['SIMULATED: no real hardware produced these numbers.', ''] : []),
    ...figures.flatMap((one) =>
      figureLines(one, {
        engine: input.engine.get(one.loadPointIndex),
        floor: floorAt(trial, one),
      }),
    ),
    ...limitLines(trial, figures),
    ...verdictLines(state, trial),
    '',
  ].map((line) => redactText(line, []));
}

/** `**Metrics**: TTFT=0.45s, TBOT=0.032s, TTLT=2.1s, Errors=0`: medians of the first load point, errors of all. */
function metricsLine(figures: readonly Figures[]): string {
  const first = figures.find((one) => one.runs.length > 0);
  const at = (id: 'ttftMs' | 'tbotMs' | 'ttltMs'): string =>
    asSeconds(first === undefined ? null : first.mean(id, 'p50'));
  const errors =
    first === undefined ? 'n/a' : String(figures.reduce((sum, one) => sum + one.failed, 0));
  return `**Metrics**: TTFT=${at('ttftMs')}, TBOT=${at('tbotMs')}, TTLT=${at('ttltMs')}, Errors=${errors}`;
}

/** Floor of the diagnosed run, if it is one of these. Empty when: it is not, or no bound is known. */
function floorAt(trial: TrialState, { runs }: Figures): readonly FloorRow[] {
  const diagnosed = trial.diagnoses.at(-1);
  const isOne = runs.some((run) => run.measurement.measurementId === diagnosed?.measurementId);
  return isOne ? (diagnosed?.floor ?? []) : [];
}

function figureLines(
  one: Figures,
  beside: {
    readonly engine: EngineFigures | undefined;
    readonly floor: readonly FloorRow[];
  },
): readonly string[] {
  if (one.runs.length === 0) return [`Not measured at ${one.loadPoint}.`, ''];
  const ids = one.runs.map((run) => run.measurement.measurementId).join(', ');
  const row = (label: string, id: 'ttftMs' | 'tbotMs' | 'ttltMs'): string => {
    const seen = beside.engine?.[id];
    const cells = [
      one.mean(id, 'p50'),
      one.mean(id, 'p95'),
      seen?.p50 ?? null,
      seen?.p95 ?? null,
    ].map(asMs);
    return `| ${[label, ...cells, asShare(shareOf(beside.floor, `${id}.mean`))].join(' | ')} |`;
  };
  return [
    `${one.loadPoint}, mean of ${one.runs.length} runs (${ids}):`,
    '',
    '| | client p50 | client p95 | engine p50 | engine p95 | of limit |',
    '|---|---|---|---|---|---|',
    row('TTFT', 'ttftMs'),
    row('TBOT', 'tbotMs'),
    row('TTLT', 'ttltMs'),
    '',
    `Errors ${one.failed}/${one.attempted}; ${throughputs(one)} (${asShare(shareOf(beside.floor, 'outputTokensPerS'))} of limit)`,
    '',
  ];
}

const LEGEND =
  'Of limit: share of the physical limit that the mean of the diagnosed run reached; — where no bound is known.';

/** How far the diagnosed run is from what physics allows, and whether its own counts agree with each other. */
function limitLines(trial: TrialState, figures: readonly Figures[]): readonly string[] {
  const floors = describeFloors(trial.diagnoses.at(-1)?.floor ?? []);
  const run = figures.flatMap((one) => one.runs).at(-1)?.measurement;
  const little = run === undefined ? null : checkLittle(run.summary);
  const lines = [
    ...(run === undefined ? [] : [LEGEND]),
    ...(floors === null ? [] : [`Physical limit: ${floors}.`]),
    ...(little === null ? [] : [`${describeLittle(little)}.`]),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}

function throughputs(one: Figures): string {
  return [
    `prefill ${asRate(one.mean('prefillTokensPerS'), 'tok/s')}`,
    `decode ${asRate(one.mean('decodeTokensPerS'), 'tok/s')}`,
    `token throughput ${asRate(one.mean('totalTokensPerS'), 'tok/s')}`,
    `output ${asRate(one.mean('outputTokensPerS'), 'tok/s')}`,
  ].join(', ');
}

function verdictLines(state: SessionState, trial: TrialState): readonly string[] {
  const { hypothesis, changes, parentId, file } = trial.planned;
  const change = changes.map(describeChange).join('; ') || 'none: the baseline';
  return [
    '**Hypothesis and verdict**',
    `- Trial ${trial.trialId}${parentId === null ? '' : `, from ${parentId}`}, configuration ${file}`,
    `- Change: ${oneLine(change)}`,
    `- Hypothesis: ${oneLine(hypothesis.change)}`,
    `- Why: ${oneLine(hypothesis.why)}`,
    `- Expected: ${oneLine(hypothesis.expected)}`,
    `- Refuted by: ${oneLine(hypothesis.refutedBy)}`,
    ...trial.planned.forced.map(
      (one) => `- Forced past ${oneLine(one.check)}: ${oneLine(one.reason)}`,
    ),
    ...judgementLines(state, trial),
    ...trial.mechanisms.slice(-1).map((check) => `- ${oneLine(mechanismLine(check))}`),
  ];
}

function judgementLines(state: SessionState, trial: TrialState): readonly string[] {
  const verdict = trial.judgements.at(-1);
  if (verdict === undefined) return [unjudgedLine(state, trial)];
  const gates =
    verdict.gate === null
      ? `no gate failed (start, errors at most ${MAX_ERROR_RATIO * 100} %, plausibility, SLO, quality)`
      : `failed gate: ${verdict.gate}`;
  return [
    `- Verdict: ${verdict.verdict} against ${verdict.referenceId}; ${gates}`,
    ...verdict.reasons.map((reason) => `- Reason: ${oneLine(reason)}`),
    ...verdict.deltas.map(
      (delta) =>
        `- ${delta.metric} at ${delta.loadPoint}: ${asDelta(delta.deltaRatio, delta.interval)}${asStanding(delta)}`,
    ),
  ];
}

function unjudgedLine(state: SessionState, trial: TrialState): string {
  if (trial.planned.parentId !== null)
    return '- Verdict: none, it was abandoned before it was judged';
  const failed = trial.deployments.findLast((one) => one.failed !== null)?.failed;
  if (state.calibration === null && failed) {
    return `- Verdict: the baseline did not start (${oneLine(failed.crashClass)})`;
  }
  return '- Verdict: the baseline; later trials are judged against it';
}

function bullets(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ['- none'] : lines.map((line) => `- ${oneLine(line)}`);
}

/** Text of an author or a ledger as one harmless line. */
export function oneLine(text: string): string {
  return cleanText(text, 1200)
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}
