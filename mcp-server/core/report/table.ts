import type { SessionState } from '../ledger/state.ts';
import { asShare, efficiencyLegend } from './efficiency.ts';
import { isSimulated } from './figures.ts';
import { asDelta, asStanding, asUsd, threeDigits } from './format.ts';
import { type TrialRow, trialRows } from './trial-rows.ts';

interface Column {
  readonly title: string;
  readonly right: boolean;
  readonly read: (row: TrialRow) => string;
}

const usd = (value: number | null): string => (value === null ? '—' : asUsd(value).slice(1));

const number = (value: number | null): string => (value === null ? '—' : threeDigits(value));

const COLUMNS: readonly Column[] = [
  { title: 'trial', right: false, read: (row) => `${row.trialId}${row.isBest ? '*' : ''}` },
  { title: 'change', right: false, read: (row) => row.change },
  { title: 'TTFT p95', right: true, read: (row) => number(row.ttftP95Ms) },
  { title: 'TBOT p95', right: true, read: (row) => number(row.tbotP95Ms) },
  { title: 'tok/s', right: true, read: (row) => number(row.outputTokensPerS) },
  { title: 'limit', right: true, read: (row) => asShare(row.efficiency) },
  { title: '$/Mtok', right: true, read: (row) => usd(row.usdPerMillionTokens) },
  { title: 'verdict', right: false, read: (row) => row.verdict },
];

/** Narrowest change and verdict columns that still say something. */
const MIN_FLEXIBLE = 10;
const GAP = '  ';

/**
 * The trials of a session as plain text, no line longer than `columns` (at least 72): trial, change, TTFT p95, TBOT p95,
 * output tok/s, share of the physical limit, USD per million tokens, verdict; below it the interval of the best.
 */
export function renderTrialTable(
  state: SessionState,
  options: { readonly columns: number },
): string {
  const rows = trialRows(state);
  const width = Math.max(72, options.columns);
  const cells = rows.map((row) => COLUMNS.map((column) => column.read(row)));
  const widths = fitWidths(cells, width);
  const line = (texts: readonly string[]): string =>
    COLUMNS.map((column, index) => pad(texts[index] ?? '', widths[index] ?? 0, column.right))
      .join(GAP)
      .trimEnd();
  const banner = isSimulated(state)
    ? ['SIMULATED: no real hardware produced these numbers.', '']
    : [];
  return [
    ...banner,
    line(COLUMNS.map((column) => column.title)),
    line(widths.map((columnWidth) => '-'.repeat(columnWidth))),
    ...cells.map(line),
    '',
    ...legend(state, rows).flatMap((text) => wrap(text, width)),
  ].join('\n');
}

/** Widths by content; what is too wide is taken from change first, then from verdict. */
function fitWidths(cells: readonly (readonly string[])[], width: number): readonly number[] {
  const widths = COLUMNS.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  let excess = sum(widths) + GAP.length * (COLUMNS.length - 1) - width;
  for (const [flexible, least] of [
    [1, 18],
    [7, 14],
    [1, MIN_FLEXIBLE],
    [7, MIN_FLEXIBLE],
  ] as const) {
    const own = widths[flexible] ?? 0;
    const cut = Math.max(0, Math.min(excess, own - least));
    widths[flexible] = own - cut;
    excess -= cut;
  }
  return widths;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

function pad(text: string, width: number, right: boolean): string {
  const cut = elide(text, width);
  return right ? cut.padStart(width) : cut.padEnd(width);
}

/** Cuts the middle of a text, so that the value at the end of a change stays in sight. */
function elide(text: string, width: number): string {
  if (text.length <= width) return text;
  const lastWord = text.slice(text.lastIndexOf(' ') + 1);
  const tail = lastWord.length > width / 2 ? '' : lastWord;
  return `${text.slice(0, Math.max(0, width - 1 - tail.length))}…${tail}`;
}

/** Units, the mark of the best, and its gain with interval. */
function legend(state: SessionState, rows: readonly TrialRow[]): readonly string[] {
  const best = rows.find((row) => row.isBest);
  const lines = [
    'TTFT and TBOT in ms (mean over runs of each run’s p95), tok/s of output. * best.',
    efficiencyLegend(state, 'limit'),
  ];
  if (best === undefined) return lines;
  const proof =
    state.confirmed?.trialId === best.trialId
      ? `${state.confirmed.holds ? 'confirmed' : 'not confirmed'} on a fresh deployment`
      : 'not confirmed yet';
  const shown =
    state.confirmed?.trialId === best.trialId
      ? (state.confirmed.deltas[0] ?? best.objective)
      : best.objective;
  const gain =
    shown === null
      ? ''
      : `: ${shown.metric} ${asDelta(shown.deltaRatio, shown.interval)} (95 % interval)${asStanding(shown)}`;
  return [...lines, `Best ${best.trialId}, ${proof}${gain}.`];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
