import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyChanges } from '../../../mcp-server/core/service/apply-changes.ts';
import type { Change } from '../../../mcp-server/core/service/change.ts';
import { setFlag } from '../../../mcp-server/core/service/edit-launch.ts';
import { flagValue, readFlags } from '../../../mcp-server/core/service/flags.ts';
import { parseServiceFile } from '../../../mcp-server/core/service/service-file.ts';
import { sglang } from '../../../mcp-server/engines/sglang/sglang.ts';
import { vllm } from '../../../mcp-server/engines/vllm/vllm.ts';
import { refusal } from '../../fakes/refusal.ts';

const HEAD =
  'type: service # kept\r\nport: 8000\n\n# a comment\ncommands:\n  - pip install x   # first\n';
const LAUNCH = 'python -m sglang.launch_server --model-path m --tp-size 2';
const FOLDED_LINES = 'python -m sglang.launch_server\n    --model-path m\n    --tp-size 2';

/** The same launch in every layout that YAML allows. */
const LAYOUTS: Readonly<Record<string, string>> = {
  plain: `${HEAD}  - ${LAUNCH}  # launch\n# end\n`,
  'plain over lines': `${HEAD}  - ${FOLDED_LINES}\n`,
  'plain without a line end': `${HEAD}  - ${LAUNCH}`,
  'single quotes': `${HEAD}  - '${LAUNCH}' # launch\n`,
  'double quotes': `${HEAD}  - "${LAUNCH}"\n`,
  literal: `${HEAD}  - |\n    ${LAUNCH.replaceAll(' --', ' \\\n      --')}\nmodel: m\n`,
  'literal, stripped': `${HEAD}  - |-\n      ${LAUNCH}\n\n\nmodel: m\n`,
  'literal with CRLF': `${HEAD}  - |\n    ${LAUNCH.replaceAll(' --', ' \\\n      --')}\n`.replace(
    /\r?\n/g,
    '\r\n',
  ),
  'literal with comments': `${HEAD}  - |\n    # what runs\n    ${LAUNCH}\n    # after\n`,
  folded: `${HEAD}  - >\n    ${FOLDED_LINES}\nmodel: m\n`,
  'flow list': `type: service\nport: 8000\ncommands: [pip install x, "${LAUNCH}"]\n`,
  'not indented': `type: service\nport: 8000\ncommands:\n- ${LAUNCH}\n`,
};

const argvOf = (text: string): readonly string[] => parseServiceFile(text).launch?.argv ?? [];
const set = (flag: string, value: string | null): Change => ({ kind: 'set_flag', flag, value });
const remove = (flag: string): Change => ({ kind: 'remove_flag', flag });
const apply = (text: string, ...changes: readonly Change[]): string =>
  applyChanges(text, changes, sglang);

const printable = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter((text) => !text.split('').some((char) => char < ' ' || char === '\u007f'));

