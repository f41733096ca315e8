import type { Fact } from '../fact.ts';
import type { GaugeLevel, Observation } from '../observation.ts';

/** A gauge of the profiler by its name behind any prefix. Null when: it was not seen. */
export function gauge(o: Observation, name: RegExp): GaugeLevel | null {
  for (const [full, level] of o.profile?.gauges ?? []) if (name.test(full)) return level;
  return null;
}

/** Its largest value. NaN when: it was not seen. */
export const most = (o: Observation, name: RegExp): number => gauge(o, name)?.max ?? Number.NaN;

/** That gauge as evidence. */
export function gaugeFact(name: RegExp): (o: Observation) => Fact | null {
  return (o) => {
    const found = gauge(o, name);
    if (found === null) return null;
    return { name: found.name, value: `max ${found.max}`, evidenceId: found.evidenceId };
  };
}
