import type { Command } from 'commander';

export interface GuardDeps {
  /** Holds the deployment of a spec file until its end. */
  readonly runGuard: (specFile: string) => Promise<void>;
}

/** `autodebug guard --spec FILE` (hidden): the process that holds one deployment and ends it at its deadline. */
export function registerGuard(program: Command, deps: GuardDeps): void {
  program
    .command('guard', { hidden: true })
    .description('hold one deployment until its deadline (started by autodebug itself)')
    .requiredOption('--spec <file>', 'what to hold')
    .action((options: { readonly spec: string }) => deps.runGuard(options.spec));
}
