import type { Fact } from '../fact.ts';
import { counter, linesOf } from '../facts.ts';
import type { GaugeLevel, Observation } from '../observation.ts';
import { GPU_ENGINES, type Rule, set } from '../rule.ts';
import { higherFraction } from '../values.ts';

/** A gauge of the profiler by its name behind any prefix. Null when: it was not seen. */
function gauge(o: Observation, name: RegExp): GaugeLevel | null {
  for (const [full, level] of o.profile?.gauges ?? []) if (name.test(full)) return level;
  return null;
}

const most = (o: Observation, name: RegExp): number => gauge(o, name)?.max ?? Number.NaN;

function gaugeFact(name: RegExp): (o: Observation) => Fact | null {
  return (o) => {
    const found = gauge(o, name);
    if (found === null) return null;
    return { name: found.name, value: `max ${found.max}`, evidenceId: found.evidenceId };
  };
}

/** Errors that a healthy GPU never counts. Source: NVML; zero values are not emitted. */
const GPU_ERRORS = /gpu\.errors\.(?:xid|ecc\.dbe|nvlink\.fatal|retired_pages\.dbe)/;
const GRAMMAR_QUEUE = /num_grammar_queue_reqs$/;
const EVICTED = 'sglang:evicted_tokens_total';

/** Nodes, front ends and caches around the engine’s steps. */
export const SERVICE_RULES: readonly Rule[] = [
  {
    id: 'sick-node',
    cause: 'sick_node',
    title: 'The GPU counts errors: the node is sick',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [(_m, o) => most(o, GPU_ERRORS) > 0],
    base: 0.7,
    witnesses: [],
    cites: [gaugeFact(GPU_ERRORS)],
    knobs: {},
    expected: 'the same configuration runs as it should on another host',
    confirmBy: 'no such error on another host, and other times there',
    refutedBy: 'the same errors on another host',
    risk: 'none: nothing is tuned',
    source: 'NVML error counters',
  },
  {
    id: 'grammars-compile',
    cause: 'grammar_compile_bound',
    title: 'Requests wait for their grammars to be compiled',
    engines: ['sglang'],
    needs: ['profile'],
    requires: [(_m, o) => (gauge(o, GRAMMAR_QUEUE)?.mean ?? 0) >= 0.5],
    base: 0.55,
    witnesses: [(_m, o) => (gauge(o, GRAMMAR_QUEUE)?.shareAboveZero ?? 0) >= 0.5],
    cites: [gaugeFact(GRAMMAR_QUEUE), 'ttftClient'],
    knobs: { sglang: [set('--grammar-backend', 'xgrammar')] },
    expected: 'TTFT lower, TBOT the same',
    confirmBy: 'num_grammar_queue_reqs stays at 0',
    refutedBy: 'the grammar queue stays with another backend',
    risk: 'backends differ in the schemas that they take',
    source: 'SGLang scheduler source',
  },
  {
    id: 'prefix-cache-evicts',
    cause: 'prefix_cache_thrash',
    title: 'Shared prefixes are evicted before they are used again',
    engines: ['sglang'],
    needs: ['metrics', 'log'],
    requires: [
      (m, o) => counter(o, EVICTED).value > m.promptTokens.value,
      (m) => m.sharedRatio.value >= 0.3,
      (m) => m.kvMax.value >= 0.9,
    ],
    base: 0.5,
    witnesses: [(m) => m.hit.value < m.sharedRatio.value - 0.1],
    cites: [(o) => counter(o, EVICTED).fact, 'hit', 'sharedRatio', 'kvMax'],
    knobs: { sglang: [set('--mem-fraction-static', higherFraction)] },
    expected: 'TTFT lower, throughput higher',
    confirmBy: 'evicted tokens fall and the hit ratio rises',
    refutedBy: 'the hit ratio stays with a larger pool: prompts differ near their beginning',
    risk: 'out of memory at start or under load',
    source: 'SGLang mem_cache source',
  },
  {
    id: 'queue-refuses',
    cause: 'overload',
    title: 'The request queue is full and refuses: one replica is not enough',
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
  {
    id: 'tokens-late-at-client',
    cause: 'detokenizer_bound',
    title: 'Tokens reach the client far later than the engine makes them, at a large batch',
    engines: GPU_ENGINES,
    needs: ['client', 'metrics'],
    requires: [(m) => m.tbotClient.value > 2 * m.tbotEngine.value, (m) => m.batch.value >= 64],
    base: 0.5,
    witnesses: [(m) => m.batch.value >= 256, (m) => m.tbotClient.value > 4 * m.tbotEngine.value],
    cites: ['tbotClient', 'tbotEngine', 'batch'],
    knobs: { sglang: [set('--stream-interval', '4')], vllm: [set('--stream-interval', '4')] },
    expected: 'mean TBOT lower, tokens in larger steps, throughput higher',
    confirmBy: 'TBOT of client and engine agree within a fifth',
    refutedBy: 'the difference stays: it is on the path, not in the front end',
    risk: 'gaps between events grow: judge by the whole request',
    source: 'SGLang #23393',
  },
];
