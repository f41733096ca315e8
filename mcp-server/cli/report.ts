import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import { writeReport } from '../app/export-report.ts';
import { renderTrialTable } from '../core/report/table.ts';

export interface ReportDeps {
  readonly app: () => Promise<Pick<App, 'sessions' | 'files' | 'clock'>>;
  readonly write: (text: string) => void;
  readonly columns: number;
}

async function runReport(
  deps: ReportDeps,
  sessionId: string | undefined,
  options: { readonly json?: boolean },
): Promise<void> {
  const app = await deps.app();
  const { state, warnings } = await app.sessions.read(sessionId);
  const { files, simulated, summary } = await writeReport(app, state);
  if (options.json === true) {
    deps.write(
      `${JSON.stringify({ sessionId: state.sessionId, files, simulated, summary, warnings })}\n`,
    );
    return;
  }
  const notes = warnings.map((warning) => `Warning: ${warning}\n`).join('');
  deps.write(`${renderTrialTable(state, { columns: deps.columns })}\n\n${summary}\n${notes}`);
}

/** `autodebug report [session] [--json]`: writes the report and prints the table of trials; takes no lock. */
export function registerReport(program: Command, deps: ReportDeps): void {
  program
    .command('report')
    .description('write the report of a session as Markdown and HTML, and print its trials')
    .argument('[session]', 'session id; default: the newest unfinished one')
    .option('--json', 'print one JSON object')
    .action((session: string | undefined, options: { readonly json?: boolean }) =>
      runReport(deps, session, options),
    );
}
