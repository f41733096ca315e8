import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGramFilter } from '../../../mcp-server/core/telemetry/gram-filter.ts';
import { indexPatterns } from '../../../mcp-server/core/telemetry/pattern-index.ts';
import { requiredLiterals } from '../../../mcp-server/core/telemetry/required-literals.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';

describe('required literals', () => {
  it.each([
    [/a.b/, null],
    [/(?:abcd|efgh) x/, ['abcd', 'efgh']],
    [/(?:abcd|e.h)/, null],
    [/lost(?:maybe)?found+\d/, ['found']],
    [/x{2}optional?/, ['optiona']],
    [/(?<name>Value) must be (?:at )?least/, [' must be ']],
    [/(?!never)always here/, ['always here']],
    [/\.ext \(in brackets\)/, ['.ext (in brackets)']],
    [/[a-z)(|]+tail end/, ['tail end']],
  ])('of %s are %j', (pattern, literals) => {
    expect(requiredLiterals(pattern)).toEqual(literals);
  });

  it('are asked for by every pattern of every engine, so that no line has to try them all', () => {
    const open = Object.values(ENGINES)
      .flatMap((engine) => engine.logPatterns)
      .filter(({ pattern }) => requiredLiterals(pattern) === null);
    expect(open.map(({ pattern }) => pattern.source)).toEqual([]);
  });
});

describe('the filter of lines', () => {
  const filter = createGramFilter([['address already in use'], ['no space left'], null]);

  it('names the entries whose text stands in a line, whatever the case, and those without a text', () => {
    expect(filter.candidates('[Errno 98] Address already in use')).toEqual([0, 2]);
    expect(filter.candidates('nothing of note')).toEqual([2]);
  });

  it('lets a line through whose text may be hidden by terminal sequences', () => {
    const strict = createGramFilter([['no space left']]);
    expect(strict.hasCandidate('plain text')).toBe(false);
    expect(strict.hasCandidate(`no${String.fromCodePoint(0x1b)}[31m space left`)).toBe(true);
  });

  it('never hides a line that a pattern would match', () => {
    const texts = [
      'CUDA out of memory. Tried to allocate 2.00 GiB',
      'error: unrecognized arguments: --x',
      'ErrImagePull',
    ];
    const parts = fc.array(fc.oneof(fc.constantFrom(...texts), fc.string()), { maxLength: 4 });
    fc.assert(
      fc.property(parts, (pieces) => {
        const line = pieces.join(' ');
        for (const engine of Object.values(ENGINES)) {
          const index = indexPatterns(engine.logPatterns);
          const plain = engine.logPatterns.find(({ pattern }) =>
            new RegExp(pattern.source, pattern.flags).test(line),
          );
          if (plain !== undefined) expect(index.match(line)?.pattern.cls).toBe(plain.cls);
          if (index.match(line) !== null) expect(index.mayMatter(line)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
