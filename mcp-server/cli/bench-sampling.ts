import { type Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { isRecord, parseJson } from '../core/parse.ts';
import type { LoadRequest } from '../ports/load-generator.ts';
import { usage } from './bench-usage.ts';

/** How answers are drawn and what else each request carries. Names and meaning: `vllm bench serve`. */
export interface SamplingOptions {
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly repetitionPenalty?: number;
  readonly extraBody?: Readonly<Record<string, unknown>>;
  readonly header?: readonly string[];
  readonly apiKeyEnv?: string;
}

function finite(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}

function jsonObject(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (isRecord(value)) return value;
  throw new InvalidArgumentError('Expected one JSON object.');
}

export function addSamplingOptions(command: Command): void {
  command
    .option('--temperature <t>', 'of the sampling; 0: greedy', finite, 0)
    .option('--top-p <p>', 'of the sampling', finite)
    .option('--top-k <k>', 'of the sampling', finite)
    .option('--min-p <p>', 'of the sampling', finite)
    .option('--frequency-penalty <x>', 'of the sampling', finite)
    .option('--presence-penalty <x>', 'of the sampling', finite)
    .option('--repetition-penalty <x>', 'of the sampling', finite)
    .option('--extra-body <json>', 'fields that every request carries', jsonObject)
    .option('--header <key=value...>', 'header that every request carries')
    .option('--api-key-env <name>', 'environment variable that holds the bearer token');
}

export function sampling(options: SamplingOptions): Pick<LoadRequest, 'sampling' | 'extraBody'> {
  const { temperature, topP, topK, minP, extraBody } = options;
  const penalties = {
    frequency_penalty: options.frequencyPenalty,
    presence_penalty: options.presencePenalty,
    repetition_penalty: options.repetitionPenalty,
  };
  const given = Object.entries({ top_k: topK, min_p: minP, ...penalties }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    sampling: { temperature, topP },
    extraBody: { ...Object.fromEntries(given), ...extraBody },
  };
}

/**
 * Headers of every request. A key is taken from the environment only, since arguments can be read by anybody on the machine.
 * Throws: InvalidInputError `E_USAGE`, ConfigError `E_NO_KEY`.
 */
export function headers(
  { header = [], apiKeyEnv }: SamplingOptions,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const given = header.map((text) => keyValue('--header', text));
  const secret = given.find(([name]) => SECRET_HEADER.test(name));
  if (secret !== undefined) {
    throw usage(
      `--header ${secret[0].slice(0, 40)} would show a key to everybody on this machine; name its variable with --api-key-env`,
    );
  }
  return { ...Object.fromEntries(given), ...bearer(env, apiKeyEnv) };
}

const SECRET_HEADER = /^(proxy-)?authorization$|cookie|api-?key|token|secret/i;

/** `key=value` as an entry. Throws: InvalidInputError `E_USAGE`. */
export function keyValue(option: string, text: string): readonly [string, string] {
  const cut = text.indexOf('=');
  if (cut > 0) return [text.slice(0, cut).trim(), text.slice(cut + 1).trim()];
  throw usage(`${option} ${text.slice(0, 40)} is not of the form key=value`);
}

function bearer(
  env: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
): Readonly<Record<string, string>> {
  if (name === undefined) return {};
  const key = env[name];
  if (key !== undefined && key !== '') return { authorization: `Bearer ${key}` };
  throw new ConfigError(`The environment variable ${name.slice(0, 80)} is not set.`, {
    code: 'E_NO_KEY',
    fix: `Set it to the service's API key, or leave --api-key-env out.`,
  });
}
