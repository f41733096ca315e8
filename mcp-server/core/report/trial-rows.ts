import type { SessionState, TrialState } from '../ledger/state.ts';
import type { Delta } from '../ledger/vocabulary.ts';
import { describeChange } from '../service/change.ts';
import { metricName } from '../stats/spread.ts';
import { efficiencyOf } from './efficiency.ts';
import { type Figures, figuresOf } from './figures.ts';
import { oneLine } from './session-log.ts';

/** One trial as tables show it. Null where it was not measured. */
export interface TrialRow {
  readonly trial: TrialState;
  readonly trialId: string;
  readonly change: string;
  readonly ttftP95Ms: number | null;
  readonly tbotP95Ms: number | null;
  readonly outputTokensPerS: number | null;
  /** Share of the physical limit. Ratio. Null when: no bound is known. */
  readonly efficiency: number | null;
  readonly usdPerMillionTokens: number | null;
  readonly verdict: string;
  /** Change of the objective against the best of its time. Null when: it was not judged by numbers. */
  readonly objective: Delta | null;
  readonly isBest: boolean;
  readonly file: string | null;
}

/** Every trial of a session in order, by the first load point that it was measured at. */
export function trialRows(state: SessionState): readonly TrialRow[] {
  return state.trials.map((trial) => {
    const figures = figuresOf(state, trial).find((one) => one.runs.length > 0);
    return {
      trial,
      trialId: trial.trialId,
      change: changeText(state, trial),
      ...numbersOf(figures),
      efficiency: efficiencyOf(state, trial),
      verdict: verdictText(state, trial),
      objective: objectiveDelta(state, trial),
      isBest: state.bestId === trial.trialId,
      file: trial.closed?.file ?? null,
    };
  });
}

/** The change, and the trial it was made on where that is not the baseline. */
function changeText(state: SessionState, trial: TrialState): string {
  const { parentId, changes } = trial.planned;
  const change = oneLine(changes.map(describeChange).join('; ')) || 'baseline';
  const isOnBaseline = parentId === null || parentId === state.trials[0]?.trialId;
  return isOnBaseline ? change : `${change} (on ${parentId})`;
}

function numbersOf(
  figures: Figures | undefined,
): Pick<TrialRow, 'ttftP95Ms' | 'tbotP95Ms' | 'outputTokensPerS' | 'usdPerMillionTokens'> {
  return {
    ttftP95Ms: figures?.mean('ttftMs', 'p95') ?? null,
    tbotP95Ms: figures?.mean('tbotMs', 'p95') ?? null,
    outputTokensPerS: figures?.mean('outputTokensPerS') ?? null,
    usdPerMillionTokens: figures?.mean('costUsdPerMillionTokens') ?? null,
  };
}

/** `keep`, `discard: slo`, `baseline`, or how far the trial has come. */
function verdictText(state: SessionState, trial: TrialState): string {
  const verdict = trial.judgements.at(-1);
  if (verdict !== undefined) {
    const crash =
      verdict.gate === 'start'
        ? trial.deployments.findLast((one) => one.failed !== null)
        : undefined;
    const gate = crash?.failed?.crashClass ?? verdict.gate;
    return gate === null ? verdict.verdict : `${verdict.verdict}: ${oneLine(gate)}`;
  }
  if (trial.planned.parentId === null && state.calibration !== null) return 'baseline';
  return trial.phase;
}

function objectiveDelta(state: SessionState, trial: TrialState): Delta | null {
  const { metric, quantile } = state.contract.terms.objective;
  const name = metricName(metric, quantile);
  return trial.judgements.at(-1)?.deltas.find((delta) => delta.metric === name) ?? null;
}
