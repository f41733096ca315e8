import type { RuledOut } from '../ledger/vocabulary.ts';
import type { Measure } from './fact.ts';
import { type Measures, measuresOf } from './measures.ts';
import type { Observation } from './observation.ts';

interface Exclusion {
  readonly what: string;
  /** False also when nothing tells. */
  readonly isRefuted: (m: Measures, o: Observation) => boolean;
  readonly by: (m: Measures) => Measure;
}

/** Thresholds leave a gap to those of the rules: what lies between is neither claimed nor ruled out. Source: own reasoning. */
const EXCLUSIONS: readonly Exclusion[] = [
  {
    what: 'the client: it keeps as much in flight as it should',
    isRefuted: (m, o) =>
      m.inFlight.value >= 0.95 * m.offered.value &&
      !(o.client?.flags ?? []).some((flag) => /CLIENT_LIMITED|UNDER_DRIVEN/.test(flag)),
    by: (m) => m.inFlight,
  },
  {
    what: 'the path: client and engine agree on the first token',
    isRefuted: (m) =>
      Math.abs(m.ttftClient.value - m.ttftEngine.value) < 0.1 * m.ttftEngine.value + 5,
    by: (m) => m.ttftEngine,
  },
  {
    what: 'waiting: no request queues',
    isRefuted: (m) => m.queueMax.value === 0,
    by: (m) => m.queueMax,
  },
  {
    what: 'the batch cap: far fewer run',
    isRefuted: (m) => m.runningMax.value < 0.8 * m.cap.value,
    by: (m) => m.runningMax,
  },
  {
    what: 'KV memory: the pool has room',
    isRefuted: (m) => m.kvMax.value < 0.8,
    by: (m) => m.kvMax,
  },
  {
    what: 'thrashing: no request is thrown out',
    isRefuted: (m) => m.preemptions.value === 0,
    by: (m) => m.preemptions,
  },
  {
    what: 'eager decoding: every pass replays a graph',
    isRefuted: (m) => m.eagerShare.value === 0,
    by: (m) => m.eagerShare,
  },
  {
    what: 'the prefix cache: it hits what the workload shares',
    isRefuted: (m) =>
      m.sharedRatio.value >= 0.05 && Math.abs(m.hit.value - m.sharedRatio.value) <= 0.05,
    by: (m) => m.hit,
  },
  {
    what: 'prefills between tokens: the gaps are even',
    isRefuted: (m) => m.gapP99.value <= 3 * m.gapP50.value,
    by: (m) => m.gapP99,
  },
];

/** What it is not, as far as the evidence tells; what was not looked at is not ruled out. */
export function ruleOut(o: Observation, measures: Measures = measuresOf(o)): readonly RuledOut[] {
  return EXCLUSIONS.flatMap(({ what, isRefuted, by }) => {
    if (!isRefuted(measures, o)) return [];
    const fact = by(measures).fact;
    return fact === null
      ? []
      : [{ what, name: fact.name, value: String(fact.value), evidenceId: fact.evidenceId }];
  });
}
