import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import type { ScriptedTrial, ToolCaller } from '../app/autopilot.ts';
import type { VerifyReport } from '../app/verify.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { renderTrialTable } from '../core/report/table.ts';
import { drive, replyText } from './drive.ts';
import { createProgress, type ProgressPrinter } from './progress.ts';

/** A built server, connected through a real MCP client over stdio. */
export interface ServerConnection {
  readonly callTool: ToolCaller;
  /** Ends client and server; tells the server's peak memory where the system does. */
  readonly close: () => Promise<{ readonly peakMemoryMb: number | null }>;
}

/** What lies on disk after the loop, every cited number looked up again. */
interface FinishedSession {
  readonly state: SessionState;
  readonly verified: VerifyReport;
}

export interface DemoDeps {
  readonly packageRoot: string;
  readonly workingDir: string;
  readonly connect: (env: Readonly<Record<string, string>>) => Promise<ServerConnection>;
  readonly readSessions: (sessionsDir: string) => Promise<FinishedSession>;
  readonly nowMs: () => number;
  readonly write: (text: string) => void;
  readonly columns: number;
  readonly colour: boolean;
  readonly setExitCode: (code: number) => void;
}

/** Trials that show what a refusal, a rejected flag and an out-of-memory start look like; the rest is suggested. */
const SCRIPT: readonly ScriptedTrial[] = [
  {
    args: {
      hypothesis: {
        change: 'n-gram speculation, spelled as an old guide has it',
        why: 'Chat answers repeat words of the prompt, so drafts from n-grams could be accepted.',
        expected: 'TBOT falls at equal concurrency.',
        refutedBy: 'The engine does not start, or TBOT stays within the noise.',
      },
      changes: [{ kind: 'set_flag', flag: '--speculative-algorithm', value: 'ngram' }],
    },
    forceReason:
      'The demo shows what the engine itself says to a choice that the inventory refuses.',
  },
  {
    args: {
      hypothesis: {
        change: 'nearly all GPU memory for weights and KV',
        why: 'More KV tokens admit more requests at once.',
        expected: 'Queueing falls and throughput rises.',
        refutedBy: 'The server runs out of memory, or throughput stays within the noise.',
      },
      changes: [{ kind: 'set_flag', flag: '--mem-fraction-static', value: '0.98' }],
    },
    forceReason: 'The demo shows how a start that runs out of memory is recorded.',
  },
];

async function prepareFolder(
  deps: DemoDeps,
): Promise<{ projectDir: string; contractFile: string }> {
  const stamp = new Date(deps.nowMs()).toISOString().replaceAll(/[:.]/g, '-');
  const projectDir = join(deps.workingDir, '.demo', stamp);
  await mkdir(projectDir, { recursive: true });
  await cp(join(deps.packageRoot, 'dstack-baseline.yml'), join(projectDir, 'dstack-baseline.yml'));
  const contract = await readFile(
    join(deps.packageRoot, 'examples', 'simulated', 'contract.yml'),
    'utf8',
  );
  await writeFile(join(projectDir, 'contract.yml'), contract);
  return { projectDir, contractFile: 'contract.yml' };
}

function printEnd({ state, verified }: FinishedSession, projectDir: string, deps: DemoDeps): void {
  const shown = relative(deps.workingDir, projectDir);
  const closed = state.trials.filter((trial) => trial.closed !== null).length;
  deps.write(`\n${renderTrialTable(state, { columns: Math.min(deps.columns, 80) })}\n\n`);
  deps.write(`${closed} session logs   ${shown}/sessions/debug-*.md\n`);
  deps.write(`${state.trials.length} configurations ${shown}/sessions/dstack-*.yml\n`);
  deps.write(`ledger, evidence and report\n  ${shown}/sessions/${state.sessionId}/\n`);
  deps.write(
    `autodebug verify: ${verified.checked} checked, ${verified.failed.length} failed; every log rests on at least ${fewestSources(verified)} kinds of evidence\n`,
  );
}

/** Kinds of evidence of the log with the fewest, the client's own figures left out. */
function fewestSources({ logs }: VerifyReport): number {
  return Math.min(...logs.map((log) => log.families.filter((one) => one !== 'client').length));
}

/** What the demo promises; each unmet line is said and makes it fail. */
function unmetPromises({ state, verified }: FinishedSession): string[] {
  const unmet: string[] = [];
  for (const { file, line, said, found } of verified.failed.slice(0, 5)) {
    unmet.push(`${file}:${line} said "${said}", found "${found}"`);
  }
  if (fewestSources(verified) < 3) unmet.push('a log rests on fewer than three kinds of evidence');
  const others = state.trials.filter((trial) => trial.planned.parentId !== null);
  const verdicts = new Set(others.flatMap((trial) => trial.judgements.map((one) => one.verdict)));
  if (state.confirmed?.holds !== true) unmet.push('no best was confirmed');
  if (others.length < 5) unmet.push(`only ${others.length} trials were planned`);
  if (!verdicts.has('keep')) unmet.push('nothing was kept');
  if (!verdicts.has('discard')) unmet.push('nothing was discarded');
  if (state.trials.some((trial) => trial.closed === null)) unmet.push('a trial has no session log');
  return unmet;
}

async function runCampaign(
  connection: ServerConnection,
  contractFile: string,
  progress: ProgressPrinter,
): Promise<string | null> {
  const opened = await connection.callTool('open_session', { contract_file: contractFile });
  progress.step(
    'open_session',
    replyText(opened).split('\n')[0] ?? '',
    opened.ok ? 'ok' : 'refused',
  );
  if (!opened.ok) return 'the session could not be opened';
  const end = await drive({
    callTool: connection.callTool,
    signal: new AbortController().signal,
    script: SCRIPT,
    progress,
  });
  return end.reason === 'finished' ? null : `the loop ended ${end.reason}: ${end.detail}`;
}

async function runDemo(deps: DemoDeps): Promise<void> {
  const startedAt = deps.nowMs();
  const { projectDir, contractFile } = await prepareFolder(deps);
  const progress = createProgress({
    write: deps.write,
    columns: deps.columns,
    colour: deps.colour,
    elapsedMs: () => deps.nowMs() - startedAt,
  });
  progress.line('autodebug demo: an 8B model on one H100, default flags, chat traffic. SIMULATED');
  progress.line('');
  const connection = await deps.connect({ AUTODEBUG_PROJECT_DIR: projectDir });
  const lost = await runCampaign(connection, contractFile, progress);
  const { peakMemoryMb } = await connection.close();
  const finished = await deps.readSessions(join(projectDir, 'sessions'));
  printEnd(finished, projectDir, deps);
  const seconds = Math.round((deps.nowMs() - startedAt) / 1000);
  deps.write(
    `\n${seconds} s; peak memory of the server ${peakMemoryMb === null ? 'unknown' : `${peakMemoryMb} MB`}\n`,
  );
  const unmet = [...(lost === null ? [] : [lost]), ...unmetPromises(finished)];
  for (const line of unmet) deps.write(`NOT MET: ${line}\n`);
  deps.setExitCode(unmet.length === 0 ? 0 : 1);
}

/** `autodebug demo`: the whole loop on the simulated backend, through a real MCP client over stdio. */
export function registerDemo(program: Command, deps: DemoDeps): void {
  program
    .command('demo')
    .description(
      'run the whole loop on the simulated backend, through a real MCP client, into .demo/',
    )
    .action(() => runDemo(deps));
}
