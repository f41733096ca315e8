import { describe, expect, it } from 'vitest';
import { classifyLog } from '../../../mcp-server/core/telemetry/logs.ts';
import { LLAMACPP_LOG_PATTERNS } from '../../../mcp-server/engines/llamacpp/log-patterns.ts';

const causesOf = (text: string): readonly string[] =>
  classifyLog(text, { logPatterns: LLAMACPP_LOG_PATTERNS })
    .filter(({ rootCause }) => rootCause)
    .map(({ cls }) => cls);

/** A class, a line that tells it, and a line of the same program that does not. */
const ROWS: readonly (readonly [cls: string, tells: string, quiet: string])[] = [
  [
    'quantization_mismatch',
    'llama_model_load: error loading model: done_getting_tensors: wrong number of tensors; expected 292, got 291',
    'llama_model_loader: loaded meta data with 33 key-value pairs and 292 tensors from chat.gguf',
  ],
  [
    'quantization_mismatch',
    "llama_model_load: error loading model: missing tensor 'blk.0.attn_q_norm.weight'",
    'load_tensors: offloaded 33/33 layers to GPU',
  ],
  [
    'bad_flag_combination',
    'llama_init_from_model: simultaneous use of SPLIT_MODE_TENSOR and KV cache quantization not implemented',
    'llama_init_from_model: split_mode = LLAMA_SPLIT_MODE_TENSOR',
  ],
  [
    'bad_flag_combination',
    'draft model vocab type must match target model to use speculation but was 1 while target vocab type 2',
    'draft model loaded, vocab type 2',
  ],
  [
    'bad_flag_value',
    'error: invalid argument: Models\\chat-7b.gguf',
    'load_model: loading model C:\\My Models\\chat-7b.gguf',
  ],
  [
    'bad_flag_unknown',
    'error: invalid argument: --mmap',
    'DEPRECATED: --mmap and --no-mmap are deprecated. use --load-mode mmap instead',
  ],
  [
    'weights_do_not_fit',
    'allocated buffer, size = 13166.92 MiB, (13167.00 / 10922.67), warning: current allocated size is greater than the recommended max working set size',
    'allocated buffer, size =  3166.92 MiB, ( 3167.00 / 10922.67)',
  ],
  [
    'weights_do_not_fit',
    'Error: model requires more system memory (24.5 GiB) than is available (15.1 GiB)',
    'msg="system memory" total="63.7 GiB" free="50.0 GiB"',
  ],
  [
    'oom_under_load',
    'error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)',
    'ggml_metal_init: recommendedMaxWorkingSetSize  = 22906.50 MB',
  ],
  [
    'hang_watchdog',
    'error="timed out waiting for llama runner to start - progress 0.00 - "',
    'msg="waiting for llama runner to start responding"',
  ],
  [
    'unsupported_gpu_or_kernel',
    'rocBLAS error: Cannot read /opt/rocm/lib/rocblas/library/TensileLibrary.dat: Illegal seek for GPU arch : gfx1032',
    'ggml_cuda_init: found 1 ROCm devices:',
  ],
  [
    'tokenizer_or_template',
    'Jinja Exception: System message must be at the beginning.',
    'srv    load_model: chat template, thinking = 1',
  ],
  [
    'model_download_or_auth',
    'Error: digest mismatch, file must be downloaded again: want sha256:1, got sha256:2',
    'verifying sha256 digest',
  ],
  ['model_download_or_auth', 'Error: pull model manifest: file does not exist', 'pulling manifest'],
  [
    'context_too_long',
    'msg="truncating input prompt" limit=2048 prompt=6240 keep=4 new=2048',
    'msg="input prompt" prompt=624',
  ],
  [
    'context_too_long',
    'error: input (992 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
    'slot update_slots: id  0 | task 4 | new prompt, task.n_tokens = 992',
  ],
  [
    'decode_eager_no_cuda_graph',
    'ggml_backend_cuda_graph_compute: disabling CUDA graphs due to too many consecutive updates',
    'ggml_backend_cuda_graph_compute: disabling CUDA graphs due to batch size > 1 [ffn_inp-0] [4096 512 1 1]',
  ],
  [
    'layers_on_cpu',
    'level=INFO source=gpu.go:386 msg="no compatible GPUs were discovered"',
    'level=INFO source=gpu.go:222 msg="looking for compatible GPUs"',
  ],
  [
    'port_conflict',
    'Error: listen tcp 127.0.0.1:11434: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.',
    'Listening on 127.0.0.1:11434 (version 0.5.4)',
  ],
];

describe('lines of llama.cpp and what starts it', () => {
  it.each(ROWS)('%s is told by its line and by no harmless one', (cls, tells, quiet) => {
    expect(causesOf(tells)).toContain(cls);
    expect(causesOf(quiet)).toEqual([]);
  });

  it('the statement of ggml that ran out of memory is no shared memory', () => {
    const oom = 'CUDA error: out of memory\n  cuMemCreate(&handle, reserve_size, &prop, 0)';
    expect(causesOf(oom)).not.toContain('shm_or_ipc');
    expect(causesOf('cuMemCreate failed with error 1')).toContain('shm_or_ipc');
  });
});
