import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, type Input, pairsOf, type Row } from './by-rules.ts';

const LAUNCH = 'python3 -m sglang.launch_server --model-path org/model';
const NCCL_TRACE = `    raise RuntimeError(f"NCCL error: {error_str}")
RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)`;
const frame = (file: string): string =>
  `  File "/srt/${file}", line 14, in __post_init__\n    if self.page_size > 1:\nTypeError: '>' not supported between instances of 'NoneType' and 'int'`;
const captureOf = (why: string): string => `Exception: Capture cuda graph failed: ${why}`;
const BUILT = 'DeepGEMM JIT code generation <GEMM_NT_F8F8BF16>: N=576. Please wait.';
const batch = (at: number): string =>
  `[2026-01-01 04:33:${at} TP0] Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.12, #running-req: 3, #queue-req: 0,`;

const endIn = (file: string, error: string): string =>
  `  File "/srt/${file}", line 64, in step\n    return one(two)\n${error}`;
const frameOf = (name: string, file = 'vllm/worker/runner.py'): string =>
  `  File "/venv/${file}", line 16, in ${name}\n    one.two(three)`;
const SPECULATIVE =
  '  File "/srt/speculative/ngram_worker.py", line 231, in forward_batch_generation';
const NO_SHAPE = "AttributeError: 'NoneType' object has no attribute 'shape'";
const NO_METHOD = "ValueError: Invalid quantization method: marlin. Available methods: ['fp8']";
const OOM = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 896.00 MiB.';
const ran = (running: number): string =>
  `Prefill batch, #new-seq: 9, #new-token: 8192, #cached-token: 0, token usage: 0.21, #running-req: ${running}, #queue-req: 3,`;
const stats = (running: number): string =>
  `Avg generation throughput: 412.5 tokens/s, Running: ${running} reqs, Waiting: 0 reqs, GPU KV cache usage: 71.3%`;

