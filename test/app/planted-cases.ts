import type { VirtualLoad } from '../../mcp-server/simulator/core/simulate-load.ts';
import { SGLANG_8B, VLLM_8B } from '../simulator/configs.ts';
import type { Goal, Planted } from './planted.ts';

type Shape = Partial<VirtualLoad['requests'][number]>;

/** Lengths of outputs between half and one and a half of the mean, so that streams do not end together. */
const varied = <T extends { readonly outputTokens: number }>(request: T, index: number): T => ({
  ...request,
  outputTokens: Math.round(request.outputTokens * (0.5 + ((index * 37) % 101) / 100)),
});

const closed = (concurrency: number, count: number, shape: Shape = {}): VirtualLoad => ({
  concurrency,
  requests: Array.from({ length: count }, (_, index) =>
    varied({ inputTokens: 512, outputTokens: 128, ...shape }, index),
  ),
});

const open = (perS: number, count: number, shape: Shape = {}): VirtualLoad => ({
  concurrency: null,
  requests: Array.from({ length: count }, (_, index) => ({
    inputTokens: 512,
    outputTokens: 64,
    ...shape,
    atMs: (index * 1000) / perS,
  })),
});

export interface PlantedCase extends Planted {
  readonly cause: string;
  /** What the first suggestion makes better in the simulator. Absent where no change to the engine helps, or none that it knows. */
  readonly improves?: Goal;
}

