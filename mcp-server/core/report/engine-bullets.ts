import type { Artefact } from '../evidence/lookup.ts';
import type { Change } from '../service/change.ts';
import { threeDigits } from './format.ts';

/** A stored artefact with its id, to read values from and to cite. */
export interface CitedArtefact {
  readonly evidenceId: string;
  readonly artefact: Artefact;
}

const numbersOf = ({ artefact }: CitedArtefact, name: string): readonly number[] =>
  artefact.valuesOf(name, '').filter((value) => typeof value === 'number');

/** First of the names that the artefact knows a number for; of several the last, which is the window mean of a histogram. */
function readFirst(
  cited: CitedArtefact,
  names: readonly string[],
): { name: string; value: number } | null {
  for (const name of names) {
    const value = numbersOf(cited, name).at(-1);
    if (value !== undefined && Number.isFinite(value)) return { name, value };
  }
  return null;
}

/** What the engine's own counters say of a window, seconds as received. Empty when: it exposes none of them. */
export function engineWindowBullets(
  delta: CitedArtefact,
  names: {
    readonly ttft: readonly string[];
    readonly tbot: readonly string[];
    readonly queue: readonly string[];
  },
): readonly string[] {
  const parts = [
    { label: 'time to first token', found: readFirst(delta, names.ttft) },
    { label: 'time between tokens', found: readFirst(delta, names.tbot) },
    { label: 'time in the queue', found: readFirst(delta, names.queue) },
  ].flatMap(({ label, found }) =>
    found === null || found.value <= 0
      ? []
      : [
          {
            text: `${label} ${threeDigits(found.value)} s`,
            citation: `[${delta.evidenceId} ${found.name}=${threeDigits(found.value)}]`,
          },
        ],
  );
  if (parts.length === 0) return [];
  const said = parts.map((part) => part.text).join(', ');
  return [
    `By the engine's own window means: ${said} ${parts.map((part) => part.citation).join(' ')}`,
  ];
}

/** Whether a changed flag reached the engine, by the attributes that its profiler reports. */
export function attributeBullets(
  profile: CitedArtefact,
  changes: readonly Change[],
): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'set_flag') return [];
    const key = change.flag.replace(/^-+/, '').replaceAll('-', '_');
    for (const prefix of ['sglang.startup', 'vllm.startup']) {
      const name = `${prefix}.${key}`;
      const value = profile.artefact.valuesOf(name, '')[0];
      if (value === undefined) continue;
      return [
        `The running engine reports the changed setting ${change.flag} in its attributes [${profile.evidenceId} ${name}=${value}]`,
      ];
    }
    return [];
  });
}

/** One sampled request as the engine's trace saw it. A sample, so no percentile and no count follow from it. */
export function spanBullets(profile: CitedArtefact): readonly string[] {
  for (const name of ['sglang.latency.time_to_first_token', 'vllm.latency.time_to_first_token']) {
    const value = numbersOf(profile, name)[0];
    if (value === undefined) continue;
    return [
      `A sampled request had its first token after ${value} ns inside the server [${profile.evidenceId} ${name}=${value}]`,
    ];
  }
  return [];
}
