import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../mcp-server/core/errors.ts';
import { parseWorkload } from '../../../mcp-server/core/workload/parse-workload.ts';

const folder = new URL('../../../mcp-server/workloads/', import.meta.url);
const presets = readdirSync(folder);

function faultOf(text: string): InvalidInputError {
  try {
    parseWorkload(text, 'bad.yaml');
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
  }
  throw new Error('it was accepted');
}

describe('workload files', () => {
  it.each(presets)('ship as a valid preset named after its file: %s', (file) => {
    const spec = parseWorkload(readFileSync(new URL(file, folder), 'utf8'), file);
    expect(`${spec.id}.yaml`).toBe(file);
    expect(spec.description).not.toBe('');
  });

  it('cover parallel, repeated, long, decode-heavy and mixed traffic', () => {
    const named = [
      'parallel',
      'sequential-repeats',
      'long-prompt',
      'short-prompt-long-completion',
      'mixed',
      'chat',
      'chat-small',
      'tiny',
    ];
    expect(presets).toEqual(expect.arrayContaining(named.map((name) => `${name}.yaml`)));
  });

  it('take token ids for single turns of the completions API alone', () => {
    const text = (api: string, turns: number) =>
      `id: x\napi: ${api}\ntokenIds: true\ncomponents:\n  - { inputTokens: 9, outputTokens: 1, turns: ${turns} }\n`;
    expect(parseWorkload(text('completions', 1), 'good.yaml').tokenIds).toBe(true);
    expect(faultOf(text('chat', 1)).message).toContain('tokenIds');
    expect(faultOf(text('completions', 2)).message).toContain('tokenIds');
  });

  it('name the line of a syntax error', () => {
    const fault = faultOf('id: x\ncomponents:\n  - inputTokens: [1\n');
    expect(fault.code).toBe('E_WORKLOAD');
    expect(fault.message).toMatch(/bad\.yaml is not YAML \(line \d+\)/);
  });

  it('name an unknown or wrong field', () => {
    const text = 'id: x\ncomponents:\n  - { inputTokens: 5, outputTokens: 0, prefixTokens: 3 }\n';
    expect(faultOf(text).message).toContain('components.0');
    expect(faultOf('id: Has Spaces\ncomponents: []\n').message).toContain('id');
    expect(faultOf('').message).toContain('bad.yaml');
  });

  it('refuse a minimum above its maximum', () => {
    const text = 'id: x\ncomponents:\n  - { inputTokens: { min: 9, max: 3 }, outputTokens: 1 }\n';
    expect(faultOf(text).message).toContain('min 9 is above max 3');
  });

  it('refuse an alias bomb', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let depth = 1; depth < 9; depth += 1) {
      const before = String.fromCharCode(96 + depth);
      const name = String.fromCharCode(97 + depth);
      lines.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`);
    }
    expect(faultOf(lines.join('\n')).code).toBe('E_WORKLOAD');
  });
});
