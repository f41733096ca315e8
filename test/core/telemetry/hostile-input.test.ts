import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingsInLog } from '../../../mcp-server/core/telemetry/effective-settings.ts';
import { readSampledGauges } from '../../../mcp-server/core/telemetry/gauge-levels.ts';
import { parseProfilerContext } from '../../../mcp-server/core/telemetry/graphsignal.ts';
import { readLogLoad } from '../../../mcp-server/core/telemetry/log-load.ts';
import { classifyLog } from '../../../mcp-server/core/telemetry/logs.ts';
import { profilerFindings } from '../../../mcp-server/core/telemetry/profiler-absence.ts';
import { parsePrometheus, windowDelta } from '../../../mcp-server/core/telemetry/prometheus.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';

const PARSERS: readonly (readonly [string, (text: string) => unknown])[] = [
  ['Prometheus text', (text) => windowDelta(parsePrometheus(text), parsePrometheus(text))],
  ['a profiler answer', parseProfilerContext],
  ['the log of SGLang', (text) => classifyLog(text, ENGINES.sglang)],
  ['the log of vLLM', (text) => classifyLog(text, ENGINES.vllm)],
  ['the log of llama.cpp', (text) => classifyLog(text, ENGINES.llamacpp)],
  ['load lines', (text) => readLogLoad(text, null)],
  ['start-up lines', settingsInLog],
  ['sampled gauges', readSampledGauges],
  [
    'lines about the profiler',
    (log) =>
      profilerFindings({
        service: log,
        commands: [log, 'pip install graphsignal'],
        envNames: [],
        image: log,
        wrappers: [],
        log,
      }),
  ],
];

/** Any bytes, read as a server's text is read. */
const bytes = fc.uint8Array({ maxLength: 3000 }).map((raw) => Buffer.from(raw).toString('utf8'));
/** Text that looks nearly right. */
const pieces = fc
  .array(
    fc.constantFrom(
      '# TYPE a gauge\n',
      'a{b="c"} ',
      'NaN',
      '1e999',
      '9007199254740993',
      '{"metrics":[',
      '"counters":{',
      '__proto__',
      'server_args=ServerArgs(a=1',
      'Decode batch, #running-req: ',
      '\r',
      '\n',
      '\u001b[31m',
      '"',
      '}',
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

describe('parsers of foreign text', () => {
  it.each(PARSERS)('never throw and never hang: %s', (_name, parse) => {
    fc.assert(
      fc.property(fc.oneof(bytes, pieces, fc.string()), (text) => {
        parse(text);
      }),
      { numRuns: 200, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('take names of prototypes as names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const text = names.map((name) => `${name}{${name}="x",__proto__="y"} 1`).join('\n');
    expect(parsePrometheus(text).map((sample) => sample.name)).toEqual(names);
    const record = `{"name":"__proto__","tags":{"__proto__":{"polluted":1}},"datapoints":[{"measurement_ts":1,"gauge":1}]}`;
    parseProfilerContext(`{"metrics":[${record}],"available_tags":{"__proto__":["polluted"]}}`);
    settingsInLog('server_args=ServerArgs(__proto__=1, constructor=2)');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keep numbers above 2^53 as near as a double can, and NaN apart from zero', () => {
    const [big, nothing, endless] = parsePrometheus('a 9007199254740993\nb NaN\nc +Inf\n');
    expect(big?.value).toBe(9007199254740992);
    expect(nothing?.value).toBeNaN();
    expect(endless?.value).toBe(Number.POSITIVE_INFINITY);
  });

  it('read a million series in bounded time', { timeout: 60_000 }, () => {
    const lines = Array.from({ length: 1_000_000 }, (_, index) => `m{i="${index}"} 1`);
    expect(parsePrometheus(lines.join('\n')).length).toBeGreaterThan(0);
  });

  it.each([
    ['SGLang', ENGINES.sglang],
    ['vLLM', ENGINES.vllm],
  ])('read a line of 50 MB in the log of %s', { timeout: 60_000 }, (_name, engine) => {
    const line = `${'x'.repeat(50_000_000)} CUDA out of memory\nValueError: end\n`;
    const events = classifyLog(line, engine);
    expect(JSON.stringify(events).length).toBeLessThan(50_000);
  });

  it('read 100 MB of log in memory that does not grow with it', { timeout: 120_000 }, () => {
    const line =
      '[2026-03-22 15:00:10] Decode batch, #running-req: 8, #token: 4096, token usage: 0.20, cuda graph: True, gen throughput (token/s): 1834.20, #queue-req: 0\n';
    const oom = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.20 GiB.\n';
    const text = Buffer.from(
      (line.repeat(1000) + oom).repeat(Math.ceil(100e6 / (line.length * 1000))),
    ).toString('latin1');
    expect(text.length).toBeGreaterThan(99e6);
    const before = process.memoryUsage().heapUsed;
    const events = classifyLog(text, ENGINES.sglang);
    const grownMb = (process.memoryUsage().heapUsed - before) / 1e6;
    expect(events.length).toBeLessThan(2000);
    expect(grownMb).toBeLessThan(150);
  });
});
