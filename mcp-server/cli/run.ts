import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { ToolCaller } from '../app/autopilot.ts';
import { isRecord } from '../core/parse.ts';
import { drive, replyText } from './drive.ts';
import { createProgress } from './progress.ts';

export interface RunDeps {
  /** Calls tools in this process; `close` ends jobs and gives the ledger back. */
  readonly createCaller: (
    projectDir: string,
  ) => Promise<{ callTool: ToolCaller; close: () => Promise<void> }>;
  readonly nowMs: () => number;
  readonly write: (text: string) => void;
  readonly columns: number;
  readonly colour: boolean;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly setExitCode: (code: number) => void;
}

interface RunOptions {
  readonly contract: string;
  readonly trials?: number;
  readonly json?: boolean;
}

/** The contract file with its cap on trials lowered to what the command line asks for. */
async function openArguments(
  file: string,
  trials: number | undefined,
): Promise<Record<string, unknown>> {
  if (trials === undefined) return { contract_file: resolve(file) };
  const contract: unknown = parse(await readFile(file, 'utf8'));
  const budget = isRecord(contract) ? contract['budget'] : undefined;
  if (!isRecord(contract) || !isRecord(budget)) return { contract_file: resolve(file) };
  return { contract: { ...contract, budget: { ...budget, maxTrials: trials } } };
}

async function runLoop(deps: RunDeps, options: RunOptions): Promise<void> {
  const startedAt = deps.nowMs();
  const progress = createProgress({
    write: options.json === true ? () => undefined : deps.write,
    columns: deps.columns,
    colour: deps.colour,
    elapsedMs: () => deps.nowMs() - startedAt,
  });
  const caller = await deps.createCaller(dirname(resolve(options.contract)));
  try {
    const opened = await caller.callTool(
      'open_session',
      await openArguments(options.contract, options.trials),
    );
    progress.step(
      'open_session',
      replyText(opened).split('\n')[0] ?? '',
      opened.ok ? 'ok' : 'refused',
    );
    if (!opened.ok) return deps.setExitCode(3);
    const end = await drive({
      callTool: caller.callTool,
      signal: deps.signal,
      script: [],
      progress,
    });
    if (end.reason !== 'finished') await caller.callTool('stop_deployments', {});
    const status = await caller.callTool('get_status', {});
    progress.line(`\n${end.reason}: ${end.detail}\n${replyText(status)}`);
    if (options.json === true) {
      deps.write(
        `${JSON.stringify({ end: end.reason, detail: end.detail, status: status.ok ? status.data : null })}\n`,
      );
    }
    deps.setExitCode(end.reason === 'finished' ? 0 : end.reason === 'aborted' ? 130 : 1);
  } finally {
    await caller.close();
  }
}

/** `autodebug run --contract FILE [--trials N]`: the loop with no model. */
export function registerRun(program: Command, deps: RunDeps): void {
  program
    .command('run')
    .description(
      'run the whole loop without a model: next step, suggestion, verdict, until it ends',
    )
    .requiredOption('--contract <file>', 'contract file (see autodebug init)')
    .option('--trials <n>', 'at most this many trials beside the baseline', (value) =>
      Number.parseInt(value, 10),
    )
    .option('--json', 'print one JSON object at the end and nothing else on stdout')
    .action((options: RunOptions) => runLoop(deps, options));
}
