import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import { type VerifyResult, verify } from '../app/verify.ts';

export interface VerifyDeps {
  /** Ports over a sessions folder; without one, the project's own. */
  readonly app: (options?: {
    readonly sessionsDir?: string;
  }) => Promise<Pick<App, 'files' | 'ledgers' | 'evidence'>>;
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

function asText({ checked, failed }: VerifyResult): string {
  const lines = failed.map((one) => {
    const what = [one.evidence, one.name].filter((part) => part !== '').join(' ');
    return `${one.file}:${one.line}: ${what === '' ? '' : `${what}: `}said "${one.said}", found ${one.found}`;
  });
  return [...lines, `${checked} checked, ${failed.length} failed`, ''].join('\n');
}

/** `autodebug verify sessions/ [--json]`: exit 1 when any citation or derived number fails. */
export function registerVerify(program: Command, deps: VerifyDeps): void {
  program
    .command('verify')
    .description('look up every citation of every session log again, and derive its figures again')
    .argument('[folder]', 'sessions folder; default: that of the project')
    .option('--json', 'print one JSON object: {checked, failed: [...]}')
    .action(async (folder: string | undefined, options: { readonly json?: boolean }) => {
      const app = await deps.app(folder === undefined ? {} : { sessionsDir: folder });
      const result = await verify(app);
      deps.write(options.json === true ? `${JSON.stringify(result)}\n` : asText(result));
      if (result.failed.length > 0) deps.setExitCode(1);
    });
}
