import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProfilerContext } from '../../../mcp-server/core/telemetry/graphsignal.ts';
import {
  summariseMetric,
  topOperations,
} from '../../../mcp-server/core/telemetry/graphsignal-digest.ts';

const T0 = 1_774_904_552_000;
const WINDOW = { startMs: T0 - 5000, endMs: T0 + 60_000 };

const FIRST = {
  available_tags: { 'host.name': ['node-1'], 'device.index': ['0'] },
  resources: [
    {
      kind: 'engine',
      tags: [{ key: 'host.name', value: 'node-1' }],
      attributes: [{ name: 'sglang.startup.tp_size', value: '1' }],
    },
  ],
  metrics: [
    {
      name: 'sglang.gen_throughput',
      type: 'gauge',
      tags: { 'sdk.name': 'graphsignal-python' },
      datapoints: [
        { measurement_ts: T0 * 1e6, gauge: '729.5' },
        { measurement_ts: (T0 + 10_000) * 1e6, gauge: null },
      ],
    },
    {
      name: 'sglang.time_to_first_token_seconds',
      type: 'summary',
      tags: {},
      datapoints: [
        { measurement_ts: T0 * 1e6, summary: { count: 10, sum: 20 } },
        { measurement_ts: (T0 + 10_000) * 1e6, summary: { count: 20, sum: 21 } },
      ],
    },
  ],
  profiles: [
    {
      name: 'profile.python',
      fields: [
        { category: 'sglang.scheduler', op_name: 'Scheduler.run_batch', statistic: 'ncalls' },
        { category: 'sglang.scheduler', op_name: 'Scheduler.run_batch', statistic: 'cumtime' },
        {
          category: 'sglang.scheduler',
          op_name: 'Scheduler.event_loop_overlap',
          statistic: 'cumtime',
        },
      ],
      datapoints: [
        { measurement_ts: T0 * 1e6, values: [405, 435_000_000, 9e10] },
        { measurement_ts: (T0 + 10_000) * 1e6, values: ['5', '65000000', null] },
      ],
    },
  ],
  spans: [
    {
      name: 'sglang.Req 1a2b3c4d',
      start_ts: T0 * 1e6,
      end_ts: (T0 + 390) * 1e6,
      tags: {},
      counters: [{ name: 'sglang.latency.time_to_first_token', value: '164006022' }],
      attributes: { 'sglang.request.max_tokens': '150' },
    },
  ],
  logs: [{ level: 'ERROR', message: 'odd', exception: '', log_ts: T0 * 1e6 }],
};

const asPython = (value: unknown): string =>
  JSON.stringify(value).replaceAll('"', "'").replaceAll('null', 'None').replaceAll('true', 'True');

