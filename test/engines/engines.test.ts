import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFlags } from '../../mcp-server/core/service/flags.ts';
import { parseLaunch } from '../../mcp-server/core/service/launch.ts';
import { quoteForShell } from '../../mcp-server/core/service/shell-quote.ts';
import { HELP_BEGIN, HELP_END } from '../../mcp-server/core/telemetry/help-block.ts';
import { ENGINE_METRIC_KEYS } from '../../mcp-server/engines/engine.ts';
import { extractHelp, parseHelp, parseRemoved } from '../../mcp-server/engines/help.ts';
import { withHelpCommand } from '../../mcp-server/engines/help-command.ts';
import { detectEngine, ENGINES, engineById } from '../../mcp-server/engines/index.ts';
import { readEngineService } from '../../mcp-server/engines/read-launch.ts';
import { touchesQuality } from '../../mcp-server/engines/touches-quality.ts';

describe('detectEngine', () => {
  it.each([
    ['python -m sglang.launch_server --model-path m', 'sglang', 'm'],
    ['graphsignal-run python3.11 -u -m sglang.launch_server --model m', 'sglang', 'm'],
    ['sglang serve --model-path=org/m', 'sglang', 'org/m'],
    ['vllm serve org/m --tensor-parallel-size 2', 'vllm', 'org/m'],
    ['/opt/venv/bin/python -m vllm.entrypoints.openai.api_server --model m', 'vllm', 'm'],
    ['llama-server -m /models/x.gguf', 'llamacpp', '/models/x.gguf'],
    ['exec /usr/bin/llama-server --hf-repo org/m', 'llamacpp', 'org/m'],
  ])('reads %s', (command, id, model) => {
    const { argv } = parseLaunch(command);
    const engine = detectEngine(argv);
    expect(engine?.id).toBe(id);
    expect(engine?.modelOf(argv)).toBe(model);
  });

  it.each(['python -m http.server', 'sglang bench', 'vllm bench serve', 'node server.js'])(
    'knows no engine in %s',
    (command) => {
      expect(detectEngine(parseLaunch(command).argv)).toBeNull();
    },
  );
});

describe('versions', () => {
  it.each([
    ['sglang', 'lmsysorg/sglang:v0.5.9-cu126', '0.5.9'],
    ['sglang', 'lmsysorg/sglang:v0.5.9@sha256:abc', '0.5.9'],
    ['sglang', 'registry:5000/sglang:v0.5.10.post1', '0.5.10.post1'],
    ['sglang', 'lmsysorg/sglang:latest', null],
    ['sglang', 'lmsysorg/sglang', null],
    ['vllm', 'vllm/vllm-openai:v0.11.0', '0.11.0'],
    ['vllm', 'vllm/vllm-openai:nightly', null],
    ['llamacpp', 'ghcr.io/ggml-org/llama.cpp:server-b6789', '6789'],
  ] as const)('reads %s in %s', (id, image, version) => {
    expect(engineById(id).versionOfImage(image)).toBe(version);
  });

  it('orders release candidates before and post releases behind a release', () => {
    const sorted = ['0.5.10', '0.5.9.post1', '0.5.9', '0.5.9rc1', '0.4.10'].toSorted((a, b) =>
      ENGINES.sglang.compareVersions(a, b),
    );
    expect(sorted).toEqual(['0.4.10', '0.5.9rc1', '0.5.9', '0.5.9.post1', '0.5.10']);
  });
});

