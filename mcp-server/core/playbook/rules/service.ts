import { linesOf } from '../facts.ts';
import type { Rule } from '../rule.ts';

/** The service as a whole. */
export const SERVICE_RULES: readonly Rule[] = [
  {
    id: 'queue-refuses',
    rows: [19],
    cause: 'overload',
    title: 'The request queue is full and refuses: one replica is not enough',
    sign: 'a line that the request queue is full',
    engines: ['sglang'],
    needs: ['log'],
    requires: [(_m, o) => linesOf(o, ['no_capacity_queue']).value > 0],
    base: 0.6,
    witnesses: [(m) => m.queueMean.value > 0],
    cites: [(o) => linesOf(o, ['no_capacity_queue']).fact, 'queueMean'],
    knobs: {},
    expected: 'no refusals with more replicas; one replica stays as fast as it is',
    confirmBy: 'no 503 at the same load over more replicas',
    refutedBy: 'refusals at a load that one replica served before',
    risk: 'more GPUs cost more',
    source: 'SGLang scheduler source',
  },
];