/** Reports that differ in the one thing by which an engine tells why it ended or waited. */
const ROWS: readonly Row[] = [
  [
    'one setting and what it may be',
    'bad_flag_value',
    'sglang',
    { log: 'AssertionError: moe_dense_tp_size only support 1 and None currently' },
    { log: 'AssertionError: chunked_prefill_size must be divisible by page_size' },
  ],
  [
    'two settings of which one bounds the other',
    'bad_flag_combination',
    'sglang',
    { log: 'AssertionError: page_size must be 1 when dp_size is above 1' },
    { log: 'AssertionError: gpu_id_step must be positive' },
  ],
  [
    'the pool that has no room for the last request',
    'oom_under_load',
    'sglang',
    { log: 'AssertionError: No space left for only one request, available_size()=0' },
    { log: 'OSError: [Errno 28] No space left on device' },
  ],
  [
    'a pool that counts wrongly, told beside its size',
    'oom_under_load',
    'sglang',
    {
      log: 'ValueError: token_to_kv_pool_allocator memory leak detected! available_size=1, self.max_total_num_tokens=10',
    },
    { log: 'max_total_num_tokens=10, chunked_prefill_size=8192' },
  ],
  [
    'a setting that chose what cannot be captured',
    'bad_flag_combination',
    'sglang',
    { log: captureOf('CUDA error: operation not permitted when stream is capturing') },
    { log: captureOf('CUDA out of memory. Tried to allocate 448.00 MiB.') },
  ],
  [
    'a library that is too old for what is captured',
    'driver_or_cuda_mismatch',
    'sglang',
    { log: captureOf('cuDNN FP4 requires backend version >= 91002, found 90701.') },
    { log: captureOf('no supported kernel') },
  ],
  [
    'an error of the network in a container, whose code is quoted above it',
    'shm_or_ipc',
    'sglang',
    { launch_command: `docker run --gpus all image ${LAUNCH} --tp 8`, log: NCCL_TRACE },
    { launch_command: `${LAUNCH} --tp 8`, log: NCCL_TRACE },
  ],
  [
    'names of a quantised checkpoint',
    'quantization_mismatch',
    'sglang',
    {
      launch_command: `${LAUNCH}-AWQ`,
      log: "KeyError: 'model.layers.8.mlp.experts.w2_weight'",
    },
    { launch_command: LAUNCH, log: "KeyError: 'model.layers.8.mlp.experts.w2_weight'" },
  ],
  [
    'blocks of weights that a split cuts',
    'quantization_mismatch',
    'sglang',
    {
      log: 'ValueError: For quantized MoE models, please make sure (moe_intermediate_size=768 / moe_tp_size=8) % weight_block_size_n=128 == 0',
    },
    { log: 'AssertionError: tp_size must be divisible by number of nodes' },
  ],
  [
    'a backend that this card does not take',
    'unsupported_gpu_or_kernel',
    'sglang',
    {
      log: "AssertionError: Only {'triton', 'fa4'} backends are supported on Blackwell GPUs for hybrid GDN models. Got attention_backend=flashinfer.",
    },
    { log: "error: argument --attention-backend: invalid choice: 'flash' (choose from 'triton')" },
  ],
  [
    'a template that is no text',
    'tokenizer_or_template',
    'sglang',
    { log: endIn('managers/template_manager.py', 'TypeError: expected string, got dict') },
    { log: endIn('managers/scheduler.py', 'TypeError: expected string, got dict') },
  ],
  [
    'a method of quantization that was asked for',
    'bad_flag_value',
    'sglang',
    { launch_command: `${LAUNCH} --quantization marlin`, log: NO_METHOD },
    { launch_command: LAUNCH, log: NO_METHOD },
  ],
  [
    'memory that ended while many ran, whatever was prefilled',
    'oom_under_load',
    'sglang',
    { log: `${ran(190)}\nCUDA out of memory` },
    { log: `${ran(2)}\nCUDA out of memory` },
  ],
  [
    'an image that a registry does not have',
    'image_pull_failure',
    'llamacpp',
    { log: 'Error: failed to resolve reference "ghcr.io/org/server:new": server:new: not found' },
    { log: '/bin/sh: 1: nvcc: not found' },
  ],
  [
    'a program that a shell does not find',
    'driver_or_cuda_mismatch',
    'vllm',
    { log: '/bin/sh: 1: nvcc: not found' },
    { log: 'ghcr.io/org/server:new: not found' },
  ],
  [
    'memory that ended in a step that was captured',
    'oom_cuda_graph_capture',
    'vllm',
    { log: `${frameOf('capture_model')}\n${frameOf('_dummy_run')}\n${OOM}` },
    { log: `${frameOf('profile_run')}\n${frameOf('_dummy_run')}\n${OOM}` },
  ],
  [
    'a compiler that ends within its passes',
    'unsupported_gpu_or_kernel',
    'sglang',
    { log: `${frameOf('make_llir', 'triton/backends/nvidia/compiler.py')}\nIndexError: map::at` },
    { log: `${frameOf('arange', 'triton/language/semantic.py')}\nIndexError: map::at` },
  ],
  [
    'a stall that stays, with no error',
    'hang_watchdog',
    'sglang',
    { symptom: 'No traceback, it simply stalls in the first prefill and stays there.' },
    { symptom: 'No traceback, and the first prefill is slow.' },
  ],
];

