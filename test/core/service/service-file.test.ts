import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseServiceFile } from '../../../mcp-server/core/service/service-file.ts';

const minimal = 'type: service\ncommands:\n  - vllm serve m\nport: 8000\n';

describe('parseServiceFile', () => {
  it('reads the shipped baseline', () => {
    const service = parseServiceFile(readFileSync('dstack-baseline.yml', 'utf8'));
    expect(service).toMatchObject({
      name: 'llama31-8b',
      image: 'lmsysorg/sglang:v0.5.9',
      port: 8000,
      modelName: 'meta-llama/Llama-3.1-8B-Instruct',
      launchProblem: null,
      warnings: [],
    });
    expect(service.env['HF_TOKEN']).toBeNull();
    expect(service.env['HF_HOME']).toBe('/root/.cache/huggingface');
    expect(service.launch?.wrappers).toEqual(['graphsignal-run']);
  });

  it('reads env as a mapping, port with a host side and model as an object', () => {
    const service = parseServiceFile(
      minimal
        .replace('port: 8000', 'port: "80:8000"')
        .concat('env: {A: 1, B: null}\nmodel: {type: chat, name: org/m, format: openai}\n'),
    );
    expect(service.port).toBe(8000);
    expect(service.env).toEqual({ A: '1', B: null });
    expect(service.modelName).toBe('org/m');
  });

  it('keeps a file whose last command is not one simple command, and says why', () => {
    const service = parseServiceFile(minimal.replace('vllm serve m', 'vllm serve m | tee log'));
    expect(service.launch).toBeNull();
    expect(service.launchProblem).toContain('a pipe');
  });

  it('names keys that dstack would refuse', () => {
    expect(parseServiceFile(`${minimal}foo: 1\n`).warnings[0]).toContain('foo');
  });

  it.each([
    ['a: [', /line \d+/],
    ['type: service\ntype: service\n', /line 2: Map keys must be unique/],
    ['type: task\ncommands: [a]\nport: 1\n', /line 1: type: expected type: service/],
    ['type: service\nport: 8000\n', /commands: expected a list/],
    ['type: service\ncommands: []\nport: 8000\n', /line 2: commands: expected at least one/],
    ['type: service\ncommands: a\nport: 8000\n', /line 2: commands: expected a list/],
    ['type: service\ncommands: [a]\n', /port: required/],
    ['type: service\ncommands: [a]\nport: 99999\n', /line 3: port/],
    ['type: service\ncommands: [a]\nport: x\n', /line 3: port: expected a port/],
    ['type: service\ncommands: [a]\nport: 1\nname: Bad_Name\n', /line 4: name: expected/],
    ['type: service\ncommands: [a]\nport: 1\nenv: [1x]\n', /line 4: env/],
    ['type: service\ncommands: [a]\nport: 1\ngroups: []\n', /line 4: groups are not supported/],
    ['- a\n', /expected a mapping/],
    ['', /expected a mapping/],
  ])('refuses %j with the line', (text, message) => {
    expect(() => parseServiceFile(text)).toThrow(message);
    expect(() => parseServiceFile(text)).toThrow(
      expect.objectContaining({ code: 'E_SERVICE_FILE' }),
    );
  });
});
