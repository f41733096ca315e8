import { beforeAll, describe, expect, it } from 'vitest';
import { findImplausible } from '../../../mcp-server/core/plausibility/find-implausible.ts';
import type { Reference } from '../../../mcp-server/core/plausibility/input.ts';
import { CASES, honestReference, measure, measureCheat } from '../../fakes/cheating-run.ts';
import { CHEATS, type Cheat, startCheatingServer } from '../../fakes/cheating-server.ts';

const references = new Map<boolean, Reference>();
beforeAll(async () => {
  for (const exactOutput of [true, false]) {
    references.set(exactOutput, await honestReference(exactOutput));
  }
});
const referenceFor = (exactOutput = true): Reference | null => references.get(exactOutput) ?? null;

describe('a server that cheats', () => {
  it('comes in at least twenty-five kinds, each with a name that catches it', () => {
    expect(Object.keys(CASES).length + 1).toBe(CHEATS.length - 1);
    expect(CHEATS.length - 1).toBeGreaterThanOrEqual(25);
  });

  it.each(Object.entries(CASES))('%s is caught by name', async (cheat, wanted) => {
    const reference = referenceFor(wanted.exactOutput);
    const { input } = await measureCheat(cheat as Cheat, { ...wanted, reference });
    expect(findImplausible(input).map(({ name }) => name)).toContain(wanted.finding);
  });

  it('fast_on_known_prompts is caught by prompts that it never saw', async () => {
    const server = await startCheatingServer('fast_on_known_prompts');
    const reference = referenceFor();
    await measure(server, { reference });
    const searched = (await measure(server, { reference })).input.summary.outputTokensPerS ?? 0;
    const other = await measure(server, { reference, seed: 2 });
    const heldOut = other.input.summary.outputTokensPerS ?? 0;
    await server.close();
    const names = findImplausible({
      ...other.input,
      holdOut: { searched, heldOut, noiseRatio: 0.03 },
    }).map(({ name }) => name);
    expect(names).toContain('only_on_known_prompts');
  });

  it('is also too good to be true', async () => {
    const { input } = await measureCheat('invented_answers', { reference: referenceFor() });
    const names = findImplausible(input).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['too_good', 'output_above_roofline']));
  });
});

describe('an honest server', () => {
  it.each([
    { exactOutput: true, seed: 1 },
    { exactOutput: true, seed: 2 },
    { exactOutput: false, seed: 3 },
    { exactOutput: true, seed: 4, requests: 160 },
  ])('is caught by nothing: %j', async (how) => {
    const reference = referenceFor(how.exactOutput);
    const { input } = await measureCheat('honest', { ...how, reference });
    expect(findImplausible(input)).toEqual([]);
  });
});
