import { describe, expect, it } from 'vitest';
import { launchEngine } from '../../mcp-server/simulator/core/launch.ts';
import { resolveCommand, type ServiceOptions, SGLANG_8B, VLLM_8B } from './configs.ts';

function refusalOf(command: string, options: ServiceOptions = {}): { code: number; text: string } {
  const resolved = resolveCommand(command, options);
  const outcome =
    resolved.kind === 'ok' ? launchEngine(resolved.config, { seed: 1, launchSeed: 1 }) : resolved;
  if (outcome.kind !== 'refused') throw new Error(`not refused: ${outcome.kind}`);
  return { code: outcome.exitCode, text: outcome.lines.join('\n') };
}

const starts = (command: string, options: ServiceOptions = {}): boolean => {
  const resolved = resolveCommand(command, options);
  return (
    resolved.kind === 'ok' &&
    launchEngine(resolved.config, { seed: 1, launchSeed: 1 }).kind === 'ok'
  );
};

describe('flags that the engine refuses', () => {
  it('SGLang names unknown flags as argparse does and exits 2', () => {
    const { code, text } = refusalOf(`${SGLANG_8B} --enable-turbo --fast 3`);
    expect(code).toBe(2);
    expect(text).toContain(
      'launch_server.py: error: unrecognized arguments: --enable-turbo --fast 3',
    );
    expect(text).toMatch(/^usage: launch_server\.py/);
  });

  it('SGLang v0.5.9 refuses lower-case ngram with its list of choices', () => {
    const { code, text } = refusalOf(`${SGLANG_8B} --speculative-algorithm ngram`);
    expect(code).toBe(2);
    expect(text).toContain(
      "error: argument --speculative-algorithm: invalid choice: 'ngram' (choose from 'EAGLE', 'EAGLE3', 'NEXTN', 'STANDALONE', 'NGRAM')",
    );
  });

  it('SGLang refuses plain fp8 as KV type, words in place of numbers, and a missing value', () => {
    expect(refusalOf(`${SGLANG_8B} --kv-cache-dtype fp8`).text).toContain(
      "argument --kv-cache-dtype: invalid choice: 'fp8'",
    );
    expect(refusalOf(`${SGLANG_8B} --max-running-requests many`).text).toContain(
      "argument --max-running-requests: invalid int value: 'many'",
    );
    expect(refusalOf(`${SGLANG_8B} --mem-fraction-static`).text).toContain(
      'argument --mem-fraction-static: expected one argument',
    );
  });

  it('SGLang knows a flag only in the versions that have it', () => {
    const command = `${SGLANG_8B} --cuda-graph-max-bs-decode 64`;
    expect(refusalOf(command).text).toContain(
      'unrecognized arguments: --cuda-graph-max-bs-decode 64',
    );
    expect(starts(command, { image: 'lmsysorg/sglang:v0.5.14' })).toBe(true);
    expect(starts(`${SGLANG_8B} --cuda-graph-max-bs 64`)).toBe(true);
  });

  it('vLLM names unknown flags by its main parser and bad values by its sub-command', () => {
    const unknown = refusalOf(`${VLLM_8B} --num-scheduler-steps 8`);
    expect(unknown.code).toBe(2);
    expect(unknown.text).toContain('vllm: error: unrecognized arguments: --num-scheduler-steps 8');
    expect(refusalOf(`${VLLM_8B} --scheduling-policy lifo`).text).toContain(
      "vllm serve: error: argument --scheduling-policy: invalid choice: 'lifo' (choose from 'fcfs', 'priority')",
    );
  });

  it('vLLM takes underscores and negated switches', () => {
    expect(starts(`${VLLM_8B} --max_num_seqs 64 --no-enable-prefix-caching`)).toBe(true);
  });

  it('a model is required', () => {
    const { code, text } = refusalOf('python -m sglang.launch_server --port 8000');
    expect(code).toBe(2);
    expect(text).toContain('the following arguments are required: --model-path/--model');
  });
});