describe.each(Object.entries(LAYOUTS))('applyChanges on a launch in %s', (_, text) => {
  it('changes nothing without changes', () => {
    expect(apply(text)).toBe(text);
  });

  it('gives the very bytes back when a flag is set and removed again', () => {
    fc.assert(
      fc.property(printable, (value) => {
        const changed = apply(text, set('--chat-template', value));
        expect(changed).not.toBe(text);
        expect(apply(changed, remove('--chat-template'))).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  it('reads back any value as it was set', () => {
    fc.assert(
      fc.property(printable, (value) => {
        const argv = argvOf(apply(text, set('--chat-template', value), set('--tp-size', '4')));
        const flags = readFlags(argv, sglang);
        expect(flagValue(flags, '--chat-template', sglang)).toBe(value);
        expect(flagValue(flags, '--tp-size', sglang)).toBe('4');
        expect(flagValue(flags, '--model-path', sglang)).toBe('m');
      }),
      { numRuns: 40 },
    );
  });

  it('keeps everything outside of the changed words', () => {
    const changed = apply(text, set('--tp-size', '8'));
    expect(changed).toBe(text.replace('--tp-size 2', '--tp-size 8'));
  });

  it('removes a flag with its value and the blanks before it', () => {
    expect(argvOf(apply(text, remove('--tensor-parallel-size')))).toEqual([
      'python',
      '-m',
      'sglang.launch_server',
      '--model-path',
      'm',
    ]);
  });
});

describe('applyChanges on flags', () => {
  const plain = LAYOUTS['plain'] ?? '';
  const vllmFile = (flags: string): string =>
    `type: service\nport: 8000\ncommands:\n  - vllm serve m ${flags}\n`;

  it('lays a new flag out as the flags before it', () => {
    expect(apply(LAYOUTS['literal'] ?? '', set('--mem-fraction-static', '0.9'))).toContain(
      '--tp-size 2 \\\n      --mem-fraction-static 0.9\nmodel',
    );
  });

  it('keeps the spelling of the file when a flag is set by another alias', () => {
    const changed = applyChanges(
      vllmFile('--max_num_seqs=8 -tp 2'),
      [set('--max-num-seqs', '16'), set('--tensor-parallel-size', '4')],
      vllm,
    );
    expect(changed).toContain('--max_num_seqs=16 -tp 4');
  });

  it('takes the opposite of a switch out', () => {
    const changed = applyChanges(
      vllmFile('--no-enable-prefix-caching --seed 1'),
      [set('--enable-prefix-caching', null)],
      vllm,
    );
    expect(argvOf(changed)).toEqual([
      'vllm',
      'serve',
      'm',
      '--seed',
      '1',
      '--enable-prefix-caching',
    ]);
  });

  it('writes a JSON value that a plain scalar can hold', () => {
    const json = '{"method": "ngram", "num_speculative_tokens": 4} #1';
    const changed = applyChanges(vllmFile(''), [set('--speculative-config', json)], vllm);
    expect(argvOf(changed)).toContain(json);
    expect(applyChanges(changed, [set('--speculative-config', '{}')], vllm)).toContain("'{}'");
  });

  it('splits the value of a list flag into words', () => {
    const changed = applyChanges(
      vllmFile('--seed 1'),
      [set('--cudagraph-capture-sizes', '1 2 4')],
      vllm,
    );
    expect(argvOf(changed).slice(-4)).toEqual(['--cudagraph-capture-sizes', '1', '2', '4']);
    expect(applyChanges(changed, [set('--cudagraph-capture-sizes', '8')], vllm)).toContain(
      '--cudagraph-capture-sizes 8\n',
    );
  });

  it('refuses to edit a flag that holds a shell substitution and keeps it elsewhere', () => {
    const text = vllmFile('--seed $SEED --max-num-seqs 8');
    expect(() => applyChanges(text, [set('--seed', '2')], vllm)).toThrow(
      refusal('E_LAUNCH', '--seed holds a shell substitution', 'flags spelled out'),
    );
    expect(applyChanges(text, [set('--max-num-seqs', '9')], vllm)).toContain(
      '--seed $SEED --max-num-seqs 9',
    );
  });

  it('refuses to remove what is not there, control characters, and a launch that is no simple command', () => {
    expect(() => apply(plain, remove('--dp-size'))).toThrow(
      refusal('E_LAUNCH', 'no flag --dp-size', '--model-path, --tp-size'),
    );
    expect(() => apply(plain, set('--dp-size', '1\n2'))).toThrow(
      refusal('E_INVALID_INPUT', 'set_flag of "--dp-size 1\\n2" holds', 'on one line'),
    );
    expect(() => apply(plain.replace(LAUNCH, `${LAUNCH} | tee x`), set('--dp-size', '1'))).toThrow(
      refusal('E_LAUNCH', 'a pipe', 'flags spelled out'),
    );
  });

  it('refuses what a plain command in a flow list cannot hold, and an edit that does not read back', () => {
    const inFlow = `type: service\nport: 1\ncommands: [vllm serve m]\n`;
    expect(() => applyChanges(inFlow, [set('--lora-modules', 'a,b')], vllm)).toThrow(
      refusal('E_LAUNCH', 'flow list cannot hold --lora-modules a,b', 'block scalar'),
    );
    // Only a caller that skips applyChanges can bring a line break.
    expect(() => setFlag(plain, { flag: '--dp-size', value: '1\n      2' }, sglang)).toThrow(
      refusal('E_SPLICE', 'did not read back', 'block scalar'),
    );
  });

  it('refuses a launch that is a YAML alias', () => {
    const text = `type: service\nport: 1\nx: &l vllm serve m\ncommands:\n  - *l\n`;
    expect(() => applyChanges(text, [set('--seed', '1')], vllm)).toThrow(
      refusal('E_LAUNCH', 'YAML alias', 'block scalar'),
    );
  });
});

describe('applyChanges on the rest of the file', () => {
  const base = readFileSync('dstack-baseline.yml', 'utf8');
  const asMap = base.replace(
    /env:\n[\s\S]*?\n\n/,
    'env:\n  HF_TOKEN:\n  A: "1" # one\n  GRAPHSIGNAL_API_KEY:\n\n',
  );
  const without = base.replace(/env:\n[\s\S]*?\n\n/, '');
  const inFlow = base.replace(/env:\n[\s\S]*?\n\n/, 'env: {A: 1, B: "2"} # flow\n\n');

  it.each([
    ['a list', base],
    ['a mapping', asMap],
    ['no env at all', without],
    ['a flow mapping', inFlow],
    ['CRLF', base.replaceAll('\n', '\r\n')],
  ])('sets and removes a variable in %s and gives the bytes back', (_, text) => {
    fc.assert(
      fc.property(printable, (value) => {
        const changed = apply(text, { kind: 'set_env', name: 'NEW', value });
        expect(parseServiceFile(changed).env['NEW']).toBe(value);
        expect(apply(changed, { kind: 'remove_env', name: 'NEW' })).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  it.each(['\u2028', 'a\u2029', '\u0085b', '\ufeff', 'c\u0090', '\u00a0'])(
    'writes %j so that readers of YAML 1.1 take it for no break, and reads it back',
    (value) => {
      for (const text of [base, asMap, without, inFlow]) {
        const changed = apply(text, { kind: 'set_env', name: 'NEW', value });
        expect(changed).not.toMatch(/[\u0080-\u009f\u2028\u2029\ufeff]/);
        expect(parseServiceFile(changed).env['NEW']).toBe(value);
        expect(apply(changed, { kind: 'remove_env', name: 'NEW' })).toBe(text);
      }
    },
  );

  it('changes a variable in place and keeps the comment behind it', () => {
    expect(apply(asMap, { kind: 'set_env', name: 'A', value: '2' })).toBe(
      asMap.replace('A: "1"', 'A: "2"'),
    );
    expect(apply(base, { kind: 'set_env', name: 'HF_HOME', value: '/x' })).toBe(
      base.replace('HF_HOME=/root/.cache/huggingface', 'HF_HOME=/x'),
    );
  });

  it('sets image, resources and GPU where they stand', () => {
    const changed = apply(
      base,
      { kind: 'set_image', image: 'lmsysorg/sglang:v0.5.10' },
      { kind: 'set_resource', resource: 'cpu', value: '16' },
      { kind: 'set_gpu', gpu: 'H200:141GB:2' },
    );
    expect(changed).toBe(
      base
        .replace('sglang:v0.5.9', 'sglang:v0.5.10')
        .replace('cpu: 8..', 'cpu: 16')
        .replace('H100:80GB:1', 'H200:141GB:2'),
    );
  });

  it('replaces a GPU that is written as a mapping, and adds resources where there are none', () => {
    const mapped = base.replace('gpu: H100:80GB:1', 'gpu:\n    name: H100\n    count: 1');
    expect(
      parseServiceFile(apply(mapped, { kind: 'set_gpu', gpu: 'L4:1' })).resources,
    ).toMatchObject({ gpu: 'L4:1', cpu: '8..' });
    const bare = 'type: service\nport: 1\ncommands:\n- sglang serve m\n';
    expect(apply(bare, { kind: 'set_gpu', gpu: 'L4:1' })).toBe(
      'type: service\nport: 1\nresources:\n  gpu: L4:1\ncommands:\n- sglang serve m\n',
    );
  });

  it('refuses to remove a variable that is not set', () => {
    expect(() => apply(base, { kind: 'remove_env', name: 'NOPE' })).toThrow(
      /no environment variable NOPE/,
    );
  });
});