export const CASES: readonly PlantedCase[] = [
  {
    name: 'SGLang: a cap of 8 running requests under 64',
    command: `${SGLANG_8B} --max-running-requests 8`,
    load: closed(64, 200),
    cause: 'batch_cap_binding',
    improves: 'outputTokensPerS',
  },
  {
    name: 'SGLang: a small pool that admits too much',
    command: `${SGLANG_8B} --schedule-conservativeness 0.1 --cuda-graph-max-bs 64`,
    gpu: 'L4:24GB:1',
    load: {
      concurrency: 64,
      requests: Array.from({ length: 96 }, () => ({ inputTokens: 200, outputTokens: 700 })),
    },
    warmups: 0,
    cause: 'preemption_thrash',
    improves: 'outputTokensPerS',
  },
  {
    name: 'SGLang: a pool cut short by a limit on its tokens',
    command: `${SGLANG_8B} --max-total-tokens 9000`,
    load: closed(32, 96, { inputTokens: 100, outputTokens: 600 }),
    cause: 'kv_bound_queueing',
    improves: 'outputTokensPerS',
  },
  {
    name: 'SGLang: CUDA graphs switched off',
    command: `${SGLANG_8B} --disable-cuda-graph`,
    load: closed(8, 64),
    cause: 'decode_eager_no_cuda_graph',
    improves: 'tbotMs',
  },
  {
    name: 'SGLang: graphs up to 8 under a batch of 48',
    command: `${SGLANG_8B} --cuda-graph-max-bs 8`,
    load: closed(48, 240),
    cause: 'decode_eager_no_cuda_graph',
    improves: 'tbotMs',
  },
  {
    name: 'SGLang: radix cache off while prompts share their beginning',
    command: `${SGLANG_8B} --disable-radix-cache`,
    load: closed(16, 160, { inputTokens: 2048, sharedPrefixTokens: 1800 }),
    cause: 'prefix_cache_miss',
    improves: 'ttftMs',
  },
  {
    name: 'SGLang: a memory fraction that leaves a small KV pool',
    command: `${SGLANG_8B} --mem-fraction-static 0.25`,
    load: closed(96, 280, { inputTokens: 1024, outputTokens: 256 }),
    cause: 'kv_bound_queueing',
    improves: 'outputTokensPerS',
  },
  {
    name: 'SGLang: an admission that reserves too much',
    command: `${SGLANG_8B} --schedule-conservativeness 4 --mem-fraction-static 0.3`,
    load: closed(96, 280, { inputTokens: 200, outputTokens: 128, maxTokens: 4096 }),
    cause: 'admission_too_conservative',
    improves: 'outputTokensPerS',
  },
  {
    name: 'SGLang: prefill chunks of 256 under prompts of 4096',
    command: `${SGLANG_8B} --chunked-prefill-size 256`,
    load: closed(2, 40, { inputTokens: 4096, outputTokens: 64 }),
    cause: 'prefill_bound',
    improves: 'ttftMs',
  },
  {
    name: 'SGLang: prefills that all come before the next decode step',
    command: `${SGLANG_8B} --chunked-prefill-size 16384`,
    load: closed(32, 120, { inputTokens: 2000, outputTokens: 200 }),
    cause: 'prefill_interference',
    improves: 'gapP99',
  },
  {
    name: 'SGLang: n-gram drafts on text that does not repeat',
    command: `${SGLANG_8B} --speculative-algorithm NGRAM --max-running-requests 64`,
    load: closed(8, 64, { acceptance: 0.05 }),
    cause: 'speculation_not_paying',
    improves: 'tbotMs',
  },
  {
    name: 'SGLang: overlapped scheduling switched off',
    command: `${SGLANG_8B} --disable-overlap-schedule`,
    load: closed(8, 64),
    cause: 'cpu_or_frontend_bound',
    improves: 'tbotMs',
  },
  {
    name: 'SGLang: one stream near the limit of the memory',
    command: SGLANG_8B,
    load: closed(1, 12),
    cause: 'decode_bandwidth_bound',
    improves: 'tbotMs',
  },
  {
    name: 'SGLang: 32 streams that read 16-bit weights at each step',
    command: SGLANG_8B,
    load: closed(32, 160, { inputTokens: 96 }),
    cause: 'decode_bandwidth_bound',
    improves: 'outputTokensPerS',
  },
  {
    name: 'SGLang: one stream of a model so small that launches fill the step',
    command: SGLANG_8B.replace('meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen2.5-0.5B-Instruct'),
    modelId: 'Qwen/Qwen2.5-0.5B-Instruct',
    load: closed(1, 12),
    cause: 'cpu_or_frontend_bound',
  },
  {
    name: 'SGLang: an attention backend that is slow at long contexts',
    command: `${SGLANG_8B} --attention-backend torch_native`,
    load: closed(16, 48, { inputTokens: 6000, outputTokens: 128 }),
    cause: 'attention_backend_slow',
    improves: 'tbotMs',
  },
  {
    name: 'SGLang: more arrives than one replica can take',
    command: SGLANG_8B,
    load: open(45, 480, { inputTokens: 2048, outputTokens: 8 }),
    cause: 'overload',
    warmups: 30,
  },
  {
    name: 'SGLang: a client that cannot keep up',
    command: SGLANG_8B,
    load: closed(4, 60),
    busyClient: { offered: 64, loopUtilisation: 0.95 },
    cause: 'client_limited',
  },
  {
    name: 'SGLang: a model that fits one GPU, split over two',
    command: `${SGLANG_8B} --tp-size 2`,
    gpu: 'H100:80GB:2',
    load: closed(64, 256),
    cause: 'tp_wasted',
  },
  {
    name: 'vLLM: at most 8 sequences under 64',
    command: `${VLLM_8B} --max-num-seqs 8`,
    load: closed(64, 320),
    cause: 'batch_cap_binding',
    improves: 'outputTokensPerS',
  },
  {
    name: 'vLLM: 16 streams that read 16-bit weights at each step',
    command: VLLM_8B,
    load: closed(16, 96, { inputTokens: 96 }),
    cause: 'decode_bandwidth_bound',
    improves: 'outputTokensPerS',
  },
  {
    name: 'vLLM: eager mode',
    command: `${VLLM_8B} --enforce-eager`,
    load: closed(8, 64),
    cause: 'decode_eager_no_cuda_graph',
    improves: 'tbotMs',
  },
  {
    name: 'vLLM: a small share of the memory',
    command: `${VLLM_8B} --gpu-memory-utilization 0.32 --max-model-len 4096`,
    load: closed(96, 280, { inputTokens: 512, outputTokens: 512 }),
    cause: 'kv_bound_queueing',
    improves: 'outputTokensPerS',
  },
  {
    name: 'vLLM: a token budget of 256 under prompts of 4096',
    command: `${VLLM_8B} --max-num-batched-tokens 256 --max-num-seqs 64`,
    load: closed(8, 64, { inputTokens: 4096, outputTokens: 64 }),
    cause: 'prefill_bound',
    improves: 'ttftMs',
  },
  {
    name: 'vLLM: a budget of 16384 tokens beside streams',
    command: `${VLLM_8B} --max-num-batched-tokens 16384`,
    load: closed(6, 30, { inputTokens: 15_000, outputTokens: 200 }),
    cause: 'prefill_interference',
    improves: 'gapP99',
  },
  {
    name: 'vLLM: prefix caching off while prompts share their beginning',
    command: `${VLLM_8B} --no-enable-prefix-caching`,
    load: closed(16, 160, { inputTokens: 2048, sharedPrefixTokens: 1792 }),
    cause: 'prefix_cache_miss',
    improves: 'ttftMs',
  },
  {
    name: 'vLLM: one front end before 256 streams of a small model',
    command: 'vllm serve Qwen/Qwen2.5-0.5B-Instruct',
    modelId: 'Qwen/Qwen2.5-0.5B-Instruct',
    load: closed(256, 1280, { inputTokens: 64, outputTokens: 128 }),
    cause: 'cpu_or_frontend_bound',
    improves: 'outputTokensPerS',
  },
  {
    name: 'vLLM: drafts of eight tokens on text that does not repeat',
    command: `${VLLM_8B} --speculative-config '{"method":"ngram","num_speculative_tokens":8,"prompt_lookup_max":4}'`,
    load: closed(8, 64, { acceptance: 0.05 }),
    cause: 'speculation_not_paying',
    improves: 'tbotMs',
  },
  {
    name: 'vLLM: graphs up to 16 tokens under a batch of 64',
    command: `${VLLM_8B} --max-cudagraph-capture-size 16`,
    load: closed(64, 320),
    cause: 'decode_eager_no_cuda_graph',
    improves: 'tbotMs',
  },
  {
    name: 'vLLM: a pool cut short by an override',
    command: `${VLLM_8B} --num-gpu-blocks-override 2100`,
    load: closed(64, 256, { inputTokens: 400, outputTokens: 600 }),
    cause: 'preemption_thrash',
    improves: 'outputTokensPerS',
  },
  {
    name: 'vLLM: two GPUs, one of them unused, and a model that fills it',
    command: 'vllm serve Qwen/Qwen3-32B --max-model-len 4096',
    modelId: 'Qwen/Qwen3-32B',
    gpu: 'H100:80GB:2',
    load: closed(32, 96),
    cause: 'gpus_unused',
    improves: 'outputTokensPerS',
  },
];

/** Services as they should be: nothing to be found but how near they are to the hardware. */
export const HEALTHY: readonly Planted[] = [
  {
    name: 'SGLang: an 8B model in 8 bits at 32 streams',
    command: `${SGLANG_8B} --quantization fp8`,
    load: closed(32, 192),
  },
  {
    name: 'SGLang: 128 streams with a shared beginning that is cached',
    command: `${SGLANG_8B} --quantization fp8 --schedule-policy lpm`,
    load: closed(128, 640, { inputTokens: 1024, sharedPrefixTokens: 768 }),
  },
  {
    name: 'vLLM: an 8B model in 8 bits at 16 streams',
    command: `${VLLM_8B} --quantization fp8`,
    load: closed(16, 128),
  },
  {
    name: 'vLLM: arrivals below capacity',
    command: `${VLLM_8B} --quantization fp8`,
    load: open(8, 240),
  },
];
