import { describe, expect, it } from 'vitest';
import { readArtefact } from '../../mcp-server/app/read-artefact.ts';
import { refusal } from '../fakes/refusal.ts';

const as = (kind: string, engine: string | null = null) => ({ kind, engine });

describe('an artefact as autodebug sees it', () => {
  it('shows the events of a log with class and cause, and how many lines are none', () => {
    const text =
      'INFO 03-22 15:00:10 [api_server.py:1] vLLM API server\nOSError: [Errno 98] Address already in use\nhello';
    const { records, dropped } = readArtefact(text, as('log'));
    expect(records).toEqual([
      expect.objectContaining({ record: 'event', cls: 'port_conflict', rootCause: true }),
    ]);
    expect(dropped['unclassifiedLines']).toBe(2);
  });

  it('shows the series of a scrape and counts malformed lines', () => {
    const { records, dropped } = readArtefact('a_total{x="1"} 2\n{{{\n', as('metrics'));
    expect(records).toEqual([
      expect.objectContaining({ record: 'series', name: 'a_total', value: 2 }),
    ]);
    expect(dropped).toEqual({ malformedLines: 1, samples: 0 });
  });

  it('shows metrics and attributes of a profiler answer under their own kinds', () => {
    const answer = {
      metrics: [{ name: 'sglang.x', type: 'gauge', datapoints: [{ measurement_ts: 1, gauge: 2 }] }],
      resources: [{ kind: 'engine', attributes: { 'sglang.startup.tp_size': '1' } }],
    };
    const { records } = readArtefact(JSON.stringify(answer), as('graphsignal'));
    expect(records.map(({ record }) => record)).toEqual(['answer', 'metric', 'attributes']);
  });

  it('refuses a kind or an engine that it does not know, and tells which there are', () => {
    expect(() => readArtefact('', as('pdf'))).toThrow(
      refusal(
        'E_INVALID_INPUT',
        '"pdf" is no kind of artefact',
        '--as graphsignal | metrics | log',
      ),
    );
    expect(() => readArtefact('', as('log', 'tgi'))).toThrow(
      refusal('E_INVALID_INPUT', '"tgi" is no engine', '--engine sglang'),
    );
  });
});
