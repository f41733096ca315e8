import type { LogEvent } from '../telemetry/log-event.ts';
import type { CitedArtefact } from './engine-bullets.ts';
import { threeDigits } from './format.ts';

/** Settings that say most about what a running engine can hold. Source: SGLang /server_info, vLLM /v1/models, llama.cpp /props. */
const TELLING = [
  'max_running_requests',
  'max_num_seqs',
  'max_total_num_tokens',
  'max_model_len',
  'chunked_prefill_size',
  'total_slots',
  'n_ctx',
];

/** Value of a log event that says how much the engine holds. */
const CAPACITY_VALUES = ['tokens', 'contextLength', 'maxRunning', 'slots'];

/** `max_total_num_tokens=414814`, `GPU KV cache size: 412,128 tokens`, `n_ctx = 4096`. */
const NAMED_NUMBER = /(#?[A-Za-z_][\w ]{2,40}?)\s?[=:]\s*(\d+(?:,\d{3})*)(?![\w.])/;

/** What the running engine says of its own settings, by its names. Empty when: it tells none of them. */
export function settingBullets(info: CitedArtefact): readonly string[] {
  for (const name of TELLING) {
    const value = info.artefact.valuesOf(name, '')[0];
    if (value === undefined || value === '' || value === 'None') continue;
    return [
      `The running engine says of itself which limit it has [${info.evidenceId} ${name}=${value}]`,
    ];
  }
  return [];
}

/** The log line that tells what the engine holds. Empty when: there is none. */
export function capacityBullets(
  evidenceId: string,
  events: readonly LogEvent[],
): readonly string[] {
  const told = events.filter((event) => CAPACITY_VALUES.some((name) => name in event.values));
  const line = told.at(-1)?.line;
  const [, name = '', value = ''] = line === undefined ? [] : (NAMED_NUMBER.exec(line) ?? []);
  return name === ''
    ? []
    : [`At its start the engine wrote down what it holds [${evidenceId} ${name}=${value}]`];
}

/** What was asked for, and what the memory plan said of it: for a trial that never served. */
export function planBullets(
  plan: CitedArtefact,
  launch: readonly { readonly name: string; readonly value: string }[],
): readonly string[] {
  const asked = launch
    .slice(0, 2)
    .map(({ name, value }) => `[${plan.evidenceId} launch.${name}=${value}]`);
  const figures = ['weightsGib', 'graphsGib', 'kvTokens'].flatMap((name) => {
    const value = plan.artefact.valuesOf(`memory.figures.${name}`, '')[0];
    return typeof value === 'number'
      ? [`[${plan.evidenceId} memory.figures.${name}=${threeDigits(value)}]`]
      : [];
  });
  const fits = plan.artefact.valuesOf('memory.fits', '')[0];
  return [
    ...(asked.length === 0 ? [] : [`It was launched with the changed setting ${asked.join(' ')}`]),
    ...(fits === undefined
      ? []
      : [
          `The memory plan, whether it fits: ${fits} ${[`[${plan.evidenceId} memory.fits=${fits}]`, ...figures].join(' ')}`,
        ]),
  ];
}