describe('parseProfilerContext', () => {
  it.each([
    ['JSON', JSON.stringify(FIRST), 'json'],
    ['a JSON string that holds JSON', JSON.stringify(JSON.stringify(FIRST)), 'json'],
    ['the whole HTTP body', JSON.stringify({ context: JSON.stringify(FIRST) }), 'json'],
    ['an object as context', JSON.stringify({ context: FIRST }), 'json'],
    ['a wrapper of text', JSON.stringify({ ok: 1, context: JSON.stringify(FIRST) }), 'json'],
    [
      'markdown with a fence',
      `# Signals\n\nSee [docs](x).\n\`\`\`json\n${JSON.stringify(FIRST, null, 1)}\n\`\`\`\nend`,
      'embedded',
    ],
    ['text with a bare block', `Signals {of the service}:\n${JSON.stringify(FIRST)}\n`, 'embedded'],
    ['the repr of Python', asPython(FIRST), 'literal'],
    [
      'one section a block',
      Object.entries(FIRST)
        .map(([key, value]) => `## ${key}\n${JSON.stringify({ [key]: value })}`)
        .join('\n'),
      'embedded',
    ],
  ])('reads the first generation out of %s', (_what, text, layout) => {
    const context = parseProfilerContext(text);
    expect(context.layout).toBe(layout);
    expect(context.generation).toBe(1);
    expect(context.availableTags['host.name']).toEqual(['node-1']);
    expect(context.metrics.map((metric) => metric.name)).toEqual([
      'sglang.gen_throughput',
      'sglang.time_to_first_token_seconds',
    ]);
    expect(context.metrics[0]?.points[0]).toMatchObject({ atMs: T0, value: 729.5 });
    expect(context.metrics[0]?.points[1]?.value).toBeNull();
    expect(context.spans[0]?.counters['sglang.latency.time_to_first_token']).toBe(164_006_022);
    expect(context.resources[0]?.attributes['sglang.startup.tp_size']).toBe('1');
    expect(context.operations[0]).toMatchObject({
      category: 'sglang.scheduler',
      name: 'Scheduler.run_batch',
      calls: 410,
      cumtimeNs: 500_000_000,
    });
    expect(context.logs[0]?.level).toBe('ERROR');
  });

  it('makes a window mean of a histogram that counts since the start', () => {
    const context = parseProfilerContext(JSON.stringify(FIRST));
    const ttft = context.metrics[1];
    // (21 − 20) s over (20 − 10) requests; since the start it would read 1.05 s.
    expect(ttft && summariseMetric(ttft, WINDOW)).toMatchObject({ statistic: 'mean', value: 0.1 });
  });

  it('lists operations without loops that never return, and adds no nested times', () => {
    const lines = topOperations(parseProfilerContext(JSON.stringify(FIRST)), WINDOW);
    expect(lines.map((line) => line.operation)).toEqual(['sglang.scheduler.Scheduler.run_batch']);
    expect(lines[0]?.cumtimeMs).toBe(500);
  });

  it('knows the second generation by native names and kernel categories', () => {
    const context = parseProfilerContext(
      JSON.stringify([
        {
          name: 'vllm:num_requests_running',
          type: 'gauge',
          tags: {},
          datapoints: [{ ts: T0 / 1000, value: 3 }],
        },
        { category: 'cuda.kernel', op_name: 'gemm@1a2b', cumtime: 5e6, ncalls: 12 },
      ]),
    );
    expect(context.generation).toBe(2);
    expect(context.metrics[0]?.points[0]).toMatchObject({ atMs: T0, value: 3 });
    expect(context.operations[0]).toMatchObject({ cumtimeNs: 5e6, calls: 12 });
  });

  it('knows the third generation by its stats and frames', () => {
    const context = parseProfilerContext(
      JSON.stringify({
        profiler: { name: 'x', version: '1.0.0' },
        metrics: [
          {
            name: 'gpu_utilization_percent',
            type: 'gauge',
            tags: {},
            stats: { value: 87 },
            updated_ns: T0 * 1e6,
          },
          {
            name: 'sglang:time_to_first_token_seconds',
            type: 'histogram',
            stats: { count: 10, sum: 1.2, p50: 0.1 },
          },
          {
            name: 'cuda_kernels_nanoseconds',
            type: 'profile',
            stats: { frames: [{ name: 'attention', value: 123, samples: 4 }] },
          },
        ],
        errors: [{ level: 'error', message: 'm', log_ns: T0 * 1e6 }],
      }),
    );
    expect(context.generation).toBe(3);
    expect(context.metrics[0]?.points[0]).toMatchObject({ atMs: T0, value: 87 });
    expect(context.metrics[1]?.points[0]).toMatchObject({ count: 10, sum: 1.2 });
    expect(context.operations[0]).toMatchObject({
      category: 'cuda_kernels_nanoseconds',
      name: 'attention',
      cumtimeNs: 123,
      calls: 4,
    });
  });

  it('falls back to known names followed by numbers when nothing parses', () => {
    const context = parseProfilerContext('sglang.gen_throughput was 1,729.50 tok/s; broken {');
    expect(context.metrics[0]).toMatchObject({
      name: 'sglang.gen_throughput',
      points: [{ value: 1729.5 }],
    });
    expect(context.layout).toBe('text');
  });

  it('calls blank text empty and keeps a guide as text', () => {
    expect(parseProfilerContext(' \n')).toMatchObject({ layout: 'empty', points: 0 });
    expect(parseProfilerContext('# Guide\nUse tags.').guideText).toBe('# Guide\nUse tags.');
  });

  it('takes a polluting name as a name', () => {
    const context = parseProfilerContext(
      '{"metrics":[{"name":"m","stats":{"value":1},"tags":{"__proto__":"x"}}],"__proto__":{"polluted":1}}',
    );
    expect(Object.keys(context.metrics[0]?.tags ?? {})).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('counts what it drops of too many records', () => {
    const metrics = Array.from({ length: 20_010 }, (_, i) => ({
      name: `m${i}`,
      stats: { value: i },
    }));
    const context = parseProfilerContext(JSON.stringify({ metrics }));
    expect(context.metrics).toHaveLength(20_000);
    expect(context.dropped['metrics']).toBe(10);
  });

  it('never throws nor hangs on arbitrary text', () => {
    const brackets = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', "'", ':', ',', '\\', 'a', '1', '(', 'N'),
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.oneof(brackets, fc.string(), fc.json()), (text) => {
        expect(parseProfilerContext(text).points).toBeGreaterThanOrEqual(0);
      }),
    );
    const deep = '['.repeat(200_000);
    const start = performance.now();
    expect(parseProfilerContext(deep).points).toBe(0);
    expect(parseProfilerContext(`x ${'{"a":'.repeat(50_000)}`).points).toBe(0);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it('reads twenty megabytes in seconds, not minutes', () => {
    const points = Array.from({ length: 100 }, (_, i) => ({
      measurement_ts: (T0 + i) * 1e6,
      gauge: i,
    }));
    const metrics = Array.from({ length: 4500 }, (_, i) => ({
      name: `sglang.m${i}`,
      type: 'gauge',
      tags: {},
      datapoints: points,
    }));
    const text = JSON.stringify({ metrics });
    expect(text.length).toBeGreaterThan(20_000_000);
    const start = performance.now();
    expect(parseProfilerContext(text).metrics).toHaveLength(4500);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
