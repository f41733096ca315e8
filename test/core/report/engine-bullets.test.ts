import { describe, expect, test } from 'vitest';
import { readArtefact } from '../../../mcp-server/core/evidence/lookup.ts';
import {
  attributeBullets,
  engineWindowBullets,
  spanBullets,
} from '../../../mcp-server/core/report/engine-bullets.ts';

const NAMES = {
  ttft: ['sglang:time_to_first_token_seconds'],
  tbot: ['sglang:inter_token_latency_seconds'],
  queue: ['sglang:queue_time_seconds'],
};

const delta = (text: string) => ({
  evidenceId: 'e000007',
  artefact: readArtefact('metrics_after', text, null),
});
const profile = (value: unknown) => ({
  evidenceId: 'e000008',
  artefact: readArtefact('graphsignal', JSON.stringify(value), null),
});

describe('bullets from the engine itself', () => {
  test('state window means in seconds and cite the histogram by its name', () => {
    // 12 s over 96 requests = 0.125 s
    const bullets = engineWindowBullets(
      delta(
        'sglang:time_to_first_token_seconds_sum 12\nsglang:time_to_first_token_seconds_count 96\n',
      ),
      NAMES,
    );
    expect(bullets).toEqual([
      "By the engine's own window means: time to first token 0.125 s [e000007 sglang:time_to_first_token_seconds=0.125]",
    ]);
  });

  test('say nothing where the engine exposes none of the names', () => {
    expect(engineWindowBullets(delta('other_metric 1\n'), NAMES)).toEqual([]);
  });

  test('tell that a changed setting reached the engine', () => {
    const known = profile({
      resources: [{ kind: 'engine', attributes: { 'sglang.startup.quantization': 'fp8' } }],
    });
    const change = { kind: 'set_flag', flag: '--quantization', value: 'fp8' } as const;
    expect(attributeBullets(known, [change])[0]).toMatch(
      /\[e000008 sglang\.startup\.quantization=fp8\]$/,
    );
    expect(
      attributeBullets(known, [{ kind: 'set_flag', flag: '--page-size', value: '16' }]),
    ).toEqual([]);
  });

  test('quote one sampled request in nanoseconds as received', () => {
    const known = profile({
      spans: [
        { name: 'sglang.Req 1', counters: { 'sglang.latency.time_to_first_token': 164006022 } },
      ],
    });
    expect(spanBullets(known)[0]).toContain('164006022 ns');
    expect(spanBullets(profile({}))).toEqual([]);
  });
});
