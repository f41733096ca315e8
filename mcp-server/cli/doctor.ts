import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import { AutodebugError } from '../core/errors.ts';
import { cleanText } from '../core/redact.ts';
import type { SetupFinding } from '../ports/deploy.ts';

export interface DoctorDeps {
  readonly app: () => Promise<App>;
  /** Version of the running Node, e.g. `20.19.0`. */
  readonly nodeVersion: string;
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

/** Source: package.json, engines. */
const MIN_NODE = [20, 19] as const;

function checkNode(version: string): SetupFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return {
    check: 'node',
    level: isNew ? 'ok' : 'fail',
    message: `Node ${version}`,
    fix: isNew ? null : `Install Node ${MIN_NODE.join('.')} or newer.`,
  };
}

/** The folder itself, or the nearest one above it that exists; nothing is created. */
function existingFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingFolder(dirname(path));
}

function checkWritable(app: App): SetupFinding {
  const { sessionsDir } = app.files;
  try {
    accessSync(existingFolder(sessionsDir), constants.W_OK);
    return { check: 'sessions', level: 'ok', message: `${sessionsDir} can be written`, fix: null };
  } catch {
    const fix = 'Give this user the right to write there, or set AUTODEBUG_SESSIONS_DIR.';
    const message = `${sessionsDir} cannot be written`;
    return { check: 'sessions', level: 'fail', message, fix };
  }
}

async function checkLedger(app: App, sessionId: string): Promise<SetupFinding> {
  try {
    const { events, warnings } = await app.ledgers.read(sessionId);
    const said = warnings.length === 0 ? '' : `; ${warnings.join(' ')}`;
    return {
      check: `ledger ${sessionId}`,
      level: warnings.length === 0 ? 'ok' : 'warn',
      message: `${events.length} events${said}`,
      fix:
        warnings.length === 0 ? null : 'Compare with a copy; what the warning names is not proven.',
    };
  } catch (error) {
    const known = error instanceof AutodebugError ? error : null;
    return {
      check: `ledger ${sessionId}`,
      level: 'fail',
      message: known?.message ?? 'cannot be read',
      fix: known?.fix ?? 'Restore it from a copy.',
    };
  }
}

async function checkBackends(app: App): Promise<readonly SetupFinding[]> {
  const signal = AbortSignal.timeout(30_000);
  const request = { serviceYaml: null, budget: null, sessionId: null };
  const findings = await Promise.all(
    [...app.deploys.values()].map((deploy) =>
      deploy.checkSetup(request, signal).catch((error: unknown) => [
        {
          check: deploy.backend,
          level: 'warn' as const,
          message: error instanceof AutodebugError ? error.message : 'could not be checked',
          fix: error instanceof AutodebugError ? error.fix : null,
        },
      ]),
    ),
  );
  return findings.flat();
}

async function runDoctor(deps: DoctorDeps, json: boolean): Promise<void> {
  const app = await deps.app();
  const ledgers = await app.ledgers.list();
  const findings = [
    checkNode(deps.nodeVersion),
    checkWritable(app),
    ...(await Promise.all(ledgers.map((id) => checkLedger(app, id)))),
    ...(await checkBackends(app)),
  ];
  deps.write(json ? `${JSON.stringify({ findings })}\n` : findings.map(findingLine).join(''));
  deps.setExitCode(findings.some((finding) => finding.level === 'fail') ? 1 : 0);
}

function findingLine(finding: SetupFinding): string {
  const fix = finding.fix === null ? '' : `\n       Fix: ${cleanText(finding.fix, 300)}`;
  return `${finding.level.padEnd(5)} ${finding.check}: ${cleanText(finding.message, 300)}${fix}\n`;
}

/** `autodebug doctor`: what this machine and its ledgers are like, each fault with its fix. */
export function registerDoctor(program: Command, deps: DoctorDeps): void {
  program
    .command('doctor')
    .description('check Node, the sessions folder, every ledger and every backend')
    .option('--json', 'print one JSON object')
    .action((options: { readonly json?: boolean }) => runDoctor(deps, options.json === true));
}
