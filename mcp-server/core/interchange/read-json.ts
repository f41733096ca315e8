import { InvalidInputError } from '../errors.ts';

/** One JSON document of a file. Null line when: it is the whole file. */
export interface JsonDocument {
  readonly source: string;
  readonly value: unknown;
}

const FIX =
  'Give a result file of autodebug bench, vllm bench serve --save-result, SGLang bench_serving, AIPerf (profile_export_aiperf.json) or GuideLLM.';

/** An input file that cannot be used, by name and line. The file's own text is never quoted. */
export function badFile(source: string, why: string): InvalidInputError {
  return new InvalidInputError(`${source}: ${why}.`, { code: 'E_RESULT_FILE', fix: FIX });
}

/**
 * The documents of a file: one JSON value, or one a line.
 * Throws: InvalidInputError `E_RESULT_FILE` with file and line.
 */
export function readJson(file: string, text: string): readonly JsonDocument[] {
  const clean = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (clean.trim() === '') throw badFile(file, 'the file is empty');
  const whole = parse(clean);
  if (whole.ok) {
    return Array.isArray(whole.value)
      ? whole.value.map((value: unknown, index) => ({ source: `${file}[${index}]`, value }))
      : [{ source: file, value: whole.value }];
  }
  const lines = clean.split(/\r?\n/);
  const used = lines.findIndex((line) => line.trim() !== '');
  const isLines = parse(lines[used] ?? '').ok;
  if (!isLines) throw badFile(`${file}:${lineOf(clean, whole.position)}`, 'this is not JSON');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = parse(line);
    const source = `${file}:${index + 1}`;
    if (!parsed.ok) throw badFile(source, 'this line is not JSON');
    return [{ source, value: parsed.value }];
  });
}

type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly position: number | null };

function parse(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    return { ok: false, position: position === undefined ? null : Number(position) };
  }
}

/** Line of a position; the last one where the text ended too early. */
function lineOf(text: string, position: number | null): number {
  const end = text.trimEnd().length;
  const before = text.slice(0, Math.min(position ?? end, end));
  return before.split('\n').length;
}
