import { describe, expect, it } from 'vitest';
import { diagnoseCase } from '../../../mcp-server/app/diagnose-case.ts';
import { classifyLog, crashCause } from '../../../mcp-server/core/telemetry/logs.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';
import { byRules } from '../playbook/by-rules.ts';

type Engine = 'sglang' | 'vllm' | 'llamacpp';
type Row = readonly [cls: string, engine: Engine, line: string, near: string];

/** A line that an engine or what it stands on prints for a refusal, and a near one that refuses nothing. */
const LINES: readonly Row[] = [
  [
    'bad_flag_unknown',
    'llamacpp',
    'error while handling argument "--draft-max": the argument has been removed. use --spec-draft-n-max or --spec-ngram-mod-n-max',
    'DEPRECATED: --defrag-thold is deprecated and no longer necessary to specify',
  ],
  [
    'bad_flag_unknown',
    'sglang',
    'ValueError: Removed server argument(s): warmup -> warmup_mode=request or warmup_mode=off',
    "[2026-03-22 15:00:00] The command line argument '--x' is deprecated and will be removed in future versions.",
  ],
  [
    'bad_flag_unknown',
    'vllm',
    'vllm serve: error: ambiguous option: --max-num could match --max-num-seqs, --max-num-batched-tokens',
    'usage: vllm serve [model_tag] [options]',
  ],
  [
    'bad_flag_value',
    'vllm',
    'ValueError: LoRA rank 64 is greater than max_lora_rank 16.',
    'INFO 03-22 15:00:10 [worker.py:1] Loaded LoRA adapter of rank 64',
  ],
  [
    'bad_flag_value',
    'vllm',
    'ValueError: speculative_draft_tensor_parallel_size=4 cannot be other value than 1',
    'INFO 03-22 15:00:10 [config.py:1] speculative_draft_tensor_parallel_size=1',
  ],
  [
    'bad_flag_value',
    'vllm',
    'ValueError: Expected num_speculative_tokens to be greater than zero (0).',
    'INFO 03-22 15:00:10 [config.py:1] num_speculative_tokens=3',
  ],
  [
    'bad_flag_value',
    'sglang',
    'ValueError: Unsupported tool_call_parser: llama4',
    '[2026-03-22 15:00:00] tool_call_parser=llama3',
  ],
  [
    'bad_flag_value',
    'llamacpp',
    'error: invalid parameter for argument: -ts',
    'system_info: n_threads = 8',
  ],
  [
    'bad_flag_combination',
    'vllm',
    "ValueError: Selected backend AttentionBackendEnum.FLASHINFER is not valid for this configuration. Reason: ['head_size not supported']",
    "DEBUG 03-22 15:00:10 [cuda.py:1] Some attention backends are not valid for cuda with AttentionSelectorConfig(head_size=64). Reasons: {FLASH_ATTN: ['sink setting not there']}.",
  ],
  [
    'model_download_or_auth',
    'llamacpp',
    "'https' scheme is not supported.",
    'common_download_file_single_online: HEAD failed, status: 404',
  ],
  [
    'model_download_or_auth',
    'llamacpp',
    'common_download_file_single_online: HEAD failed, status: -1',
    'no remote preset found, skipping',
  ],
  [
    'model_download_or_auth',
    'llamacpp',
    'get_repo_files: error: GET failed (429): rate limited',
    'curl_perform_with_retry: HEAD https://huggingface.co/a/b/resolve/main/m.gguf (attempt 1 of 1)...',
  ],
  [
    'model_download_or_auth',
    'vllm',
    'RuntimeError: Data processing error: CAS service error : ReqwestMiddleware Error: Request failed after 5 retries',
    'Xet Storage is enabled for this repo.',
  ],
  [
    'disk_full',
    'llamacpp',
    'common_pull_file: error writing to file: /root/.cache/llama.cpp/m.gguf.downloadInProgress',
    'common_download_file_single_online: trying to download model to /root/.cache/llama.cpp/m.gguf.downloadInProgress',
  ],
  [
    'disk_full',
    'vllm',
    'Usage of EmptyDir volume "models-dir" exceeds the limit "1536Mi".',
    'Usage of EmptyDir volume "dshm" exceeds the limit "1Gi".',
  ],
  [
    'tokenizer_or_template',
    'vllm',
    "OSError: Found 0 files matching the pattern: `^tekken\\.json$`. Make sure that a Mistral tokenizer is present in ['m.gguf', 'config.json'].",
    'INFO 03-22 15:00:10 [t.py:1] Using the Mistral tokenizer',
  ],
  [
    'quantization_mismatch',
    'vllm',
    "RuntimeError: Worker failed with error 'size_k must divisible by BLOCK_SIZE_K', please check the stack trace above for the root cause",
    'INFO 03-22 15:00:10 [moe.py:1] Using BLOCK_SIZE_K 64',
  ],
  [
    'quantization_mismatch',
    'vllm',
    "AttributeError: 'MergedColumnParallelLinear' object has no attribute 'data'",
    "AttributeError: 'Request' object has no attribute 'data'",
  ],
  [
    'quantization_mismatch',
    'sglang',
    '[2026-03-22 15:00:33] Parameter model.layers.31.self_attn.qkv_proj.weight_scale not found in params_dict',
    '[2026-03-22 15:00:33] Parameter lm_head.bias not found in params_dict',
  ],
  [
    'driver_or_cuda_mismatch',
    'vllm',
    'RuntimeError: operator torchvision::nms does not exist',
    'INFO 03-22 15:00:10 [x.py:1] torchvision 0.25.0',
  ],
  [
    'driver_or_cuda_mismatch',
    'llamacpp',
    'ggml_cuda_init: failed to initialize CUDA: unknown error',
    'ggml_cuda_init: found 1 CUDA devices:',
  ],
];

