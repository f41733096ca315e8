import { describe, expect, it } from 'vitest';
import { byRules, type Input, type Row } from './by-rules.ts';

const LINE = ([prompt, decode]: readonly [number, number], running: number, rest: string): string =>
  `INFO [loggers.py:118] Engine 000: Avg prompt throughput: ${prompt} tokens/s, Avg generation throughput: ${decode} tokens/s, Running: ${running} reqs, ${rest}`;
const FULL = (waiting: number): string => `Waiting: ${waiting} reqs, GPU KV cache usage: 99.7%`;
const HALF = (running: number, waiting: number): string =>
  LINE([0, 6100], running, `Waiting: ${waiting} reqs, GPU KV cache usage: 21.3%`);

const SCRAPE = (made: number): string =>
  `vllm:num_requests_running 20\nvllm:num_requests_waiting 148\nvllm:kv_cache_usage_perc 0.32\nvllm:prompt_tokens_total 11820000\nvllm:generation_tokens_total ${made}`;

const PREFILLS = (running: number): string =>
  [17, 12, 6, 4]
    .map(
      (queue) =>
        `[TP0] Prefill batch, #new-seq: 2, #new-token: 34560, #cached-token: 0, token usage: 0.19, #running-req: ${running}, #queue-req: ${queue},`,
    )
    .join('\n');

/** Reports that differ in what shows why requests wait or tokens do not come. */
const ROWS: readonly Row[] = [
  [
    'a batch that stands at a default size beside a pool with room',
    'batch_cap_binding',
    'vllm',
    { log: `${HALF(256, 744)}\n${HALF(256, 744)}` },
    { log: `${HALF(211, 744)}\n${HALF(238, 744)}` },
  ],
  [
    'a full pool from which what runs is put back',
    'preemption_thrash',
    'vllm',
    { log: `${LINE([0, 2136], 247, FULL(740))}\n${LINE([0, 1970], 241, FULL(746))}` },
    { log: `${LINE([0, 2136], 247, FULL(740))}\n${LINE([0, 1970], 241, FULL(740))}` },
  ],
  [
    'prompts that are read again though nobody came',
    'preemption_thrash',
    'vllm',
    { log: `${LINE([0, 238], 8, FULL(0))}\n${LINE([4411, 21], 8, FULL(0))}` },
    { log: `${LINE([0, 238], 8, FULL(0))}\n${LINE([4411, 21], 9, FULL(0))}` },
  ],
  [
    'counters of nearly nothing but prompt tokens',
    'prefill_bound',
    'vllm',
    { metrics_text: SCRAPE(3940) },
    { metrics_text: SCRAPE(3_940_000) },
  ],
  [
    'prefills one after the other while many run',
    'prefill_interference',
    'sglang',
    { log: PREFILLS(45) },
    { log: PREFILLS(0) },
  ],
  [
    'a scheduler that decodes only without prompts',
    'prefill_interference',
    'vllm',
    { symptom: 'It only runs a decode step when no prompt is pending.' },
    { symptom: 'It only runs a decode step when an operator asks for it.' },
  ],
  [
    'more threads that get less done',
    'cpu_or_frontend_bound',
    'vllm',
    { benchmark: 'with 2 threads: 16.8 pages/s\nwith 6 threads: 4 pages/s' },
    { benchmark: 'with 2 threads: 16.8 pages/s\nwith 6 threads: 44 pages/s' },
  ],
  [
    'a quota of processor time that is used up',
    'cpu_or_frontend_bound',
    'vllm',
    { symptom: 'Streams stall for seconds, cpu.stat shows nr_throttled climbing in those.' },
    { symptom: 'Streams stall for seconds, cpu.stat shows nr_throttled 0 all along.' },
  ],
  [
    'a small part of the cores of a machine',
    'cpu_or_frontend_bound',
    'vllm',
    { symptom: 'The node has 128 cores, the pod is given 8. Batches of ten are slow.' },
    { symptom: 'The node has 128 cores, the engine is alone on it. Batches of ten are slow.' },
  ],
  [
    'connections that level off at the pool of an HTTP client',
    'client_limited',
    'vllm',
    { symptom: 'The number of open connections levels off at 100, whatever I give.' },
    { symptom: 'The number of open connections levels off at 412, whatever I give.' },
  ],
  [
    'a first run that is slow where kernels are spoken of',
    'cold_jit_in_window',
    'sglang',
    { benchmark: 'Triton kernels\nrun 1: 2220 tok/s\nrun 2: 3790 tok/s\nrun 3: 3802 tok/s' },
    { benchmark: 'Triton kernels\nrun 1: 3780 tok/s\nrun 2: 3790 tok/s\nrun 3: 3802 tok/s' },
  ],
];

const confidence = (engine: string, input: Input, cls: string): number =>
  byRules({ engine, kind: 'performance', input }).causes.find((cause) => cause.class === cls)
    ?.confidence ?? 0;

describe('why requests wait', () => {
  it.each(ROWS)('%s speaks for %s (%s)', (...[, cls, engine, fires, quiet]) => {
    const sure = confidence(engine, fires, cls);
    expect(sure).toBeGreaterThanOrEqual(0.45);
    expect(confidence(engine, quiet, cls)).toBeLessThan(sure);
  });
});
