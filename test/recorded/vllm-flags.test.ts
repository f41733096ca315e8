// The flag inventory of vLLM against what `vllm serve --help=all` of 0.32.0 printed.
import { describe, expect, it } from 'vitest';
import type { SearchContext } from '../../mcp-server/core/search/knob.ts';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { checkFlags } from '../../mcp-server/engines/check-flags.ts';
import { choicesAt } from '../../mcp-server/engines/choices.ts';
import type { InventoryFlag } from '../../mcp-server/engines/engine.ts';
import { parseHelp } from '../../mcp-server/engines/help.ts';
import { usableFlags } from '../../mcp-server/engines/usable-flags.ts';
import { VLLM_KNOBS } from '../../mcp-server/engines/vllm/knobs.ts';
import { vllm } from '../../mcp-server/engines/vllm/vllm.ts';
import { recorded } from './recorded-files.ts';

const VERSION = '0.32.0';
/** The help itself, and the example of how JSON is written. */
const NO_FLAGS = ['--help', '--json-arg', '--json-arg.key1', '--json-arg.key4'];
/** Names that 0.32 takes though its help has no line for them. */
const UNPRINTED: Readonly<Record<string, string>> = {
  '-O': 'the text of --optimization-level writes it with its level, -O0 to -O3',
};

const namesOf = (flag: InventoryFlag): readonly string[] => [flag.flag, ...flag.aliases];
const HELP = parseHelp(recorded('vllm/help.txt')).filter((one) => !NO_FLAGS.includes(one.flag));
const PRINTED = new Set(HELP.flatMap(namesOf));
const positive = (name: string): string =>
  name.startsWith('--no-') && !PRINTED.has(name) ? `--${name.slice(5)}` : name;

/** What speaks against one change of a plain command. */
const refusals = (flag: string, value: string | null, version: string | null = VERSION) =>
  checkFlags({
    engine: vllm,
    inventory: null,
    version,
    parentArgv: ['vllm', 'serve', 'm'],
    argv: ['vllm', 'serve', 'm', flag, ...(value === null ? [] : [value])],
    changes: [{ kind: 'set_flag', flag, value }],
    minContextTokens: 1024,
    attentionHeads: 32,
  });
const checks = (flag: string, value: string | null, version: string | null = VERSION) =>
  refusals(flag, value, version).map((one) => one.check);

describe('the inventory of vLLM against the help of 0.32.0', () => {
  it('knows every name that the help prints, and refuses none as unlisted or removed', () => {
    expect(PRINTED.size).toBeGreaterThan(400);
    const unknown = [...PRINTED].filter((name) =>
      checks(name, null).some((check) => check === 'unlisted_flag' || check === 'removed_flag'),
    );
    expect(unknown).toEqual([]);
  });

  it('holds nothing usable that the help does not print, but what is listed with a reason', () => {
    const usable = [...usableFlags(vllm, VERSION)].filter((name) => !PRINTED.has(name));
    expect(usable).toEqual(Object.keys(UNPRINTED));
  });

  it('reads switches and lists as the help does', () => {
    const wrong = HELP.filter((one) => !one.flag.startsWith('--no-')).filter(
      ({ flag, kind }) =>
        vllm.isBooleanFlag(flag) !== (kind === 'bool') ||
        vllm.isListFlag(flag) !== (kind === 'list'),
    );
    expect(wrong.map((one) => one.flag)).toEqual([]);
  });

  it('takes every choice that the help prints', () => {
    const closed = HELP.filter((one) => one.choices !== null && one.kind !== 'list');
    expect(closed.length).toBeGreaterThan(30);
    const refused = closed.flatMap(({ flag, choices }) =>
      (choices ?? [])
        .filter((choice) => checks(flag, choice).includes('wrong_choice'))
        .map((choice) => `${flag} ${choice}`),
    );
    expect(refused).toEqual([]);
  });

  it('agrees with every plain default of the help that it claims to know', () => {
    const plain = HELP.filter(({ default: text }) => /^[\w.-]+$/.test(String(text ?? '')));
    const differing = plain.flatMap((one) => {
      const ours = vllm.flags.find((fact) => fact.flag === one.flag)?.default ?? null;
      const text = String(one.default);
      const same = ours === null || String(ours).toLowerCase() === text.toLowerCase();
      return same || Number(ours) === Number(text) ? [] : [`${one.flag}: ${ours}, not ${text}`];
    });
    expect(differing).toEqual(['--enable-lora: false, not None']);
  });
});

