import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeIssues } from '../../mcp-server/core/describe-issues.ts';

const Load = z.strictObject({
  ratePerS: z.number().positive(),
  inputTokens: z.number().int(),
  name: z.enum(['chat', 'code']),
  apiKey: z.string().max(3),
  seeds: z.array(z.number()).max(1),
  shape: z.union([z.object({ kind: z.literal('flat') }), z.object({ kind: z.literal('steps') })]),
});
const GOOD = {
  ratePerS: 2,
  inputTokens: 8,
  name: 'chat',
  apiKey: 'k',
  seeds: [1],
  shape: { kind: 'flat' },
};

function faultsOf(change: object): readonly string[] {
  const given = { ...GOOD, ...change };
  const parsed = Load.safeParse(given);
  return parsed.success ? [] : describeIssues(parsed.error.issues, given).faults;
}

describe('what is said of a wrong value', () => {
  it.each([
    [{ ratePerS: 0 }, 'ratePerS: ', '(given 0)'],
    [{ inputTokens: 1.5 }, 'inputTokens: ', '(given 1.5)'],
    [{ name: 'chta' }, 'name: ', '(given "chta")'],
    [{ ratePerS: null }, 'ratePerS: ', '(given null)'],
    [{ seeds: [1, 2] }, 'seeds: ', '(given a list of 2)'],
    [{ name: {} }, 'name: ', '(given an object)'],
    [{ shape: { kind: 'wave' } }, 'shape.kind: ', '(given "wave")'],
    [{ name: 'x'.repeat(41) }, 'name: ', '(given a text of 41 characters)'],
  ])('%j names the field and the value', (change, field, given) => {
    const [fault = ''] = faultsOf(change);
    expect(fault.startsWith(field)).toBe(true);
    expect(fault.endsWith(given)).toBe(true);
  });

  it('shows neither the text of a secret field nor a text in the shape of a credential', () => {
    expect(faultsOf({ apiKey: 'correct-horse' }).join()).not.toContain('horse');
    const told = faultsOf({ name: 'hf_abcdefghijklmnopqrstuv' }).join();
    expect(told).toContain('(given "[redacted]")');
    expect(told).not.toContain('abcdefgh');
  });

  it('says nothing of a value where none was given, and reads no inherited property', () => {
    expect(faultsOf({ ratePerS: undefined })[0]).not.toContain('given');
    const path = ['constructor', 'name'];
    expect(describeIssues([{ code: 'custom', path, message: 'wrong' }], {}).faults).toEqual([
      'constructor.name: wrong',
    ]);
  });

  it('keeps keys that the schema does not have apart', () => {
    const given = { ...GOOD, rate: 2 };
    const parsed = Load.safeParse(given);
    expect(describeIssues(parsed.error?.issues ?? [], given)).toEqual({
      unknownKeys: ['rate'],
      faults: [],
    });
  });
});
