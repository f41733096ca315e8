import type { Command } from 'commander';
import type { CaseDiagnosis } from '../app/diagnose-case.ts';

export interface DiagnoseDeps {
  readonly diagnoseCase: (value: unknown) => CaseDiagnosis;
  readonly readText: (path: string) => Promise<string>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

interface DiagnoseOptions {
  readonly case: string;
  readonly json?: boolean;
}

/** Source: DESIGN.md §7, 2 is usage. */
const EXIT_USAGE = 2;

function asText({ causes }: CaseDiagnosis): string {
  if (causes.length === 0) return 'Nothing in the case tells a cause.\n';
  return causes
    .map((cause, index) => {
      const lines = cause.evidence.map((text) => `   seen: ${JSON.stringify(text)}\n`).join('');
      return `${index + 1}. ${cause.class} (${cause.confidence})\n   ${cause.fix}\n   turn: ${cause.knobs.join(', ')}\n${lines}`;
    })
    .join('');
}

/** `autodebug diagnose --case FILE.json`: what limits or stops a service, from the texts of one case alone. */
export function registerDiagnose(program: Command, deps: DiagnoseDeps): void {
  program
    .command('diagnose')
    .description('tell the likely causes of a failed or slow service from the texts of one case')
    .requiredOption(
      '--case <file>',
      'JSON file: {engine, input: {launch_command, log, metrics_text, benchmark, symptom, gpu, model}}',
    )
    .option(
      '--json',
      'print one JSON object: {causes: [{class, confidence, evidence, knobs, changes, fix}]}',
    )
    .action(async (options: DiagnoseOptions) => {
      let value: unknown;
      try {
        value = JSON.parse(await deps.readText(options.case));
      } catch {
        deps.writeError(
          `${options.case} is no readable JSON file. Fix: give the path of one case.\n`,
        );
        deps.setExitCode(EXIT_USAGE);
        return;
      }
      const result = deps.diagnoseCase(value);
      deps.write(options.json === true ? `${JSON.stringify(result)}\n` : asText(result));
    });
}
