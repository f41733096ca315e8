import { describe, expect, test } from 'vitest';
import { createProgress, wrapText } from '../../mcp-server/cli/progress.ts';

const record = (columns: number, colour = false) => {
  let text = '';
  const progress = createProgress({
    write: (part) => (text += part),
    elapsedMs: () => 83_000,
    columns,
    colour,
  });
  return { progress, lines: () => text.split('\n').filter((line) => line !== '') };
};

describe('progress lines', () => {
  test('stay within 80 columns, whatever is said', () => {
    const { progress, lines } = record(80);
    progress.step(
      'benchmark',
      `three runs of ${'x'.repeat(200)} and then ${'word '.repeat(60)}`,
      'ok',
    );
    expect(lines().length).toBeGreaterThan(1);
    expect(lines().length).toBeLessThanOrEqual(4);
    for (const line of lines()) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines()[0]).toMatch(/^01:23 {2}benchmark {8}three runs/);
  });

  test('carry no escape sequence unless colour is wanted', () => {
    const plain = record(80);
    plain.progress.step('deploy', 'ready', 'ok');
    expect(plain.lines().join('')).not.toContain('\u001B');
    const coloured = record(80, true);
    coloured.progress.step('deploy', 'refused', 'refused');
    expect(coloured.lines().join('')).toContain('\u001B[33m');
  });

  test('break at spaces and cut only words that are too long', () => {
    expect(wrapText('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrapText('abcdefgh', 5)).toEqual(['abcd…']);
    expect(wrapText('', 5)).toEqual([]);
  });
});
