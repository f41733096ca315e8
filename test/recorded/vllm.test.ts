// What vLLM 0.32.0 really printed and answered on a CPU; how it was recorded: test/fixtures/recorded/vllm/SOURCE.md.
import { describe, expect, it } from 'vitest';
import { HELP_BEGIN, HELP_END } from '../../mcp-server/core/telemetry/help-block.ts';
import { readLogLoad } from '../../mcp-server/core/telemetry/log-load.ts';
import { classifyLog, crashCause } from '../../mcp-server/core/telemetry/logs.ts';
import { parsePrometheus, windowDelta } from '../../mcp-server/core/telemetry/prometheus.ts';
import { parseHelp } from '../../mcp-server/engines/help.ts';
import { vllm } from '../../mcp-server/engines/vllm/vllm.ts';
import { recorded, recordedAnswer } from './recorded-files.ts';

const before = parsePrometheus(recorded('vllm/metrics-idle.txt'));
const underLoad = parsePrometheus(recorded('vllm/metrics-under-load.txt'));
const after = parsePrometheus(recorded('vllm/metrics-after.txt'));

describe('metrics of a real vLLM', () => {
  it('hold a series under one of the names that the engine is asked by, for every key', () => {
    const names = new Set(after.map((sample) => sample.name.replace(/_(?:sum|count|bucket)$/, '')));
    const missing = Object.entries(vllm.metricNames)
      .filter(([, wanted]) => !wanted.some((name) => names.has(name)))
      .map(([key]) => key);
    expect(missing).toEqual([]);
  });

  it('give running and waiting requests under load, and none before and after', () => {
    const level = (samples: typeof before, name: string): number | undefined =>
      samples.find((sample) => sample.name === name)?.value;
    expect(level(underLoad, 'vllm:num_requests_running')).toBe(8);
    expect(level(underLoad, 'vllm:num_requests_waiting')).toBe(16);
    for (const samples of [before, after]) {
      expect(level(samples, 'vllm:num_requests_running')).toBe(0);
      expect(level(samples, 'vllm:num_requests_waiting')).toBe(0);
    }
  });

  it('count over the window exactly the tokens that were asked for', () => {
    const grown = windowDelta(before, after);
    const total = (name: string): number =>
      grown.filter((one) => one.name === name).reduce((sum, one) => sum + one.value, 0);
    // 24 requests of 1000 tokens, three short ones of 6, and one of 500 that the context cut to 48.
    expect(total('vllm:generation_tokens_total')).toBe(24 * 1000 + 3 * 6 + 48);
    expect(total('vllm:request_success_total')).toBe(28);
  });
});

describe('logs of a real vLLM', () => {
  it.each([
    ['fault-unknown-flag', 'bad_flag_unknown', '--no-such-flag'],
    ['fault-bad-flag-value', 'bad_flag_value', "invalid choice: 'float8'"],
    ['fault-max-model-len', 'context_too_long', 'User-specified max_model_len (65536)'],
    ['fault-kv-cache-too-small', 'kv_cache_too_small', '2.0 GiB KV cache is needed'],
    ['fault-memory-of-machine', 'host_out_of_memory', '19.07/23.54 GiB'],
    ['fault-broken-tokenizer', 'tokenizer_or_template', 'untagged enum ModelUntagged'],
    ['fault-broken-chat-template', 'tokenizer_or_template', "unexpected '}'"],
    ['fault-no-such-model', 'model_download_or_auth', '/models/no-such-model'],
    ['fault-budget-below-sequences', 'bad_flag_combination', 'max_num_batched_tokens (4)'],
  ])('%s goes back to %s', (file, cls, words) => {
    const cause = crashCause(classifyLog(recorded(`vllm/${file}.log.txt`), vllm));
    expect(cause).toMatchObject({ cls, severity: 'fatal' });
    expect(cause?.line).toContain(words);
  });

  it.each(['start-compiled', 'serve-eager'])('%s is a start that nothing went wrong in', (file) => {
    const events = classifyLog(recorded(`vllm/${file}.log.txt`), vllm);
    expect(events.filter((event) => event.severity === 'fatal')).toEqual([]);
    expect(events.map((event) => event.cls)).not.toContain('cold_jit_in_window');
    expect(events.find((event) => event.cls === 'capacity')?.values).toEqual({
      tokens: '2,097,152',
      contextLength: '2,048',
      concurrency: '1024.00',
    });
    expect(events.map((event) => event.phase)).toContain('ready');
  });

  it('tells eager mode from the line of the configuration, and from that of no other start', () => {
    const classes = (file: string): string[] =>
      classifyLog(recorded(`vllm/${file}.log.txt`), vllm).map((event) => event.cls);
    expect(classes('serve-eager')).toContain('decode_eager_no_cuda_graph');
    expect(classes('start-compiled')).not.toContain('decode_eager_no_cuda_graph');
    expect(classes('start-compiled')).toContain('engine_config');
  });

  it('give the load of its statistics lines, the cache of a CPU included', () => {
    const load = readLogLoad(recorded('vllm/serve-eager.log.txt'), null);
    expect(load?.running).toMatchObject({ max: 8 });
    expect(load?.queue).toMatchObject({ max: 16 });
    expect(load?.kvUsage).toMatchObject({ max: 0.005 });
  });
});

describe('a log that begins with the --help of its image', () => {
  const help = recorded('vllm/help.txt');
  const end = recorded('vllm/fault-unknown-flag.log.txt');

  it('tells the fault behind the help, and nothing of what the help speaks of', () => {
    const events = classifyLog(`${HELP_BEGIN}\n${help}\n${HELP_END}\n${end}`, vllm);
    expect(events.map((event) => event.cls)).toEqual(['bad_flag_unknown']);
  });

  it('tells the same where the log was cut within the help', () => {
    const events = classifyLog(`${help.slice(40_000)}\n${HELP_END}\n${end}`, vllm);
    expect(events.map((event) => event.cls)).toEqual(['bad_flag_unknown']);
  });
});

describe('the command line of a real vLLM', () => {
  const flags = parseHelp(recorded('vllm/help.txt'));

  it('is read from its --help=all, with kinds and choices', () => {
    expect(flags.length).toBeGreaterThan(300);
    const named = (flag: string) => flags.find((one) => one.flag === flag);
    expect(named('--max-num-seqs')).toBeDefined();
    expect(named('--dtype')?.choices).toContain('bfloat16');
  });

  it('still holds the flags that are most often turned', () => {
    const names = new Set(flags.flatMap((one) => [one.flag, ...one.aliases]));
    const turned = [...Object.values(vllm.memoryFlags), vllm.contextFlag, '--kv-cache-dtype'];
    expect(turned.filter((flag) => !names.has(flag))).toEqual([]);
  });
});

describe('answers of a real vLLM', () => {
  it.each([
    ['error-context-too-long', 400, /maximum context length is 2048 tokens/],
    ['error-model-name', 404, /The model `no-such-model` does not exist/],
    ['error-invalid-json', 400, /JSON decode error/],
    ['error-bad-value', 400, /temperature must be non-negative/],
  ])('%s has status %i and says why', (file, status, words) => {
    const answer = recordedAnswer(`vllm/${file}.json`);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toMatch(words);
  });

  it('cut an answer to what the context leaves, where older versions refused the request', () => {
    const { status, body } = recordedAnswer('vllm/completion-clipped-output.json');
    expect(status).toBe(200);
    expect(body['usage']).toMatchObject({ prompt_tokens: 2000, completion_tokens: 48 });
  });
});