describe('combinations that the engine refuses', () => {
  it.each([
    ['--enable-hierarchical-cache --disable-radix-cache', 'mutually exclusive'],
    [
      '--chunked-prefill-size 1000 --page-size 64',
      'chunked_prefill_size must be divisible by page_size',
    ],
    ['--speculative-algorithm EAGLE3', 'speculative_draft_model_path'],
    ['--disable-cuda-graph-padding --enable-torch-compile', 'disable_cuda_graph_padding'],
    ['--attention-backend fa4', 'Blackwell'],
    ['--tp-size 2', 'smaller than tp_size'],
  ])('SGLang stops before loading weights with %s', (flags, message) => {
    const { code, text } = refusalOf(`${SGLANG_8B} ${flags}`);
    expect(code).toBe(1);
    expect(text).toContain(message);
    expect(text).toMatch(/(AssertionError|ValueError): /);
  });

  it.each([
    [
      '--max-num-batched-tokens 64 --max-num-seqs 128',
      'must be greater than or equal to max_num_seqs',
    ],
    ['--no-enable-chunked-prefill --max-num-batched-tokens 2048', 'is smaller than max_model_len'],
    ['--max-num-partial-prefills 2', 'NotImplementedError'],
    ['--enable-eplb', 'enable_expert_parallel must be True'],
    ['--max-model-len 200000', 'greater than the derived max_model_len'],
  ])('vLLM stops before loading weights with %s', (flags, message) => {
    const { code, text } = refusalOf(`${VLLM_8B} ${flags}`);
    expect(code).toBe(1);
    expect(text).toContain(message);
  });
});

describe('starts that run out of memory', () => {
  it('SGLang has no room for graphs at a fraction of 0.98', () => {
    const { code, text } = refusalOf(`${SGLANG_8B} --mem-fraction-static 0.98`);
    expect(code).toBe(1);
    expect(text).toContain('Capture cuda graph failed: CUDA out of memory.');
    expect(text).toContain('1. set --mem-fraction-static to a smaller value (e.g., 0.8 or 0.7)');
  });

  it('SGLang asks for a larger fraction when the weights leave nothing for KV', () => {
    expect(refusalOf(`${SGLANG_8B} --mem-fraction-static 0.15`).text).toContain(
      'Not enough memory. Please try to increase --mem-fraction-static.',
    );
  });

  it('weights larger than the GPU do not load', () => {
    const command = 'python -m sglang.launch_server --model-path meta-llama/Llama-3.1-70B-Instruct';
    expect(refusalOf(command).text).toContain('torch.OutOfMemoryError: CUDA out of memory.');
  });

  it('vLLM names the model length that would fit', () => {
    const command = 'vllm serve meta-llama/Llama-3.1-8B-Instruct';
    const { text } = refusalOf(command, { gpu: 'L4:24GB:1' });
    expect(text).toContain('max seq len (131072)');
    const longest = Number(/estimated maximum model length is (\d+)/.exec(text)?.[1]);
    expect(longest).toBeGreaterThan(1000);
    expect(starts(`${command} --max-model-len ${longest}`, { gpu: 'L4:24GB:1' })).toBe(true);
  });

  it('vLLM warms its sampler up for every sequence it may run', () => {
    const command = 'vllm serve Qwen/Qwen2.5-7B-Instruct --max-model-len 4096 --quantization fp8';
    const gpu = { gpu: 'L4:24GB:1' };
    expect(starts(`${command} --max-num-seqs 128`, gpu)).toBe(true);
    expect(
      refusalOf(`${command} --max-num-seqs 1024 --gpu-memory-utilization 0.97`, gpu).text,
    ).toContain('warming up sampler with 1024 dummy requests');
  });
});

describe('what the simulator has no facts for', () => {
  it.each([
    ['python -m sglang.launch_server --model-path acme/unheard-of', 'No facts for the model'],
    ['llama-server -m x.gguf', 'Only SGLang and vLLM'],
  ])('%s is said to be unsupported, not simulated', (command, message) => {
    const resolved = resolveCommand(command);
    expect(resolved.kind === 'unsupported' && resolved.message).toContain(message);
  });

  it('an unknown GPU is named with the known ones', () => {
    const resolved = resolveCommand(SGLANG_8B, { gpu: 'TPU' });
    expect(resolved.kind === 'unsupported' && resolved.message).toMatch(/GPU TPU.*H100/);
  });
});

describe('wrappers and launchers', () => {
  it.each([
    'graphsignal-run python -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct',
    'exec env A=1 python3 -m sglang.launch_server --model-path=meta-llama/Llama-3.1-8B-Instruct',
    'sglang serve --model-path meta-llama/Llama-3.1-8B-Instruct',
    'vllm serve meta-llama/Llama-3.1-8B-Instruct',
    'vllm serve --model meta-llama/Llama-3.1-8B-Instruct',
  ])('%s starts', (command) => expect(starts(command)).toBe(true));
});
