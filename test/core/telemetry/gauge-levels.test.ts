import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createGaugeCollector,
  readSampledGauges,
} from '../../../mcp-server/core/telemetry/gauge-levels.ts';

const scrape = (running: number, usage: number): string =>
  [
    '# TYPE sglang:num_running_reqs gauge',
    `sglang:num_running_reqs{tp_rank="0",dp_rank="0"} ${running}`,
    `sglang:num_running_reqs{tp_rank="1",dp_rank="0"} ${running}`,
    `sglang:num_running_reqs{tp_rank="0",dp_rank="1"} 1`,
    '# TYPE sglang:token_usage gauge',
    `sglang:token_usage{tp_rank="0",dp_rank="0"} ${usage}`,
    'sglang:token_usage{tp_rank="0",dp_rank="1"} 0.1',
    '# TYPE sglang:prompt_tokens_total counter',
    'sglang:prompt_tokens_total 5',
    '',
  ].join('\n');

describe('createGaugeCollector', () => {
  it('keeps least, mean, most and last of each gauge, rank 0 for all and replicas added up', () => {
    const collector = createGaugeCollector();
    for (const [running, usage] of [
      [0, 0],
      [4, 0.5],
      [2, 0.4],
    ] as const)
      collector.add(scrape(running, usage));
    expect(collector.levels()).toEqual([
      {
        name: 'sglang:num_running_reqs',
        min: 1,
        mean: 3,
        max: 5,
        last: 3,
        n: 3,
        shareAboveZero: 1,
      },
      expect.objectContaining({ name: 'sglang:token_usage', min: 0.1, max: 0.5, last: 0.4 }),
    ]);
  });

  it('does not grow with scrapes or with names', () => {
    const collector = createGaugeCollector();
    for (let round = 0; round < 20; round += 1) {
      const names = Array.from(
        { length: 200 },
        (_, i) => `# TYPE g${round}_${i} gauge\ng${round}_${i} 1`,
      );
      collector.add(names.join('\n'));
    }
    expect(collector.levels()).toHaveLength(500);
  });

  it('reads back what it wrote, and nothing from anything else', () => {
    const collector = createGaugeCollector();
    collector.add(scrape(4, 0.5));
    const levels = collector.levels();
    expect(readSampledGauges(JSON.stringify(levels))).toEqual(levels);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(readSampledGauges(text))).toBe(true);
        expect(() => {
          collector.add(text);
        }).not.toThrow();
      }),
    );
  });
});
