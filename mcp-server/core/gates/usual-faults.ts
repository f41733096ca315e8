import { meanOf, sampleSd } from '../stats/mean-sd.ts';

/** Part by which a fault may be larger than the baseline's own. Source: own reasoning; no cheat that pays is so small. */
const LARGER = 0.25;
/** Standard errors that a new run may lie above the baseline's. Source: normal table, one-sided 3e-5. */
const ERRORS = 4;

interface Sized {
  readonly name: string;
  readonly size: number;
}

/** What was found on one run, or on many together, and on how many requests. */
interface Looked {
  readonly found: readonly Sized[];
  readonly requests: number;
}

/** How far a fault of the baseline's own goes: mean, and standard error of another run. */
interface UsualFault {
  readonly mean: number;
  readonly error: number;
}

/** The baseline's own faults, by name. */
export type UsualFaults = ReadonlyMap<string, UsualFault>;

/** Faults that most runs of the baseline show. Few runs may be alike by luck: a share varies by its requests at least. */
export function usualFaults(runs: readonly Looked[]): UsualFaults {
  const sizes = new Map<string, number[]>();
  for (const { found } of runs) {
    for (const [name, size] of largest(found)) {
      sizes.set(name, [...(sizes.get(name) ?? []), size]);
    }
  }
  const requests = meanOf(runs.map((run) => run.requests)) ?? 0;
  return new Map(
    [...sizes]
      .filter(([, told]) => told.length * 2 > runs.length)
      .map(([name, told]) => [name, usualFault(told, requests)]),
  );
}

function largest(found: readonly Sized[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, size } of found) sizes.set(name, Math.max(size, sizes.get(name) ?? size));
  return sizes;
}

function usualFault(sizes: readonly number[], requests: number): UsualFault {
  const mean = meanOf(sizes) ?? 0;
  const ofShare = Math.sqrt(Math.max(0, mean * (1 - mean)) / Math.max(1, requests));
  const sd = Math.max(ofShare, sampleSd(sizes) ?? 0);
  return { mean, error: sd * Math.sqrt(1 + 1 / sizes.length) };
}

/** True where the baseline shows the fault too, and as much of it: a little of a fault excuses no more than a little. */
export function isUsual({ name, size }: Sized, usual: UsualFaults): boolean {
  const own = usual.get(name);
  if (own === undefined) return false;
  return size <= own.mean + Math.max(LARGER * own.mean, ERRORS * own.error);
}
