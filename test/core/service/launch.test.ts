import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLaunch } from '../../../mcp-server/core/service/launch.ts';
import { quoteForShell } from '../../../mcp-server/core/service/shell-quote.ts';
import { scanShell } from '../../../mcp-server/core/service/shell-words.ts';
import { refusal } from '../../fakes/refusal.ts';

describe('parseLaunch', () => {
  it('reads quotes, escapes and line ends as the shell does', () => {
    const launch = parseLaunch(`vllm serve 'a b' \\\n  --x "c \\"d\\"" --y=e\\ f # a comment`);
    expect(launch.argv).toEqual(['vllm', 'serve', 'a b', '--x', 'c "d"', '--y=e f']);
  });

  it('sets wrappers and assignments apart from the program', () => {
    const launch = parseLaunch('A=1 exec env B=2 /opt/bin/graphsignal-run llama-server -m x');
    expect(launch.wrappers).toEqual(['exec', 'env', 'graphsignal-run']);
    expect(launch.env).toEqual({ A: '1', B: '2' });
    expect(launch.argv).toEqual(['llama-server', '-m', 'x']);
  });

  it('marks words that the shell would replace', () => {
    const launch = parseLaunch(
      'vllm serve $MODEL --a "$(nproc)" --b `x` --c ${Y:-2} --d \'$Z\' --e 5$',
    );
    const marked = launch.words.filter((word) => word.hasSubstitution).map((word) => word.value);
    expect(marked).toEqual(['$MODEL', '$(nproc)', '`x`', '${Y:-2}']);
    expect(launch.argv.slice(-3)).toEqual(['$Z', '--e', '5$']);
  });

  it.each([
    ['vllm serve m | tee log', 'a pipe'],
    ['cd /x && vllm serve m', 'a list (&&)'],
    ['a; b', 'a list (;)'],
    ['vllm serve m > log', 'a redirection'],
    ['vllm serve m 2>&1', 'a redirection'],
    ['cat <<EOF\nx\nEOF', 'a here-document'],
    ['(vllm serve m)', 'a subshell'],
    ['vllm serve m &', 'a background mark'],
    ['export A=1\nvllm serve m', 'several lines'],
    ["vllm serve 'm", 'a single quote is never closed'],
    ['vllm serve "m', 'a double quote is never closed'],
    ['A=1 exec', 'names no program'],
    ['', 'names no program'],
  ])('refuses %j and says why', (command, reason) => {
    expect(() => parseLaunch(command)).toThrow(refusal('E_LAUNCH', reason, 'simple command'));
  });

  it('gives back any words that were quoted for the shell', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (words) => {
        const clean = words.map((word) => word.replaceAll('\0', ''));
        const scan = scanShell(clean.map(quoteForShell).join(' '));
        expect(scan.words.map((word) => word.value)).toEqual(clean);
      }),
    );
  });

  it('never throws while scanning arbitrary text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const scan = scanShell(text);
        for (const word of scan.words) expect(word.end).toBeGreaterThan(word.start);
      }),
    );
  });
});
