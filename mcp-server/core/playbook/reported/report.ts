import { z } from 'zod';
import type { EngineId } from '../../ledger/vocabulary.ts';

const MAX_CHARS = 1_000_000;
const ENGINES = ['sglang', 'vllm', 'llamacpp', 'dstack'] as const;

/** Whatever stands where a text belongs, as text: lines joined, numbers written out, the middle of what is huge left out. */
function toText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return toText(value.map((part) => toText(part) ?? '').join('\n'));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length <= MAX_CHARS) return text;
  return `${text.slice(0, MAX_CHARS / 2)}\n${text.slice(-MAX_CHARS / 2)}`;
}

const Text = z.unknown().transform(toText).optional();
const ShortText = z
  .unknown()
  .transform((value) => toText(value)?.slice(0, 2000))
  .optional();

const Input = z.object({
  launch_command: Text,
  log: Text,
  metrics_text: Text,
  benchmark: Text,
  symptom: Text,
  gpu: ShortText,
  model: ShortText,
});

/** The engine by a name that is near one of ours, else by what the texts show. Source: own reasoning. */
function knownEngine(name: string | undefined, texts: string): (typeof ENGINES)[number] {
  const said = `${name ?? ''}`.toLowerCase().replaceAll(/[^a-z]/g, '');
  const named = ENGINES.find((engine) => said.includes(engine));
  if (named !== undefined) return named;
  if (/llama|gguf|ggml/.test(said)) return 'llamacpp';
  if (/sglang|#running-req|--mem-fraction-static/i.test(texts)) return 'sglang';
  if (/llama-server|llama\.cpp|\.gguf|ggml_/i.test(texts)) return 'llamacpp';
  return /\bdstack\b|type: (?:service|task|fleet)/i.test(texts) ? 'dstack' : 'vllm';
}

/**
 * What somebody reports of a service that fails or is slow: texts alone, no ledger and no evidence behind them. Odd
 * parts are read as text or left out, so that every object is a report.
 */
export const Report = z
  .object({
    engine: ShortText,
    engine_version: ShortText,
    input: Input.catch({
      launch_command: undefined,
      log: undefined,
      metrics_text: undefined,
      benchmark: undefined,
      symptom: undefined,
      gpu: undefined,
      model: undefined,
    }),
  })
  .transform(({ engine, ...rest }) => ({
    ...rest,
    engine: knownEngine(engine, Object.values(rest.input).join('\n')),
  }));
export interface Report {
  readonly engine: (typeof ENGINES)[number];
  readonly engine_version?: string | undefined;
  readonly input: {
    readonly launch_command?: string | undefined;
    readonly log?: string | undefined;
    readonly metrics_text?: string | undefined;
    readonly benchmark?: string | undefined;
    readonly symptom?: string | undefined;
    readonly gpu?: string | undefined;
    readonly model?: string | undefined;
  };
}

/** One reason to think of a cause class. */
export interface Hint {
  readonly cls: string;
  /** How sure it makes alone, 0..1. */
  readonly weight: number;
  /** Where it stands: a line of the report, or numbers of it. Data from outside. */
  readonly evidence: string;
}

/** The engine whose playbook is asked; an orchestrator has none of its own. Source: own reasoning. */
export function engineOf(report: Report): EngineId {
  if (report.engine !== 'dstack') return report.engine;
  const text = `${report.input.launch_command ?? ''}\n${report.input.log ?? ''}`;
  if (/sglang/i.test(text)) return 'sglang';
  return /llama-server|llama\.cpp|gguf/i.test(text) ? 'llamacpp' : 'vllm';
}

/** Rates that people write out. */
const WRITTEN_RATES: readonly (readonly [RegExp, string])[] = [
  [/\btokens? ?(?:\/|per|a|each) ?sec(?:ond)?s?\b/gi, 'tok/s'],
  [/\b(?:requests?|queries) ?(?:\/|per|a|each) ?sec(?:ond)?s?\b/gi, 'req/s'],
];

/** A text whose `65,535` is `65535`. */
export const withoutThousands = (text: string): string =>
  text.replaceAll(/(?<=\d),(?=\d{3}\b)/g, '');

/** Numbers that the first or else the second group of a global pattern finds in a text, in order; NaN where neither took part. */
export const numbersOf = (text: string, pattern: RegExp): readonly number[] =>
  [...text.matchAll(pattern)].map((found) => Number(found[1] ?? found[2] ?? Number.NaN));

/** The words of whoever reported, without launch and log; rates are written one way. */
export const wordsOf = (report: Report): string =>
  WRITTEN_RATES.reduce(
    (text, [written, short]) => text.replaceAll(written, short),
    [report.input.symptom, report.input.benchmark]
      .filter((text) => typeof text === 'string')
      .join('\n'),
  );