describe('what an engine tells of why it ended or waited', () => {
  it.each(pairsOf(ROWS))('$what is told first', ({ cls, engine, fires }) => {
    expect(byRules({ engine, input: fires }).causes[0]?.class).toBe(cls);
  });

  it.each(pairsOf(ROWS))('$what is not told first where it is not so', ({ cls, engine, quiet }) => {
    expect(byRules({ engine, input: quiet }).causes[0]?.class).not.toBe(cls);
  });

  it('an error below a frame that reads settings speaks for them', () => {
    const of = (file: string): number =>
      confidenceByRules('sglang', { log: frame(file) }, 'bad_flag_combination');
    expect(of('server_args.py')).toBeGreaterThan(of('model_runner.py') + 0.3);
  });

  it('attention that fails in a speculative step speaks for a pair that does not go together', () => {
    const log = endIn('layers/attention/some_backend.py', NO_SHAPE);
    const of = (input: Input): number => confidenceByRules('sglang', input, 'bad_flag_combination');
    expect(of({ log: `${SPECULATIVE}\n${log}` })).toBeGreaterThan(of({ log }) + 0.3);
  });

  it('memory that ended while many ran was taken by them', () => {
    const of = (running: number): number =>
      confidenceByRules('vllm', { log: `${stats(running)}\n${OOM}` }, 'oom_under_load');
    expect(of(98)).toBeGreaterThan(of(3) + 0.1);
  });

  it('kernels that are built between batches are surer than those of a start', () => {
    const between = { log: `${batch(10)}\n${BUILT}\n${batch(19)}` };
    const before = { log: `${BUILT}\n${batch(10)}\n${batch(19)}` };
    const of = (input: Input): number => confidenceByRules('sglang', input, 'cold_jit_in_window');
    expect(of(between)).toBeGreaterThan(of(before) + 0.2);
  });
});

const firstKnobs = (input: Input): readonly string[] =>
  byRules({ engine: 'sglang', input }).causes[0]?.knobs ?? [];

describe('which flags of a launch are named', () => {
  it('first the one whose value a refusal tells, and none that only says where it answers', () => {
    const knobs = firstKnobs({
      launch_command: `${LAUNCH} --host 0.0.0.0 --tp 24 --nnodes 3`,
      log: 'AssertionError: 151936 is not divisible by 24',
    });
    expect(knobs[0]).toBe('--tp');
    expect(knobs).not.toContain('--host');
  });

  it('one that is newer than the table, by the name of its variable', () => {
    const log = 'AssertionError: moe_dense_tp_size only support 1 and None currently';
    const flag = '--moe-dense-tp-size';
    expect(firstKnobs({ launch_command: `${LAUNCH} ${flag} 4`, log })).toContain(flag);
    expect(firstKnobs({ launch_command: LAUNCH, log })).not.toContain(flag);
  });

  it('the one whose word a refusal tells', () => {
    const knobsOf = (method: string): readonly string[] =>
      firstKnobs({ launch_command: `${LAUNCH} --quantization ${method}`, log: NO_METHOD });
    expect(knobsOf('marlin')).toContain('--quantization');
    expect(knobsOf('awq')[0]).toBe('--quantization');
    const other = { launch_command: `${LAUNCH} --schedule-policy marlin`, log: NO_METHOD };
    expect(firstKnobs(other)).not.toContain('--schedule-policy');
  });

  it('one that a refusal spells out, and the cards that were shown', () => {
    const log = 'ValueError: heads (12) must be divisible by tensor parallel size (4).';
    const knobsOf = (devices: string): readonly string[] =>
      firstKnobs({ launch_command: `CUDA_VISIBLE_DEVICES=${devices} python serve.py`, log });
    expect(knobsOf('0,1,2,3')).toEqual(
      expect.arrayContaining(['CUDA_VISIBLE_DEVICES', '--tensor-parallel-size']),
    );
    expect(knobsOf('0,1')).not.toContain('CUDA_VISIBLE_DEVICES');
  });

  it('how an image is started where a shell came in as its argument', () => {
    const knobsOf = (given: string): readonly string[] =>
      byRules({
        engine: 'llamacpp',
        input: { log: `error: invalid argument: ${given}` },
      }).causes.flatMap(({ knobs }) => knobs);
    expect(knobsOf('/bin/sh')).toContain('CMD');
    expect(knobsOf('model.gguf')).not.toContain('CMD');
  });

  it('one without which it works, as somebody says', () => {
    const launch_command = `${LAUNCH} --enable-dp-attention`;
    const hangs = 'It hangs forever in the first prefill.';
    const said = `${hangs} Without --enable-dp-attention the same backend works.`;
    expect(firstKnobs({ launch_command, symptom: said })[0]).toBe('--enable-dp-attention');
    expect(firstKnobs({ launch_command, symptom: hangs })).not.toContain('--enable-dp-attention');
  });
});
