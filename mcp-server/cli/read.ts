import type { Command } from 'commander';
import type { ArtefactRecords } from '../app/read-artefact.ts';

export interface ReadDeps {
  readonly readArtefact: (
    text: string,
    as: { readonly kind: string; readonly engine: string | null },
  ) => ArtefactRecords;
  readonly readText: (path: string) => Promise<string>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

interface ReadOptions {
  readonly as: string;
  readonly engine?: string;
  readonly json?: boolean;
}

/** Source: DESIGN.md §7, 2 is usage. */
const EXIT_USAGE = 2;

function asText({ records, dropped }: ArtefactRecords): string {
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const counts = Object.entries(dropped).filter(([, count]) => count > 0);
  const left = counts.map(([what, count]) => `${count} ${what}`).join(', ');
  return `${lines}${records.length} records; dropped: ${left === '' ? 'nothing' : left}\n`;
}

/** `autodebug read FILE --as graphsignal|metrics|log`: a stored or foreign artefact as the server sees it. */
export function registerRead(program: Command, deps: ReadDeps): void {
  program
    .command('read')
    .description('print the normalised records of a telemetry answer, a metrics scrape or a log')
    .argument('<file>', 'the artefact')
    .requiredOption('--as <kind>', 'graphsignal, metrics or log')
    .option(
      '--engine <id>',
      'sglang, vllm or llamacpp; default for a log: the one that it names most',
    )
    .option('--json', 'print one JSON object: {kind, records, dropped}')
    .action(async (file: string, options: ReadOptions) => {
      let text: string;
      try {
        text = await deps.readText(file);
      } catch {
        deps.writeError(`${file} cannot be read. Fix: give the path of a file.\n`);
        deps.setExitCode(EXIT_USAGE);
        return;
      }
      const result = deps.readArtefact(text, { kind: options.as, engine: options.engine ?? null });
      deps.write(options.json === true ? `${JSON.stringify(result)}\n` : asText(result));
    });
}
