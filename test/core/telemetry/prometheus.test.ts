import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  histogramMean,
  parsePrometheus,
  readEngineMetric,
  readPrometheus,
  windowDelta,
} from '../../../mcp-server/core/telemetry/prometheus.ts';

const SGLANG = {
  metricNames: {
    queueDepth: ['sglang:num_queue_reqs'],
    kvUsageRatio: ['sglang:token_usage'],
    promptTokens: ['sglang:prompt_tokens_total'],
    cachedTokens: ['sglang:cached_tokens_total'],
    ttftSeconds: ['sglang:time_to_first_token_seconds'],
    tokensPerStep: ['vllm:iteration_tokens_total'],
  },
};

const scrape = (tokens: number, requests: number, ttftSum: number): string =>
  [
    '# HELP sglang:prompt_tokens_total Tokens.',
    '# TYPE sglang:prompt_tokens_total counter',
    `sglang:prompt_tokens_total{model_name="m"} ${tokens}`,
    '# TYPE sglang:num_queue_reqs gauge',
    'sglang:num_queue_reqs{model_name="m",tp_rank="0",dp_rank="0"} 3.0',
    'sglang:num_queue_reqs{model_name="m",tp_rank="1",dp_rank="0"} 3.0',
    'sglang:num_queue_reqs{model_name="m",tp_rank="0",dp_rank="1"} 4.0',
    '# TYPE sglang:time_to_first_token_seconds histogram',
    `sglang:time_to_first_token_seconds_sum{model_name="m"} ${ttftSum}`,
    `sglang:time_to_first_token_seconds_bucket{le="0.1",model_name="m"} ${requests}`,
    `sglang:time_to_first_token_seconds_bucket{le="+Inf",model_name="m"} ${requests}`,
    `sglang:time_to_first_token_seconds_count{model_name="m"} ${requests}`,
  ].join('\n');

describe('parsePrometheus', () => {
  it('reads escaped labels, timestamps, exemplars and special numbers', () => {
    const samples = parsePrometheus(
      [
        'a{x="one \\"two\\" \\\\ \\n",y="}"} 1 1774902000000',
        'b_bucket{le="1"} 5 # {trace_id="abc"} 0.3 1774902000.1',
        'c NaN',
        'd +Inf',
        'e\t-Inf',
        'f 1e3',
      ].join('\r\n'),
    );
    expect(samples.map((one) => one.value)).toEqual([1, 5, Number.NaN, Infinity, -Infinity, 1000]);
    expect(samples[0]?.labels).toEqual({ x: 'one "two" \\ \n', y: '}' });
    expect(samples[1]).toMatchObject({ name: 'b_bucket', type: 'histogram' });
  });

  it('keeps names and labels that would pollute a prototype as plain data', () => {
    const samples = parsePrometheus('__proto__{__proto__="x",constructor="y"} 1');
    expect(samples[0]?.name).toBe('__proto__');
    expect(Object.keys(samples[0]?.labels ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('counts what is no sample and goes on behind it', () => {
    const read = readPrometheus('<html>\nok 1\nbroken{a="1 2\n{} 3\n');
    expect(read.samples.map((one) => one.name)).toEqual(['ok']);
    expect(read.malformedLines).toBe(3);
  });

  it('never throws on arbitrary text', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('a', '{', '}', '"', '\\', '=', ',', ' ', '\n', '1', '#'),
    });
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string()), (text) => Array.isArray(parsePrometheus(text))),
    );
  });

  it('reads ten thousand series in a time that grows with their number, no faster', () => {
    const lines = Array.from(
      { length: 10_000 },
      (_, i) => `sglang:x_${i % 97}{model_name="m",tp_rank="${i}",stage="decode"} ${i}.5`,
    );
    const text = lines.join('\n');
    parsePrometheus(text);
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      expect(parsePrometheus(text)).toHaveLength(10_000);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(250);
  });
});

describe('windowDelta', () => {
  it('gives the increase of counters and the last value of gauges', () => {
    const delta = windowDelta(
      parsePrometheus(scrape(100, 4, 1)),
      parsePrometheus(scrape(350, 10, 4)),
    );
    expect(readEngineMetric(delta, SGLANG, 'promptTokens')).toMatchObject({
      kind: 'count',
      value: 250,
    });
    expect(readEngineMetric(delta, SGLANG, 'queueDepth')).toMatchObject({
      kind: 'level',
      value: 7,
    });
    // (4 - 1) s over (10 - 4) requests = 0.5 s
    expect(readEngineMetric(delta, SGLANG, 'ttftSeconds')).toMatchObject({
      kind: 'mean',
      value: 0.5,
      observations: 6,
    });
  });

  it('counts from zero after a restart, all parts of a histogram together', () => {
    const delta = windowDelta(
      parsePrometheus(scrape(900, 10, 1)),
      parsePrometheus(scrape(50, 2, 4)),
    );
    const tokens = delta.find((one) => one.name === 'sglang:prompt_tokens_total');
    expect(tokens).toMatchObject({ value: 50, before: 900, after: 50, reset: true });
    // The sum rose from 1 to 4, but the count fell: both are new.
    expect(histogramMean(delta, 'sglang:time_to_first_token_seconds')).toMatchObject({ value: 2 });
  });

  it('takes a counter that appears inside the window from zero', () => {
    const delta = windowDelta([], parsePrometheus(scrape(50, 2, 4)));
    expect(delta.find((one) => one.name === 'sglang:prompt_tokens_total')).toMatchObject({
      value: 50,
      before: null,
      reset: false,
    });
  });
});

describe('readEngineMetric', () => {
  it('takes the total of a counter that also lists its parts', () => {
    const text = [
      '# TYPE sglang:cached_tokens_total counter',
      'sglang:cached_tokens_total{cache_source="device"} 30',
      'sglang:cached_tokens_total{cache_source="host"} 10',
      'sglang:cached_tokens_total{cache_source="total"} 40',
    ].join('\n');
    expect(readEngineMetric(parsePrometheus(text), SGLANG, 'cachedTokens')?.value).toBe(40);
  });

  it('takes the fullest replica of a ratio', () => {
    const text = 'sglang:token_usage{dp_rank="0"} 0.5\nsglang:token_usage{dp_rank="1"} 0.9';
    expect(readEngineMetric(parsePrometheus(text), SGLANG, 'kvUsageRatio')?.value).toBe(0.9);
  });

  it('reads a histogram that is named like a counter', () => {
    const text = [
      '# TYPE vllm:iteration_tokens_total histogram',
      'vllm:iteration_tokens_total_sum 8192',
      'vllm:iteration_tokens_total_count 2',
    ].join('\n');
    expect(readEngineMetric(parsePrometheus(text), SGLANG, 'tokensPerStep')?.value).toBe(4096);
  });

  it('says null for a metric that is not there', () => {
    expect(readEngineMetric([], SGLANG, 'ttftSeconds')).toBeNull();
    expect(readEngineMetric([], SGLANG, 'unknown')).toBeNull();
  });
});
