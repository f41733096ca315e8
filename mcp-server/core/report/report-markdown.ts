import { cleanText } from '../redact.ts';
import { type Fact, type ReportData, SIMULATED_NOTE, type TrialDetail } from './report-data.ts';

/** The report as Markdown. */
export function renderReportMarkdown(data: ReportData): string {
  return [
    `# ${data.title}`,
    '',
    ...(data.simulated ? [`**${SIMULATED_NOTE}**`, ''] : []),
    data.verdict,
    '',
    ...facts(data.terms),
    '',
    '## Money',
    '',
    ...facts(data.money),
    '',
    '## Trials',
    '',
    row(data.columns),
    row(data.columns.map(() => '---')),
    ...data.trials.map((trial) =>
      row([`${trial.cells[0]}${trial.row.isBest ? ' (best)' : ''}`, ...trial.cells.slice(1)]),
    ),
    '',
    ...section('Confirmation', data.confirmation),
    ...section('Noise, drift and the cost of profiling', data.protocol),
    ...data.trials.flatMap(trialSection),
    ...section('Refused before they cost anything', data.refusals),
    ...section('How to read this', data.method),
  ].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;

const escapeCell = (text: string): string =>
  text.replace(/[|\\]/g, '\\$&').replace(/[<>]/g, '\\$&');

const facts = (list: readonly Fact[]): readonly string[] =>
  list.map((fact) => `- ${fact.label}: ${fact.text}`);

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines.map((line) => `- ${line}`), ''];
}

function trialSection(trial: TrialDetail): readonly string[] {
  const diff = cleanText(trial.diff, 6000).replaceAll('```', "'''").trimEnd();
  return [
    `## ${trial.row.trialId}: ${trial.row.verdict}`,
    '',
    ...facts(trial.hypothesis),
    ...trial.reasons.map((reason) => `- Reason: ${reason}`),
    '',
    ...(diff === '' ? [] : ['```diff', diff, '```', '']),
  ];
}