describe.each(Object.values(ENGINES))('$title', (engine) => {
  it('has unique flags, known quality flags and a context flag', () => {
    const names = engine.flags.flatMap((fact) => [fact.flag, ...fact.aliases]);
    expect(engine.qualityFlags.filter((flag) => engine.canonicalFlag(flag) !== flag)).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names).toContain(engine.contextFlag);
    expect(engine.modelFlag === null || names.includes(engine.modelFlag)).toBe(true);
    expect(engine.flags.length).toBeGreaterThan(100);
  });

  it('names every canonical metric, be it with an empty list', () => {
    expect(Object.keys(engine.metricNames).toSorted()).toEqual([...ENGINE_METRIC_KEYS].toSorted());
    expect(engine.metricNames.running.length).toBeGreaterThan(0);
  });

  it('has about twenty log patterns, of which one says ready', () => {
    expect(engine.logPatterns.length).toBeGreaterThanOrEqual(20);
    expect(engine.logPatterns.some((pattern) => pattern.cls === 'ready')).toBe(true);
  });

  it('reads back any flags that were rendered for the shell', () => {
    const valued = engine.flags.filter((fact) => fact.kind === 'str' && fact.flag.startsWith('--'));
    const switches = engine.flags.filter(
      (fact) => fact.kind === 'bool' && fact.flag.startsWith('--'),
    );
    const program = { sglang: 'sglang serve', vllm: 'vllm serve m', llamacpp: 'llama-server' }[
      engine.id
    ];
    const value = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/^-|[\0\n\r]/.test(text));
    const flag = fc.oneof(
      fc.tuple(fc.constantFrom(...valued.map((fact) => fact.flag)), value),
      fc.tuple(fc.constantFrom(...switches.map((fact) => fact.flag)), fc.constant(null)),
    );
    fc.assert(
      fc.property(fc.array(flag, { maxLength: 8 }), (flags) => {
        const words = flags.flatMap(([name, text]) =>
          text === null ? [name] : [name, quoteForShell(text)],
        );
        const { argv } = parseLaunch([program, ...words].join(' '));
        expect(readFlags(argv, engine)).toEqual(
          flags.map(([name, text]) => ({ flag: name, value: text })),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('parseHelp', () => {
  const help = readFileSync('test/fixtures/llamacpp/help.txt', 'utf8');

  it("reads llama-server's own help", () => {
    const flags = parseHelp(help);
    const find = (flag: string) => flags.find((fact) => fact.flag === flag);
    expect(find('--threads')).toMatchObject({ aliases: ['-t'], kind: 'int', default: '-1' });
    expect(find('--flash-attn')?.choices).toEqual(['on', 'off', 'auto']);
    expect(find('--cache-type-k')?.choices).toContain('q8_0');
    expect(find('--cont-batching')).toMatchObject({ kind: 'bool', aliases: ['-cb'] });
    expect(find('--no-cont-batching')?.aliases).toEqual(['-nocb']);
    expect(find('--temp')?.kind).toBe('float');
    expect(parseRemoved(help).map((entry) => entry.flag)).toContain('--draft-max');
  });

  it('reads argparse help, with usage, choices and repeated value names', () => {
    const flags = parseHelp(
      [
        'usage: launch_server.py [-h] --model-path MODEL_PATH [--dtype {auto,half}]',
        '                        [--tp-size N]',
        '',
        'options:',
        '  -h, --help            show this help message and exit',
        '  --model-path MODEL_PATH, --model MODEL_PATH',
        '                        The path of the model weights. (default: None)',
        '  --dtype {auto,half,float16}',
        '                        Data type for weights. (default: auto)',
        '  --cuda-graph-bs CUDA_GRAPH_BS [CUDA_GRAPH_BS ...]',
        '                        Sizes. (default: None)',
        '  --enable-metrics      Enable log prometheus metrics. (default: False)',
        '  --enforce-eager, --no-enforce-eager',
        '                        Eager. (default: False)',
      ].join('\n'),
    );
    expect(flags.map((fact) => [fact.flag, fact.kind])).toEqual([
      ['--help', 'bool'],
      ['--model-path', 'str'],
      ['--dtype', 'str'],
      ['--cuda-graph-bs', 'list'],
      ['--enable-metrics', 'bool'],
      ['--enforce-eager', 'bool'],
      ['--no-enforce-eager', 'bool'],
    ]);
    expect(flags[1]?.aliases).toEqual(['--model']);
    expect(flags[2]).toMatchObject({ choices: ['auto', 'half', 'float16'], default: 'auto' });
  });

  it('takes the text between the markers, and only when both are there', () => {
    expect(extractHelp(`x\n${HELP_BEGIN}\n--a N\n${HELP_END}\ny`)?.trim()).toBe('--a N');
    expect(extractHelp(`x\n${HELP_BEGIN}\n--a N`)).toBeNull();
  });

  it('never throws on arbitrary text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => void parseHelp(text)));
  });
});

describe('withHelpCommand', () => {
  it('prints the help between markers before the launch and leaves the rest alone', () => {
    const base = readFileSync('dstack-baseline.yml', 'utf8');
    const text = withHelpCommand(base);
    const { service, launch } = readEngineService(text);
    expect(service.commands).toHaveLength(3);
    expect(service.commands[1]).toContain('python -m sglang.launch_server --help');
    expect(service.commands[1]).toContain(HELP_BEGIN);
    expect(launch.command).toBe(readEngineService(base).launch.command);
    expect(
      text
        .split('\n')
        .filter((line) => !line.includes(HELP_BEGIN))
        .join('\n'),
    ).toBe(base);
  });

  it('leaves a flow list as it is', () => {
    const text = 'type: service\nport: 1\ncommands: [vllm serve m]\n';
    expect(withHelpCommand(text)).toBe(text);
  });
});

describe('readEngineService', () => {
  const service = (...commands: readonly string[]): string =>
    `type: service\nport: 8000\ncommands:\n${commands.map((command) => `  - ${command}`).join('\n')}\n`;

  it('finds the engine behind its setup commands', () => {
    expect(readEngineService(service('pip install vllm', 'vllm serve m')).engine.id).toBe('vllm');
  });

  it.each([
    [service('vllm serve m', 'echo done'), /earlier command/],
    [service('vllm serve m', 'sglang serve m'), /Several commands/],
    [service('python app.py'), /none of SGLang/],
    [service('vllm serve m | tee log'), /a pipe/],
  ])('refuses %j', (text, message) => {
    expect(() => readEngineService(text)).toThrow(message);
  });
});

describe('touchesQuality', () => {
  const set = (flag: string) => [{ kind: 'set_flag' as const, flag, value: 'x' }];

  it('holds for weights, KV type, speculation, attention, sampling, image and GPU', () => {
    for (const flag of [
      '--quantization',
      '--kv-cache-dtype',
      '--speculative-algorithm',
      '--attention-backend',
      '--sampling-backend',
    ])
      expect(touchesQuality(ENGINES.sglang, set(flag)), flag).toBe(true);
    expect(touchesQuality(ENGINES.vllm, set('--speculative-config'))).toBe(true);
    expect(touchesQuality(ENGINES.llamacpp, set('-ctk'))).toBe(true);
    for (const flag of ['-md', '--model-draft', '--spec-type', '--cache-type-k-draft'])
      expect(touchesQuality(ENGINES.llamacpp, set(flag)), flag).toBe(true);
    expect(touchesQuality(ENGINES.sglang, [{ kind: 'set_image', image: 'x' }])).toBe(true);
    expect(
      touchesQuality(ENGINES.vllm, [
        { kind: 'set_env', name: 'VLLM_ATTENTION_BACKEND', value: 'x' },
      ]),
    ).toBe(true);
  });

  it('does not hold for scheduling, memory and host settings', () => {
    expect(touchesQuality(ENGINES.sglang, set('--max-running-requests'))).toBe(false);
    expect(touchesQuality(ENGINES.llamacpp, set('--threads'))).toBe(false);
    expect(
      touchesQuality(ENGINES.sglang, [{ kind: 'set_resource', resource: 'cpu', value: '8' }]),
    ).toBe(false);
  });
});
