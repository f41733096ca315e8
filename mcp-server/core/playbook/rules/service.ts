import { linesOf } from '../facts.ts';
import { ALL_ENGINES, type Rule } from '../rule.ts';
import { hasMark, isAtCap, isQueueing, not } from './conditions.ts';

/** The service as a whole. */
export const SERVICE_RULES: readonly Rule[] = [
  {
    id: 'over-driven',
    rows: [19],
    cause: 'overload',
    title:
      'More arrives than the service can take: the wait grows without end, and latencies mean nothing',
    sign: 'requests arrive at a rate of their own, the run is marked SATURATED, and the batch is below its cap',
    engines: ALL_ENGINES,
    needs: ['client'],
    requires: [hasMark('SATURATED'), (_m, o) => o.client?.loadPoint.kind === 'open', not(isAtCap)],
    base: 0.7,
    witnesses: [
      isQueueing,
      (m) => m.queueTime.value > 0.8 * m.ttftEngine.value,
      (m) => m.queueMax.value > 3 * m.runningMean.value,
    ],
    cites: ['queueMean', 'queueMax', 'queueTime', 'ttftClient', 'runningMean'],
    knobs: {},
    expected: 'finite latencies at a rate below capacity, or with more replicas',
    confirmBy: 'the queue is as long at the end of the run as in its middle',
    refutedBy: 'the queue grows at half the rate too: something else stops the service',
    risk: 'more GPUs cost more',
    source: 'Little’s law; SGLang docs hyperparameter_tuning',
  },
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
