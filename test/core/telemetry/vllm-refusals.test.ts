import { describe, expect, it } from 'vitest';
import { classifyLog, crashCause } from '../../../mcp-server/core/telemetry/logs.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';

type Row = readonly [cls: string, line: string, near: string];

const INFO = 'INFO 03-22 15:00:10 [core.py:1] ';
/** A line with which vLLM, or what it stands on, refuses to go on, and a near one that refuses nothing. */
const LINES: readonly Row[] = [
  [
    'kv_cache_too_small',
    'Input prompt (4096 tokens) + lookahead slots (0) is too long and exceeds the capacity of block_manager',
    `${INFO}block_manager holds 4096 blocks`,
  ],
  [
    'kv_cache_too_small',
    'ValueError: max_num_seqs (512) exceeds available Mamba cache blocks (208). Each decode sequence requires one Mamba cache block.',
    `${INFO}available Mamba cache blocks: 208`,
  ],
  [
    'bad_flag_combination',
    "ValueError: dcp_comm_backend='a2a' requires decode_context_parallel_size > 1.",
    `${INFO}dcp_comm_backend='a2a', decode_context_parallel_size=2`,
  ],
  [
    'bad_flag_combination',
    'ValueError: num_redundant_experts is set to 4 but EPLB is not enabled. Either enable EPLB or unset num_redundant_experts.',
    `${INFO}num_redundant_experts is 4, EPLB is enabled`,
  ],
  [
    'bad_flag_combination',
    'ValueError: long_prefill_token_threshold (99999) cannot be greater than the max_model_len (4096).',
    `${INFO}long_prefill_token_threshold=163, max_model_len (4096)`,
  ],
  [
    'bad_flag_combination',
    'AssertionError: In Mamba cache align mode, block_size (2096) must be <= max_num_batched_tokens (2048).',
    `${INFO}Mamba cache align mode, block_size (2096), max_num_batched_tokens (8192)`,
  ],
  [
    'bad_flag_value',
    'ValueError: No common block size for 8. ',
    `${INFO}Setting the common block size to 16`,
  ],
  [
    'bad_flag_value',
    "ValueError: Invalid VLLM_ATTENTION_BACKEND value 'FLASHATTN'. Valid options are: FLASH_ATTN",
    `${INFO}VLLM_ATTENTION_BACKEND is FLASH_ATTN`,
  ],
  [
    'context_too_long',
    "ValueError: You passed 40001 input tokens and requested 1 output tokens. However, the model's context length is only 32768 tokens",
    `${INFO}the context length is 32768 tokens`,
  ],
  [
    'quantization_mismatch',
    'ValueError: Detected some but not all shards of model.layers.0.in_proj are quantized. All shards of fused layers to have the same precision.',
    `${INFO}all shards of model.layers.0.in_proj are quantized`,
  ],
  [
    'unsupported_gpu_or_kernel',
    'NotImplementedError: No compiled cutlass_scaled_mm for a compute capability less than CUDA device capability: 121',
    `${INFO}compiled cutlass_scaled_mm for compute capability 90`,
  ],
  [
    'unsupported_gpu_or_kernel',
    'RuntimeError: Assertion error (csrc/apis/layout.hpp:59): Unknown SF transformation',
    `${INFO}DeepGEMM layout of SF chosen`,
  ],
  [
    'tokenizer_or_template',
    'RuntimeError: Hermes 2 Pro Tool parser could not locate tool call start/end tokens in the tokenizer!',
    `${INFO}tool parser hermes, 2 tokens in the tokenizer`,
  ],
  [
    'tokenizer_or_template',
    "AttributeError: 'MistralTokenizer' object has no attribute 'init_kwargs'",
    "AttributeError: 'TokenizerGroup_' has no such thing",
  ],
  [
    'tokenizer_or_template',
    "AttributeError: 'list' object has no attribute 'keys'",
    "AttributeError: 'list' object has no attribute 'items'",
  ],
  [
    'model_download_or_auth',
    'openai_harmony.HarmonyError: error downloading or loading vocab file: failed to download or load vocab file',
    `${INFO}vocab file loaded`,
  ],
  [
    'model_download_or_auth',
    "PermissionError: [Errno 13] Permission denied: '/.cache'",
    "PermissionError: [Errno 13] Permission denied: '/var/log/engine'",
  ],
  [
    'model_download_or_auth',
    'botocore.exceptions.NoCredentialsError: Unable to locate credentials',
    `${INFO}credentials found in the environment`,
  ],
  [
    'driver_or_cuda_mismatch',
    'pynvml.NVMLError_LibRmVersionMismatch: RM has detected an NVML/RM version mismatch.',
    'pynvml.NVMLError_NotSupported: Not Supported',
  ],
  [
    'driver_or_cuda_mismatch',
    'RuntimeError: cuDNN version incompatibility: PyTorch was compiled against (9, 10, 2) but found runtime version (9, 5, 1)',
    `${INFO}cuDNN version 91002`,
  ],
  [
    'nccl_interconnect',
    "Failed: Cuda error /workspace/csrc/custom_all_reduce.cuh:364 'invalid argument'",
    `${INFO}custom_all_reduce_utils.py reads the cache of peer access`,
  ],
  [
    'hang_watchdog',
    'ERROR 03-22 15:00:10 [core.py:1] Did not receive response from front-end process within 5 minutes',
    `${INFO}received response from front-end process`,
  ],
  [
    'oom_sampler_warmup',
    "RuntimeError: CUDA out of memory occurred when warming up pooler (task='embed') with 256 dummy requests.",
    `${INFO}warming up pooler with 256 requests`,
  ],
  [
    'shm_or_ipc',
    "FileNotFoundError: [Errno 2] No such file or directory: '/psm_1f2a'",
    "FileNotFoundError: [Errno 2] No such file or directory: '/etc/engine'",
  ],
  [
    'bad_flag_combination',
    'ValueError: Target and draft model should have the same vocabulary size. Target model vocab_size=152064. Draft model vocab_size=151936.',
    `${INFO}target and draft model share their vocabulary`,
  ],
  [
    'bad_flag_combination',
    "ValueError: Cannot provide a placement group of placement_group_specs=[{'GPU': 1.0}] within 1800 seconds.",
    `${INFO}Waiting for creating a placement group of specs for 10 seconds`,
  ],
  [
    'quantization_mismatch',
    'ValueError: Cannot find the config file for awq',
    `${INFO}Found the config file for awq`,
  ],
  [
    'unsupported_gpu_or_kernel',
    "ValueError: NvFp4 MoE backend 'FLASHINFER_TRTLLM' does not support the deployment configuration since kernel does not support current device cuda.",
    `${INFO}Using FLASHINFER_TRTLLM NvFp4 MoE backend`,
  ],
  [
    'unsupported_gpu_or_kernel',
    'RuntimeError: FlashAttention forward only supports head dimension at most 256',
    `${INFO}FlashAttention, head dimension 128`,
  ],
  [
    'nccl_interconnect',
    'RuntimeError: Every node should have a unique IP address. Got 2 nodes and 1 unique IP addresses.',
    `${INFO}2 nodes with 2 IP addresses`,
  ],
  [
    'tokenizer_or_template',
    'TypeError: Can only get item pairs from a mapping.',
    "TypeError: 'int' object is not iterable",
  ],
  [
    'tokenizer_or_template',
    'mistral_common.exceptions.InvalidMessageStructureException: Expected last role User or Tool',
    `${INFO}mistral_common 1.8.5`,
  ],
  [
    'model_download_or_auth',
    'ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in chain',
    `${INFO}ssl is off`,
  ],
  [
    'model_download_or_auth',
    'botocore.exceptions.ClientError: An error occurred (403) when calling the HeadObject operation: Forbidden',
    'botocore.exceptions.ClientError: An error occurred (403) when calling the RunInstances operation: Forbidden',
  ],
  [
    'port_conflict',
    'docker: Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:8000 failed: port is already allocated.',
    `${INFO}port 8000 is allocated`,
  ],
  [
    'driver_or_cuda_mismatch',
    'RuntimeError: flashinfer-cubin version (0.4.1) does not match flashinfer version (0.5.2). Please install the same version of both packages.',
    `${INFO}flashinfer-cubin version 0.5.2`,
  ],
  [
    'image_pull_failure',
    'Warning  BackOff  kubelet  Back-off pulling image "org/engine:1"',
    'Normal  Pulling  kubelet  Pulling image "org/engine:1"',
  ],
  [
    'context_too_long',
    'ValueError: The prompt (total length 12000) is too long to fit into the model (context length 4096).',
    `${INFO}The prompt fits into the model`,
  ],
  [
    'bad_flag_combination',
    'ValueError: Chunked prefill and speculative decoding can be enabled simultaneously only for draft models with tensor parallel size 1.',
    `${INFO}Chunked prefill and speculative decoding can be enabled simultaneously`,
  ],
  ['no_capacity', 'Quota violated:', 'Quota of the region: 20000'],
  [
    'spot_interruption',
    'I 01-01 03:12:39 controller.py:118] Cluster is preempted (status: INIT). Recovering...',
    'I 01-01 03:12:39 controller.py:118] Cluster is up (status: UP).',
  ],
  [
    'spot_interruption',
    'W 01-01 03:12:39 replica_managers.py:990] Replica 3 is preempted (status: STOPPED).',
    'I 01-01 03:12:39 replica_managers.py:990] Replica 3 is ready.',
  ],
];