describe('flags of vLLM by version', () => {
  it.each([
    ['--max-num-partial-prefills', '1', '0.22.0', ['no_op']],
    ['--max-num-partial-prefills', '1', '0.27.0', ['removed_flag']],
    ['--max-long-partial-prefills', '1', VERSION, ['removed_flag']],
    ['--calculate-kv-scales', null, '0.25.0', []],
    ['--calculate-kv-scales', null, VERSION, ['removed_flag']],
    ['--calculate-kv-scales', null, null, ['removed_flag']],
    ['--max-num-active-seqs', '8', VERSION, []],
    ['--max-num-active-seqs', '8', '0.22.0', ['unlisted_flag']],
    ['--device-memory-utilization', '0.9', VERSION, []],
    ['--device-memory-utilization', '0.9', '0.22.0', ['unlisted_flag']],
    ['--gpu-memory-utilization', '0.9', '0.22.0', []],
    ['--kv-cache-dtype', 'nvfp4_4over6', VERSION, []],
    ['--kv-cache-dtype', 'nvfp4_4over6', '0.22.0', ['wrong_choice']],
    ['--attention-backend', 'MY_OWN', VERSION, []],
    ['--attention-backend', 'flash_attn', VERSION, ['wrong_choice']],
    ['--attention-backend', 'MY_OWN', '0.22.0', ['wrong_choice']],
    ['--optimization-level', '7', VERSION, ['wrong_choice']],
    ['--disable-cascade-attn', null, '0.20.0', []],
    ['--disable-cascade-attn', null, VERSION, ['no_op']],
    ['--max-num-scheduled-tokens', '4k', VERSION, []],
    ['--kv-cache-metrics-sample', 'often', VERSION, ['wrong_choice']],
    ['--uds', '/tmp/socket', VERSION, ['breaks_measurement']],
  ] as const)('%s %s on %s: %j', (...[flag, value, version, expected]) => {
    expect(checks(flag, value, version)).toEqual(expected);
  });

  it('says of a flag that only a newer help shows that its age is not known', () => {
    expect(refusals('--max-num-active-seqs', '8', '0.25.0')[0]?.message).toMatch(
      /stands in the help of vLLM 0\.32\.0; whether 0\.25\.0 has it is not known/,
    );
  });

  it('keeps the choices of 0.22 for 0.22', () => {
    const fact = vllm.flags.find((one) => one.flag === '--all2all-backend');
    expect(choicesAt(vllm, fact!, '0.22.0')).not.toContain('deepep_v2');
    expect(choicesAt(vllm, fact!, VERSION)).toContain('deepep_v2');
  });
});

describe('what the search would set on vLLM 0.32.0', () => {
  const context = (over: Partial<SearchContext>): SearchContext => ({
    flags: new Map(),
    canonicalFlag: (flag) => vllm.canonicalFlag(flag),
    concurrency: 64,
    inputTokens: 4096,
    outputTokens: 256,
    hasFp8: true,
    cpuCount: null,
    minContextTokens: 1024,
    defaultOf: () => null,
    kvTokens: null,
    focus: new Set(['ttft', 'tbot', 'throughput']),
    sharesPrefix: false,
    isNatural: true,
    ...over,
  });
  const options = [context({}), context({ concurrency: 4, sharesPrefix: true })].flatMap((one) =>
    VLLM_KNOBS.flatMap((knob) => knob.options(one)),
  );
  const changes: readonly Change[] = options.flatMap((option) => option.changes);

  it('stands in the help', () => {
    const flags = changes.flatMap((one) => (one.kind === 'set_flag' ? [one.flag] : []));
    expect(new Set(flags).size).toBeGreaterThan(12);
    expect(flags.filter((flag) => !PRINTED.has(positive(flag)))).toEqual([]);
  });

  it('has values that the help allows', () => {
    const refused = changes
      .flatMap((one) => (one.kind === 'set_flag' ? refusals(one.flag, one.value) : []))
      .filter((one) => one.check !== 'no_op');
    expect(refused).toEqual([]);
  });
});