describe('a line that refuses', () => {
  it.each(LINES)('is of %s for %s: %s', (...[cls, engine, line, near]) => {
    expect(crashCause(classifyLog(line, ENGINES[engine]))?.cls).toBe(cls);
    expect(classifyLog(near, ENGINES[engine]).filter((event) => event.cls === cls)).toEqual([]);
  });
});

describe('a refusal that says less than it means', () => {
  const first = (engine: string, input: object): string | undefined =>
    byRules({ engine, input }).causes[0]?.class;
  const log = 'RuntimeError: FlashInfer requires GPUs with sm75 or higher';

  it('blames the toolkit where the card is newer than what the line asks for, and the card where it is older', () => {
    expect(first('vllm', { log, gpu: 'RTX 5090' })).toBe('driver_or_cuda_mismatch');
    expect(first('vllm', { log, gpu: 'Tesla V100-SXM2-32GB' })).toBe('unsupported_gpu_or_kernel');
  });

  it('takes a switch of the launch out, whatever the line asks for, and leaves what has a value', () => {
    const [cause] = diagnoseCase({
      engine: 'sglang',
      input: {
        launch_command:
          'python -m sglang.launch_server --model-path m --enable-mixed-chunk --page-size 64 --speculative-algorithm EAGLE3',
        log: 'AssertionError: enable_mixed_chunk is required for speculative decoding',
      },
    }).causes;
    expect(cause?.changes).toContainEqual({ knob: '--enable-mixed-chunk', direction: 'remove' });
    expect(cause?.changes.map(({ knob }) => knob)).not.toContain('--page-size');
  });

  it('names a refused flag where no launch is given, and the property of a file that its schema refuses', () => {
    const unknown = diagnoseCase({
      engine: 'vllm',
      input: { log: 'vllm: error: unrecognized arguments: --temperature 0.8' },
    });
    expect(unknown.causes[0]?.knobs).toContain('--temperature');
    const refused = diagnoseCase({
      engine: 'dstack',
      input: {
        launch_command: 'type: task\nimage: x\nenv:\n  - VAR-1=value\n',
        log: '1 validation error for ApplyConfigurationRequest\n__root__ -> TaskConfigurationRequest -> env -> 0\n  string does not match regex',
      },
    });
    expect(refused.causes[0]?.knobs).toContain('env');
  });

  it('reads calls of tools that stay text as a template’s fault, and a cache that grows as a download', () => {
    expect(
      first('vllm', {
        symptom: 'tool_calls is always empty, the call is in content as plain text',
      }),
    ).toBe('tokenizer_or_template');
    expect(
      first('vllm', {
        symptom: 'Nothing is served yet; du -sh on ~/.cache/huggingface/hub shows it growing.',
      }),
    ).toBe('model_download_or_auth');
  });
});
