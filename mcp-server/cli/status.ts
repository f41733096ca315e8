import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import { getStatus } from '../app/get-status.ts';

export interface StatusDeps {
  readonly app: () => Promise<Pick<App, 'sessions' | 'clock'>>;
  readonly write: (text: string) => void;
}

interface StatusOptions {
  readonly session?: string;
  readonly json?: boolean;
}

async function runStatus(deps: StatusDeps, options: StatusOptions): Promise<void> {
  const status = await getStatus(await deps.app(), { session_id: options.session });
  if (options.json === true) {
    deps.write(`${JSON.stringify(status)}\n`);
    return;
  }
  const warnings = status.warnings.map((warning) => `Warning: ${warning}\n`);
  deps.write(`${status.summary}\n${warnings.join('')}`);
}

/** `autodebug status`: what get_status says, without a lock. */
export function registerStatus(program: Command, deps: StatusDeps): void {
  program
    .command('status')
    .description('print where a session stands and its next step; takes no lock')
    .option('--session <id>', 'session id; default: the newest unfinished one')
    .option('--json', 'print one JSON object')
    .action((options: StatusOptions) => runStatus(deps, options));
}
