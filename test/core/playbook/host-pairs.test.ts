import { describe, expect, it } from 'vitest';
import { hostHints } from '../../../mcp-server/core/playbook/reported/numbers/host-hints.ts';
import { refutedClasses } from '../../../mcp-server/core/playbook/reported/refuted.ts';
import { Report } from '../../../mcp-server/core/playbook/reported/report.ts';
import { textHints } from '../../../mcp-server/core/playbook/reported/words/text-hints.ts';
import { readLogLoad } from '../../../mcp-server/core/telemetry/log-load.ts';
import { byRules, type Input, type Row } from './by-rules.ts';

const stats = (...running: readonly number[]): string =>
  running
    .map(
      (at) =>
        `Engine 000: Avg prompt throughput: 9120.4 tokens/s, Avg generation throughput: 2391.2 tokens/s, Running: ${at} reqs, Waiting: 0 reqs, GPU KV cache usage: 31.2%, Prefix cache hit rate: 4.1%`,
    )
    .join('\n');

const BUILDS = 'With b5449 I get around 26 tokens per second, from b5450 on around 16.';
const EXPERTS = 'llama-server -m m.gguf -ngl 99 -ot "ffn_.*_exps.*=CPU"';

/** Reports that differ in the one thing that the host or the clients show. */
const ROWS: readonly Row[] = [
  [
    'a batch that stands at the pool of an HTTP client',
    'client_limited',
    'vllm',
    { log: stats(100, 99, 100), launch_command: 'vllm serve m --max-num-seqs 512' },
    { log: stats(100, 99, 100), launch_command: 'vllm serve m --max-num-seqs 100' },
  ],
  [
    'the pool of an HTTP client, told',
    'client_limited',
    'vllm',
    { symptom: 'The model never has more than 100 requests, whatever we send.' },
    { symptom: 'The model never has more than 256 requests, whatever we send.' },
  ],
  [
    'as many requests as a browser has connections',
    'client_limited',
    'llamacpp',
    {
      symptom: 'Of twelve Firefox tabs only six get text.',
      launch_command: 'llama-server -m m.gguf -np 12',
    },
    {
      symptom: 'Of twelve Firefox tabs only six get text.',
      launch_command: 'llama-server -m m.gguf -np 6',
    },
  ],
  [
    'machines that were asked for as spot and went',
    'spot_interruption',
    'vllm',
    {
      symptom: 'At noon two of the nodes vanished.',
      launch_command: 'sky serve up s.yaml # use_spot: true',
    },
    { symptom: 'At noon two of the nodes vanished.', launch_command: 'sky serve up s.yaml' },
  ],
  [
    'experts on the processor and another build',
    'cpu_or_frontend_bound',
    'llamacpp',
    { symptom: BUILDS, launch_command: EXPERTS },
    { symptom: BUILDS, launch_command: 'llama-server -m m.gguf -ngl 99' },
  ],
  [
    'shapes that a kernel has not seen',
    'cold_jit_in_window',
    'vllm',
    {
      symptom: 'TPOT jumps by two seconds at a Triton kernel, for shapes not seen before.',
    },
    { symptom: 'TPOT jumps by two seconds while a long prompt is read.' },
  ],
  [
    'jumps that get rarer',
    'cold_jit_in_window',
    'sglang',
    { symptom: 'The latency jumps; the jumps get rarer the longer it has been up.' },
    { symptom: 'The latency jumps; the jumps get higher with more users.' },
  ],
];

const strongest = (engine: string, input: Input, cls: string): number => {
  const report = Report.parse({ engine, kind: 'performance', input });
  return Math.max(
    0,
    ...[...hostHints(report), ...textHints(report)]
      .filter((hint) => hint.cls === cls)
      .map(({ weight }) => weight),
  );
};

const causeOf = (engine: string, input: Input, cls: string) =>
  byRules({ engine, kind: 'performance', input }).causes.find((cause) => cause.class === cls);

describe('what the host and the clients show', () => {
  it.each(ROWS)('%s speaks for %s (%s)', (...[, cls, engine, fires, quiet]) => {
    const weight = strongest(engine, fires, cls);
    expect(weight).toBeGreaterThanOrEqual(0.45);
    expect(strongest(engine, quiet, cls)).toBeLessThan(weight);
    expect(causeOf(engine, fires, cls)?.confidence).toBeGreaterThanOrEqual(0.45);
  });

  it('prefills that take nothing from the cache show no warm one', () => {
    const of = (cached: number): ReadonlySet<string> => {
      const line = `Prefill batch, #new-seq: 2, #new-token: 3456, #cached-token: ${cached}, token usage: 0.19, #running-req: 4, #queue-req: 0,`;
      const load = readLogLoad([line, line, line].join('\n'), null);
      return refutedClasses(Report.parse({ engine: 'sglang', input: {} }), { load, scrape: [] });
    };
    expect(of(0)).toContain('warm_prefix_cache_in_benchmark');
    expect(of(900)).not.toContain('warm_prefix_cache_in_benchmark');
  });

  it('how many drafts are accepted from one request to the next is no complaint of drafts', () => {
    const of = (said: string): number =>
      strongest('vllm', { symptom: said }, 'speculation_not_paying');
    expect(of('How many draft tokens are accepted differs from request to request.')).toBe(0);
    expect(of('Hardly any draft tokens are accepted, it is slower with them.')).toBeGreaterThan(
      0.45,
    );
  });

  it('drafts without a draft model are set by the flags of their own', () => {
    const launch_command = 'llama-server -m m.gguf -ngl 99 --spec-type ngram-mod';
    const symptom = 'Four tokens/s with the n-gram drafts, 40 without them.';
    const cause = causeOf('llamacpp', { launch_command, symptom }, 'speculation_not_paying');
    expect(cause?.knobs).toContain('--spec-type');
  });
});
