import { describe, expect, it } from 'vitest';
import {
  isOverSaturated,
  type LoadSample,
} from '../../../mcp-server/core/capacity/over-saturation.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';

/** One look a second: requests in flight and TTFT, each with noise, growing by so much a second. */
function looks(seconds: number, growth: { readonly queue: number; readonly ttft: number }) {
  const random = keyedRandom(['looks', seconds, growth.queue, growth.ttft]);
  return Array.from(
    { length: seconds },
    (_, second): LoadSample => ({
      atMs: (second + 1) * 1000,
      inFlight: 20 + growth.queue * second + 3 * random.normal(),
      ttftMs: 200 + growth.ttft * second + 20 * random.normal(),
    }),
  );
}

describe('over-saturation', () => {
  it('is a queue and a TTFT that both grow', () => {
    expect(isOverSaturated(looks(40, { queue: 1, ttft: 10 }))).toBe(true);
    expect(isOverSaturated(looks(40, { queue: 1, ttft: 0 }))).toBe(false);
    expect(isOverSaturated(looks(40, { queue: 0, ttft: 10 }))).toBe(false);
    expect(isOverSaturated(looks(40, { queue: -1, ttft: -2 }))).toBe(false);
  });

  it('says nothing before thirty seconds', () => {
    expect(isOverSaturated(looks(29, { queue: 2, ttft: 20 }))).toBe(false);
    expect(isOverSaturated([])).toBe(false);
  });

  it('looks at the last two minutes only, so that an old ramp does not count', () => {
    const ramp = looks(60, { queue: 3, ttft: 30 });
    const flat = looks(300, { queue: 0, ttft: 0 }).map((look) => ({
      ...look,
      atMs: look.atMs + 60_000,
      inFlight: look.inFlight + 180,
    }));
    expect(isOverSaturated([...ramp, ...flat])).toBe(false);
  });
});
