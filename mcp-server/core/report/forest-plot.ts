import { signedPercent } from '../percent.ts';
import { escapeHtml } from './html.ts';
import type { TrialRow } from './trial-rows.ts';

const WIDTH = 1000;
const LABELS = 110;
const VALUES = 230;
const ROW = 26;
const TOP = 14;

interface Drawn {
  readonly row: TrialRow;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Changes of the objective with their 95 % intervals, trial by trial, as SVG. Empty when: none was judged by numbers. */
export function renderForestPlot(rows: readonly TrialRow[]): string {
  const drawn = rows.flatMap(({ objective, ...row }) => {
    if (objective === null || objective.deltaRatio === null) return [];
    const [low, high] = objective.interval ?? [objective.deltaRatio, objective.deltaRatio];
    return [{ row: { ...row, objective }, ratio: objective.deltaRatio, low, high }];
  });
  if (drawn.length === 0) return '';
  const least = Math.min(0, ...drawn.map((one) => one.low));
  const most = Math.max(0, ...drawn.map((one) => one.high));
  const span = most - least || 1;
  const x = (ratio: number): number =>
    LABELS + ((ratio - least) / span) * (WIDTH - LABELS - VALUES - 20) + 10;
  const height = TOP * 2 + drawn.length * ROW;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Change of the objective per trial with its 95 % interval">`,
    `<line class="zero" x1="${at(x(0))}" x2="${at(x(0))}" y1="4" y2="${height - 4}" stroke-dasharray="3 3"/>`,
    ...drawn.map((one, index) => drawRow(one, TOP + index * ROW + ROW / 2, x)),
    '</svg>',
  ].join('');
}

function drawRow(one: Drawn, y: number, x: (ratio: number) => number): string {
  const { row, ratio, low, high } = one;
  const range = `${signedPercent(ratio)} [${signedPercent(low)}, ${signedPercent(high)}]`;
  return [
    `<text x="10" y="${y + 4}">${escapeHtml(row.trialId)}${row.isBest ? ' best' : ''}</text>`,
    `<line class="ci" x1="${at(x(low))}" x2="${at(x(high))}" y1="${y}" y2="${y}"/>`,
    `<circle class="dot" cx="${at(x(ratio))}" cy="${y}" r="4.5"/>`,
    `<text class="dim" x="${WIDTH - VALUES}" y="${y + 4}">${escapeHtml(range)}</text>`,
  ].join('');
}

const at = (value: number): string => value.toFixed(1);
