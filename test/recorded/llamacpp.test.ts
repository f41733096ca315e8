// What llama.cpp really printed and answered; how it was recorded: test/fixtures/recorded/llamacpp/SOURCE.md.
import { describe, expect, it } from 'vitest';
import { classifyLog, crashCause } from '../../mcp-server/core/telemetry/logs.ts';
import { parsePrometheus } from '../../mcp-server/core/telemetry/prometheus.ts';
import { llamacpp } from '../../mcp-server/engines/llamacpp/llamacpp.ts';
import { recorded, recordedAnswer } from './recorded-files.ts';

describe('logs of a real llama.cpp', () => {
  it.each([
    ['fault-unknown-flag', 'bad_flag_unknown', '--no-such-flag'],
    ['fault-model-above-memory-limit', 'weights_do_not_fit', 'mmap failed'],
    ['fault-kv-cache-above-memory-limit', 'kv_cache_too_small', 'buffer for kv cache'],
    ['fault-vocabulary-above-memory-limit', 'host_out_of_memory', 'bad_alloc'],
    ['fault-compute-buffers-above-memory-limit', 'oom_activation_prefill', 'CPU buffer of size'],
    ['fault-broken-chat-template', 'tokenizer_or_template', 'Expected }} (Got })'],
    ['fault-context-too-long', 'context_too_long', 'exceeds the available context size'],
  ])('%s goes back to %s', (file, cls, words) => {
    const cause = crashCause(classifyLog(recorded(`llamacpp/${file}.log.txt`), llamacpp));
    expect(cause).toMatchObject({ cls });
    expect(cause?.line).toContain(words);
  });
});

describe('answers of a real llama.cpp', () => {
  it('refuse a prompt beyond the context with both lengths', () => {
    const { status, body } = recordedAnswer('llamacpp/error-context-too-long.json');
    expect(status).toBe(400);
    expect(body['error']).toMatchObject({ n_prompt_tokens: 624, n_ctx: 256 });
  });

  it('count in the metrics what they count in the answer', () => {
    const { body } = recordedAnswer('llamacpp/completion.json');
    const samples = parsePrometheus(recorded('llamacpp/metrics-after.txt'));
    const value = (name: string): number | undefined =>
      samples.find((sample) => sample.name === name)?.value;
    expect(body['usage']).toMatchObject({ completion_tokens: 8 });
    expect(value('llamacpp:tokens_predicted_total')).toBe(8);
  });
});
