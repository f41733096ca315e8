import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import { type VerifyReport, verify } from '../app/verify.ts';

export interface VerifyDeps {
  /** Ports over a sessions folder; without one, the project's own. */
  readonly app: (options?: {
    readonly sessionsDir?: string;
  }) => Promise<Pick<App, 'files' | 'ledgers' | 'evidence' | 'hash'>>;
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

/** Client figures are ours; what is counted is who else was asked. */
function sourcesLine(logs: VerifyReport['logs']): string {
  const counts = logs.map((log) => log.families.filter((one) => one !== 'client').length);
  return logs.length === 0
    ? 'no session logs'
    : `${logs.length} session logs, each resting on at least ${Math.min(...counts)} kinds of evidence beside the client`;
}

function asText({ checked, failed, logs }: VerifyReport): string {
  const lines = failed.map((one) => {
    const what = [one.evidence, one.name].filter((part) => part !== '').join(' ');
    return `${one.file}:${one.line}: ${what === '' ? '' : `${what}: `}said "${one.said}", found ${one.found}`;
  });
  return [...lines, sourcesLine(logs), `${checked} checked, ${failed.length} failed`, ''].join(
    '\n',
  );
}

/** `autodebug verify sessions/ [--json]`: exit 1 when any citation or derived number fails. */
export function registerVerify(program: Command, deps: VerifyDeps): void {
  program
    .command('verify')
    .description(
      'look up every citation of every session log again, derive its figures again, and check ledger and stored files',
    )
    .argument('[folder]', 'sessions folder; default: that of the project')
    .option('--json', 'print one JSON object: {checked, failed: [...], logs: [{file, families}]}')
    .action(async (folder: string | undefined, options: { readonly json?: boolean }) => {
      const app = await deps.app(folder === undefined ? {} : { sessionsDir: folder });
      const result = await verify(app);
      deps.write(options.json === true ? `${JSON.stringify(result)}\n` : asText(result));
      if (result.failed.length > 0) deps.setExitCode(1);
    });
}