describe('what vLLM refuses', () => {
  it.each(LINES)('%s: %s', (cls, line) => {
    expect(crashCause(classifyLog(line, ENGINES.vllm))?.cls).toBe(cls);
  });

  it.each(LINES)('%s does not fire beside %s', (cls, _line, near) => {
    expect(classifyLog(near, ENGINES.vllm).filter((event) => event.cls === cls)).toEqual([]);
  });
});

/** A line with which vLLM says that it goes on otherwise than was asked, and a near one that says nothing of the kind. */
const TOLD: readonly Row[] = [
  [
    'decode_eager_no_cuda_graph',
    `${INFO}Data Parallel: Forcing enforce eager to be True since DP with DeepEP high-throughput kernels are not CUDA Graph compatible.`,
    `${INFO}Data Parallel: enforce eager is False`,
  ],
  [
    'decode_eager_no_cuda_graph',
    `${INFO}CUDAGraphMode.FULL_DECODE_ONLY is not supported with spec-decode for attention backend FlashInferBackend; setting cudagraph_mode=NONE`,
    `${INFO}CUDAGraphMode.FULL_DECODE_ONLY is not supported with spec-decode for attention backend FlashInferBackend; setting cudagraph_mode=PIECEWISE`,
  ],
  [
    'decode_eager_no_cuda_graph',
    `${INFO}Enforce eager set, overriding optimization level to -O0`,
    `${INFO}Setting optimization level to -O0`,
  ],
];

describe('what vLLM changes by itself', () => {
  it.each(TOLD)('%s: %s', (cls, line, near) => {
    const classesOf = (text: string): readonly string[] =>
      classifyLog(text, ENGINES.vllm).map((event) => event.cls);
    expect(classesOf(line)).toContain(cls);
    expect(classesOf(near)).not.toContain(cls);
  });
});
