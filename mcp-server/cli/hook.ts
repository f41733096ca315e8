import type { Command } from 'commander';
import { answerHook, type HookDeps, type HookEvent } from '../app/hooks.ts';
import { parseJson } from '../core/parse.ts';

export interface HookCommandDeps {
  /** Ports over the project; created late, so that a failure is caught with the rest. */
  readonly createDeps: () => HookDeps;
  readonly readStdin: () => Promise<string>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

const EVENTS: readonly HookEvent[] = ['stop', 'session-start', 'pre-tool-use'];

/**
 * Runs one hook. Fails open: whatever goes wrong is said on stderr and the agent goes on as if there were no hook,
 * since a hook that blocks on its own bug would trap a conversation.
 */
async function runHook(deps: HookCommandDeps, event: HookEvent): Promise<void> {
  try {
    const input = parseJson(await deps.readStdin());
    const answer = await answerHook(deps.createDeps(), event, input);
    if (answer !== null) deps.write(`${JSON.stringify(answer)}\n`);
  } catch (error) {
    deps.writeError(
      `autodebug hook ${event}: ${error instanceof Error ? error.message : 'failed'}\n`,
    );
  }
}

/** `autodebug hook stop|session-start|pre-tool-use`: what the plugin's hooks call, with the event on stdin. */
export function registerHook(program: Command, deps: HookCommandDeps): void {
  const hook = program
    .command('hook')
    .description('answer a hook of the coding agent (event as JSON on stdin)');
  for (const event of EVENTS) {
    hook
      .command(event)
      .description(`answer the ${event} event`)
      .action(() => runHook(deps, event));
  }
}
