import { PreconditionError } from '../core/errors.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { REDACTED, redactText } from '../core/redact.ts';
import { reportData } from '../core/report/report-data.ts';
import { renderReportHtml } from '../core/report/report-html.ts';
import { renderReportMarkdown } from '../core/report/report-markdown.ts';
import type { Answer, App, Call } from './app.ts';
import { finishSession } from './finish-session.ts';

export interface ExportReportArgs {
  readonly session_id?: string | undefined;
}

export interface ExportReportAnswer extends Answer {
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly simulated: boolean;
}

/** Writes the report and notes it in the ledger. Throws: PreconditionError `E_SECRET` when a secret would leave. */
export async function exportReport(
  app: App,
  args: ExportReportArgs,
  _call: Call,
): Promise<ExportReportAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const { outputs, ...written } = await writeReport(app, writer.state());
  await writer.append({ type: 'report_exported', data: { files: [...outputs] } });
  const after = await finishSession(app, writer);
  return { ...written, next: nextStep(after, app.clock.nowMs()) };
}

/**
 * Writes the report as Markdown and as one HTML file, below the session's folder. Needs no lock.
 * Throws: PreconditionError `E_SECRET` when a secret would leave.
 */
export async function writeReport(
  app: Pick<App, 'files' | 'clock'>,
  state: SessionState,
): Promise<Omit<ExportReportAnswer, 'next'> & { readonly outputs: readonly string[] }> {
  const data = reportData(state, app.clock.nowMs());
  const markdown = renderReportMarkdown(data);
  refuseSecret(state, markdown);
  const outputs = [`${state.sessionId}/report.md`, `${state.sessionId}/report.html`] as const;
  await app.files.writeOutput(outputs[0], markdown);
  await app.files.writeOutput(outputs[1], renderReportHtml(data));
  const files = outputs.map((output) => `${app.files.sessionsDir}/${output}`);
  return {
    outputs,
    files,
    simulated: data.simulated,
    summary: [data.verdict, ...files.map((file) => `- ${file}`)].join('\n'),
    warnings: data.simulated ? ['SIMULATED: no real hardware produced these numbers'] : [],
  };
}

/** Something with the shape of a credential in what people typed or planned: nothing leaves until it is gone. */
function refuseSecret(state: SessionState, text: string): void {
  const marks = (one: string): number => one.split(REDACTED).length;
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  const hit = lines.find(({ line }) => marks(redactText(line, [])) > marks(line));
  const isWhole = hit === undefined && marks(redactText(text, [])) > marks(text);
  if (hit === undefined && !isWhole) return;
  const place =
    hit === undefined ? 'its text' : `line ${hit.number}, under "${sectionOf(lines, hit.number)}"`;
  throw new PreconditionError(
    `The report of ${state.sessionId} would carry something with the shape of a credential (${place}). Nothing was written.`,
    {
      code: 'E_SECRET',
      fix: 'Put the value into the environment and name it in the service file (env: - NAME), then plan from that file; revoke the value if it was real.',
    },
  );
}

function sectionOf(
  lines: readonly { readonly line: string; readonly number: number }[],
  before: number,
): string {
  const heading = lines.findLast(({ line, number }) => number <= before && line.startsWith('#'));
  return redactText(heading?.line.replace(/^#+ /, '') ?? 'the top', []).slice(0, 80);
}
