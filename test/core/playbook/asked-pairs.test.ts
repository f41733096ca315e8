import { describe, expect, it } from 'vitest';
import { byRules, type Input, type Row } from './by-rules.ts';

const statusOf = (running: number, waiting: number): string =>
  Array.from(
    { length: 3 },
    (_, at) =>
      `INFO 01-01 10:00:${at}0 [loggers.py:127] Engine 000: Avg prompt throughput: 512.3 tokens/s, Avg generation throughput: 3120.5 tokens/s, Running: ${running} reqs, Waiting: ${waiting} reqs, GPU KV cache usage: 21.4%`,
  ).join('\n');
/** Reports that differ in the one thing that is asked for. */
const ROWS: readonly Row[] = [
  [
    "a batch of the size of a client's pool while nothing waits",
    'client_limited',
    'vllm',
    { log: statusOf(100, 0), symptom: 'I send 128 at once.' },
    { log: statusOf(100, 28), symptom: 'I send 128 at once.' },
  ],
  [
    'far more tokens asked for than written',
    'admission_too_conservative',
    'sglang',
    { benchmark: 'max_new_tokens=4096, outputs of 46 tokens, 13 of 64 running, the others queue' },
    { benchmark: 'max_new_tokens=64, outputs of 46 tokens, 13 of 64 running, the others queue' },
  ],
  [
    'an answer of the first token of the vocabulary alone',
    'quantization_mismatch',
    'vllm',
    { symptom: 'All that comes is !!!!!!!!!!!!!!!!.' },
    { symptom: 'All that comes is fine!' },
  ],
];

const firstOf = (engine: string, input: Input): string | undefined =>
  byRules({ engine, input }).causes[0]?.class;

describe('what a report asks for', () => {
  it.each(ROWS)('%s is told first', (...[, cls, engine, fires]) => {
    expect(firstOf(engine, fires)).toBe(cls);
  });

  it.each(ROWS)('%s is not told first where it is not so', (...[, cls, engine, , quiet]) => {
    expect(firstOf(engine, quiet)).not.toBe(cls);
  });

  it.each([
    ['a launch that caps the batch there', { launch_command: 'vllm serve m --max-num-seqs 100' }],
    ['a batch of another size', { log: statusOf(97, 0) }],
  ])('%s is less sure to be the pool of a client', (_, input) => {
    const surenessOf = (more: Input): number =>
      byRules({ engine: 'vllm', input: { log: statusOf(100, 0), ...more } }).causes.find(
        (one) => one.class === 'client_limited',
      )?.confidence ?? 0;
    expect(surenessOf(input)).toBeLessThan(surenessOf({}));
  });

  it('a fleet of fewer machines than replicas has no room, one that may grow has', () => {
    const surenessAt = (nodes: string): number =>
      byRules({
        engine: 'dstack',
        input: {
          launch_command: 'type: service\nname: web\nreplicas: 2',
          symptom: `The fleet has nodes: ${nodes}. The second one fails.`,
        },
      }).causes.find((one) => one.class === 'no_capacity')?.confidence ?? 0;
    for (const nodes of ['2', '1..2', '0..']) {
      expect(surenessAt(nodes)).toBeLessThan(0.5);
    }
    expect(surenessAt('1')).toBeGreaterThan(0.7);
  });
});
