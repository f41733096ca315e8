import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBullet } from '../../../mcp-server/core/evidence/check-bullet.ts';
import {
  formatCitation,
  parseCitation,
  readCitations,
} from '../../../mcp-server/core/evidence/citation.ts';
import { readArtefact } from '../../../mcp-server/core/evidence/lookup.ts';
import { proseNumbers } from '../../../mcp-server/core/evidence/prose-numbers.ts';
import { resolveCitation, type Sources } from '../../../mcp-server/core/evidence/resolve.ts';

const SCRAPE = `# TYPE sglang:num_queue_reqs gauge
sglang:num_queue_reqs{tp_rank="0"} 14
# TYPE sglang:ttft_seconds histogram
sglang:ttft_seconds_sum 8.2
sglang:ttft_seconds_count 20
`;
const LOG =
  'Decode batch. #running-req: 12, #token: 4096, token usage: 0.83, gen throughput (token/s): 1502.7\n';
const PROFILE = JSON.stringify({
  metrics: [{ name: 'sglang.gen_throughput', datapoints: [{ measurement_ts: 1, gauge: 729.5 }] }],
  profiles: [
    { fields: [{ category: 'sglang.scheduler', op_name: 'Scheduler.run_batch', ncalls: 405 }] },
  ],
  spans: [
    {
      name: 'r',
      counters: { 'sglang.latency.time_to_first_token': 164006022 },
      attributes: { fp8: 'False' },
    },
  ],
});
const sources: Sources = new Map([
  ['e000001', readArtefact('metrics_after', SCRAPE, null)],
  ['e000002', readArtefact('engine_log', LOG, null)],
  ['e000003', readArtefact('graphsignal', `# SIGNALS\n\`\`\`json\n${PROFILE}\n\`\`\``, null)],
  [
    'e000004',
    readArtefact('server_info', '{"version":"0.5.6","internal_states":[{"tokens":9000}]}', null),
  ],
]);
const faults = (bullet: string) =>
  checkBullet(bullet, (citation) => resolveCitation(citation, sources));

describe('an analysis bullet', () => {
  it.each([
    'Requests queue: 14 wait on average. [e000001 sglang:num_queue_reqs=14]',
    'Requests queue: 14 wait [e000001 sglang:num_queue_reqs{tp_rank="0"}=14].',
    'TTFT is 410 ms at the engine [e000001 sglang:ttft_seconds=0.41]',
    'KV is 83 % full with 12 requests [e000002 token usage=0.83] [e000002 #running-req=12]',
    'Throughput reaches 1,503 tok/s [e000002 gen throughput (token/s)=1503]',
    'The profile says 729.5 [e000003 sglang.gen_throughput=729.50]',
    'run_batch ran 405 times [e000003 sglang.scheduler.Scheduler.run_batch=405]',
    'First token after 164 ms [e000003 sglang.latency.time_to_first_token=164006022]',
    'fp8 is off in H100 runs of v0.5.6 with --max-running-requests 64 [e000003 fp8=False]',
    'The pool has 9,000 tokens [e000004 internal_states.0.tokens=9000]',
    'The queue is 1.17x the batch [e000001 sglang:num_queue_reqs=14 / e000002 #running-req=12 = 1.17]',
    'The queue is 17 % above the batch [e000001 sglang:num_queue_reqs=14 / e000002 #running-req=12 = 1.167]',
  ])('is accepted: %s', (bullet) => {
    expect(faults(bullet)).toEqual([]);
  });

  it('is refused without a citation at its end', () => {
    expect(faults('The engine is slow.')[0]?.found).toContain('no citation');
    expect(faults('[e000001 sglang:num_queue_reqs=14] so the engine is slow')[0]?.found).toContain(
      'no citation',
    );
  });

  it('is refused for a number that no citation gives, naming it', () => {
    const [only, ...more] = faults('Requests queue: 15 wait [e000001 sglang:num_queue_reqs=14]');
    expect(more).toEqual([]);
    expect(only).toMatchObject({ said: '15' });
  });

  it('is refused for a citation that says another value than the file, with what stands there', () => {
    expect(faults('A queue [e000001 sglang:num_queue_reqs=13]')).toEqual([
      expect.objectContaining({
        evidence: 'e000001',
        name: 'sglang:num_queue_reqs',
        said: '13',
        found: '14',
      }),
    ]);
  });

  it('is refused for a name that is not there, an id that is not there and a broken bracket', () => {
    expect(faults('x [e000001 sglang:nothing=1]')[0]?.found).toBe('nothing of that name');
    expect(faults('x [e000099 a=1]')[0]?.found).toContain('no such');
    expect(faults('x [e000001 queue] [e000001 sglang:num_queue_reqs=14]')[0]?.found).toBe(
      'not a citation',
    );
  });

  it('is refused for a ratio that the two values do not give', () => {
    const bullet = 'x [e000001 sglang:num_queue_reqs=14 / e000002 #running-req=12 = 1.3]';
    expect(faults(bullet)[0]?.said).toBe('1.3');
  });

  it('may round, but not away from the value', () => {
    expect(faults('x [e000002 gen throughput (token/s)=1502.7]')).toEqual([]);
    expect(faults('x [e000002 gen throughput (token/s)=1502]')).toHaveLength(1); // 1502.7 rounds to 1503
    expect(faults('A rate of 1.5k [e000002 gen throughput (token/s)=1502.7]')).toEqual([]);
  });
});

describe('numbers of prose', () => {
  const said = (prose: string): string[] => proseNumbers(prose).map((number) => number.text);

  it('are found with their units', () => {
    expect(
      said('took 0.45s, then 32 ms (p95), 12 %, 3x and 1,200 tok/s; c=16; 14/20; 10–20'),
    ).toEqual(['0.45 s', '32 ms', '12 %', '3 x', '1,200', '16', '14', '20', '10', '20']);
  });

  it('are not digits of names, flags, versions, ids, dates and times', () => {
    expect(
      said(
        'H100 fp8 p95 Llama-3.1-8B --chunked-prefill-size 4096 v0.5.6 t0003 e000012 2026-03-22T15:00:00Z 21:02:32 w4a16 --tp=2',
      ),
    ).toEqual([]);
  });
});

describe('the citation grammar', () => {
  it('formats what it parses, and parses what it formats', () => {
    const name = fc.stringMatching(/^[a-z][a-z:_.{}" ]{0,30}[a-z]$/);
    const said = fc.stringMatching(/^\d{1,5}(\.\d{1,3})?$/);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), name, said, (id, called, value) => {
        const text = `[e${String(id).padStart(6, '0')} ${called}=${value}]`;
        const citation = parseCitation(text.slice(1, -1));
        expect(citation).not.toBeNull();
        if (citation !== null) expect(formatCitation(citation)).toBe(text);
      }),
    );
  });

  it('never throws on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(readCitations(text).citations).toBeInstanceOf(Array);
        expect(proseNumbers(text)).toBeInstanceOf(Array);
        expect(checkBullet(text, (citation) => resolveCitation(citation, sources))).toBeInstanceOf(
          Array,
        );
      }),
    );
  });
});
