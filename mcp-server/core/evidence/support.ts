import type { Resolution } from './citation-types.ts';
import { type ProseNumber, UNITS } from './prose-numbers.ts';
import { roundsTo } from './rounding.ts';

/** Scales that a stored value of a family may have: metrics are stored in ns, µs, ms or s, and in bytes up to GiB. */
const STORED_SCALES: Readonly<Record<string, readonly number[]>> = {
  time: [1, 1e-3, 1e-6, 1e-9],
  bytes: [1, 1e3, 1e6, 1e9, 1024, 1024 ** 2, 1024 ** 3],
  share: [1, 0.01],
  times: [1],
  count: [1],
};

/** True when a cited value, in its own or a convertible unit, rounds to the number as written. */
export function isSupported(number: ProseNumber, resolved: readonly Resolution[]): boolean {
  return resolved.some((resolution) => {
    if (!resolution.ok) return false;
    const isRatio = resolution.citation.kind === 'ratio';
    return resolution.values.some((value) =>
      candidates(value, isRatio, number.unit).some((candidate) => matches(candidate, number)),
    );
  });
}

/** A bullet may say a fall of 12 as "12 fewer": the sign is prose. */
function matches(candidate: number, { printed }: ProseNumber): boolean {
  return (
    roundsTo(candidate, printed) ||
    roundsTo(Math.abs(candidate), { ...printed, value: Math.abs(printed.value) })
  );
}

function candidates(value: number, isRatio: boolean, unit: string | null): readonly number[] {
  const known = unit === null ? undefined : UNITS[unit];
  if (known === undefined) return [value];
  const scaled = (STORED_SCALES[known.family] ?? [1]).map(
    (scale) => (value * scale) / known.factor,
  );
  if (known.family !== 'share' || !isRatio) return scaled;
  return [...scaled, (value - 1) / known.factor];
}
