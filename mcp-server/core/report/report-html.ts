import { cleanText } from '../redact.ts';
import { renderForestPlot } from './forest-plot.ts';
import { escapeHtml } from './html.ts';
import { type Fact, type ReportData, SIMULATED_NOTE, type TrialDetail } from './report-data.ts';
import { REPORT_STYLE } from './report-style.ts';

/** The report as one HTML file without any outside part; every text in it is escaped. */
export function renderReportHtml(data: ReportData): string {
  const plot = renderForestPlot(data.trials.map((trial) => trial.row));
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeHtml(data.title)}</title>`,
    `<style>${REPORT_STYLE}</style></head><body><main>`,
    `<h1>${escapeHtml(data.title)}</h1>`,
    `<p class="verdict">${escapeHtml(data.verdict)}</p>`,
    data.simulated ? `<p class="banner">${SIMULATED_NOTE}</p>` : '',
    cards(data.terms),
    '<h2>Money</h2>',
    cards(data.money),
    '<h2>Trials</h2>',
    table(data),
    plot === '' ? '' : `<h2>Change of the objective, 95 % interval</h2>${plot}`,
    list('Confirmation', data.confirmation),
    list('Noise, drift and the cost of profiling', data.protocol),
    '<h2>Each trial</h2>',
    ...data.trials.map(trialDetails),
    list('Refused before they cost anything', data.refusals),
    list('How to read this', data.method),
    data.simulated ? `<footer>${SIMULATED_NOTE}</footer>` : '',
    '</main></body></html>',
    '',
  ].join('\n');
}

function cards(facts: readonly Fact[]): string {
  const each = facts.map(
    (fact) => `<div class="card"><b>${escapeHtml(fact.label)}</b>${escapeHtml(fact.text)}</div>`,
  );
  return `<div class="cards">${each.join('')}</div>`;
}

/** Columns of numbers, which stand to the right. */
const NUMERIC: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 7]);
const CHANGE_COLUMN = 1;
const VERDICT_COLUMN = 8;

function table(data: ReportData): string {
  const head = data.columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
  const body = data.trials.map((trial) => {
    const cells = trial.cells.map((cell, index) => tableCell(trial, cell, index)).join('');
    return `<tr${trial.row.isBest ? ' class="best"' : ''}>${cells}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function tableCell(trial: TrialDetail, text: string, index: number): string {
  const shown = escapeHtml(text);
  if (index === VERDICT_COLUMN) return `<td class="${verdictClass(text)}">${shown}</td>`;
  if (index === 0) return `<td>${shown}${trial.row.isBest ? ' <b>best</b>' : ''}</td>`;
  if (NUMERIC.has(index)) return `<td class="n">${shown}</td>`;
  return `<td${index === CHANGE_COLUMN ? ' class="c"' : ''}>${shown}</td>`;
}

const VERDICTS: ReadonlySet<string> = new Set([
  'keep',
  'discard',
  'invalid',
  'retest',
  'tie',
  'baseline',
]);

function verdictClass(verdict: string): string {
  const word = /^[a-z]+/.exec(verdict)?.[0] ?? '';
  return VERDICTS.has(word) ? word : '';
}

function trialDetails(trial: TrialDetail): string {
  const facts = trial.hypothesis
    .map((fact) => `<dt>${escapeHtml(fact.label)}</dt><dd>${escapeHtml(fact.text)}</dd>`)
    .join('');
  const reasons = trial.reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('');
  return [
    `<details${trial.row.isBest ? ' open' : ''}><summary><b>${escapeHtml(trial.row.trialId)}</b> ${escapeHtml(trial.row.change)}`,
    ` <span class="${verdictClass(trial.row.verdict)}">${escapeHtml(trial.row.verdict)}</span></summary>`,
    `<dl>${facts}</dl>`,
    reasons === '' ? '' : `<ul>${reasons}</ul>`,
    diffBlock(trial.diff),
    '</details>',
  ].join('');
}

function diffBlock(diff: string): string {
  if (diff === '') return '';
  const lines = cleanText(diff, 6000)
    .split('\n')
    .map((line) => {
      const shown = escapeHtml(line);
      if (line.startsWith('+')) return `<span class="add">${shown}</span>`;
      return line.startsWith('-') ? `<span class="del">${shown}</span>` : shown;
    });
  return `<pre>${lines.join('\n')}</pre>`;
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const items = lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('');
  return `<h2>${escapeHtml(title)}</h2><ul>${items}</ul>`;
}
