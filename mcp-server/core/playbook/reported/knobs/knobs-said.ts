import type { EngineId } from '../../../ledger/vocabulary.ts';
import { namesOf } from './remedy.ts';

/**
 * By what Ollama sets the flags of its llama-server, for which nobody there has a command line.
 * Source: ollama docs/faq and docs/modelfile, envconfig/config.go.
 */
const OF_OLLAMA: Readonly<Record<string, string>> = {
  kv_cache_too_small: 'OLLAMA_CONTEXT_LENGTH num_ctx OLLAMA_KV_CACHE_TYPE',
  context_too_long: 'OLLAMA_CONTEXT_LENGTH num_ctx',
  layers_on_cpu: 'num_ctx num_gpu OLLAMA_CONTEXT_LENGTH',
  weights_do_not_fit: 'num_gpu num_ctx',
  oom_activation_prefill: 'num_batch num_ctx',
  oom_under_load: 'OLLAMA_NUM_PARALLEL OLLAMA_MAX_LOADED_MODELS LLAMA_ARG_CACHE_RAM',
  gpu_already_in_use: 'OLLAMA_GPU_OVERHEAD OLLAMA_KEEP_ALIVE OLLAMA_MAX_VRAM',
  batch_cap_binding: 'OLLAMA_NUM_PARALLEL',
  hang_watchdog: 'OLLAMA_LOAD_TIMEOUT num_predict',
  disk_full: 'OLLAMA_MODELS OLLAMA_TMPDIR',
  port_conflict: 'OLLAMA_HOST',
  cpu_or_frontend_bound: 'num_thread',
  bad_flag_combination: 'OLLAMA_KV_CACHE_TYPE OLLAMA_FLASH_ATTENTION',
};

/** Ollama by its name, or by the lines of its own server. Source: ollama server/sched.go, llm/server.go, gin's log. */
const IS_OLLAMA =
  /\bollama\b|\bOLLAMA_|^\[GIN\] |source=(?:sched|server|memory|gpu|runner|routes)\.go|\bllama runner\b|\bModelfile\b/im;

/** What a report shows that makes a further knob one of its cause. */
interface Shown {
  readonly cls: string;
  readonly pattern: RegExp;
  readonly knobs: string;
  /** Null when: it is so for every engine. */
  readonly engine: EngineId | null;
}

const shown = (
  engine: EngineId | null,
  cls: string,
  ...rows: readonly (readonly [RegExp, string])[]
): readonly Shown[] => rows.map(([pattern, knobs]) => ({ cls, pattern, knobs, engine }));

/** A shell given to a program that its image begins with already. Source: Docker reference, CMD in shell form and ENTRYPOINT. */
const SHELL_GIVEN: readonly [RegExp, string] = [
  /(?:invalid|unrecognized) arguments?: (?:\/\S*\/)?(?:ba|da)?sh\b/,
  'CMD ENTRYPOINT command',
];

/** Source: CUDA error 802, NVIDIA fabric manager guide; Triton's compiler.py; ibv_reg_mr(3); Kubernetes scheduler; SGLang's compile_utils. */
const OF_PLACE: readonly Shown[] = [
  ...shown(
    null,
    'driver_or_cuda_mismatch',
    [/system not yet initialized|cudaErrorSystemNotReady/, 'nvidia-fabricmanager'],
    [/initialize CUDA: unknown error|CUDA unknown error|nvidia[-_]uvm/, 'nvidia_uvm driver'],
    [/forward compatibility was attempted/, 'driver | image tag'],
    [/NVIDIA driver on your system is too old/, 'driver | cuda-compat'],
  ),
  ...shown(null, 'unsupported_gpu_or_kernel', [
    /ptxas fatal *: Value 'sm_\w+' is not defined/,
    'TRITON_PTXAS_PATH',
  ]),
  ...shown(
    null,
    'nccl_interconnect',
    [/ibv_reg_\w+ failed with error Cannot allocate memory/, '--ulimit memlock=-1 | '],
    [/cannot allocate mlx5dv_devx_uar/, '--privileged'],
    [
      /NET\/IB : No device found|Failed to open libibverbs/,
      '--device /dev/infiniband | --cap-add IPC_LOCK | --ulimit memlock | libibverbs | --privileged | image',
    ],
  ),
  ...shown(
    null,
    'no_capacity',
    [/untolerated taint|didn't tolerate/, 'tolerations'],
    [/^ *blocks: /m, 'blocks | dstack version'],
  ),
  ...shown(null, 'bad_flag_unknown', SHELL_GIVEN),
  ...shown(null, 'bad_flag_value', SHELL_GIVEN),
  ...shown(null, 'port_conflict', [/\bkv_events\b/, '--kv-events-config']),
  ...shown('sglang', 'port_conflict', [
    /DistNetworkError|init_process_group|nccl_port=/,
    '--nccl-port',
  ]),
  ...shown('sglang', 'hang_watchdog', [
    /DeepGEMM JIT (?:Pre-)?Compil/,
    'sglang.compile_deep_gemm | --dist-timeout',
  ]),
];

/** Source: vLLM sampling_params; lm-evaluation-harness README; LMBenchmark; docs of aibrix, llm-d and the production stack; SkyServe spot policy. */
const OF_SERVING: readonly Shown[] = [
  ...shown(null, 'oom_activation_prefill', [/\bprompt_logprobs\b/, 'prompt_logprobs | ']),
  ...shown(null, 'client_limited', [/\blm[-_]eval\b/, '--batch_size num_concurrent']),
  ...shown(null, 'warm_prefix_cache_in_benchmark', [/--init-user-id/, '--init-user-id']),
  ...shown(null, 'prefix_cache_miss', [
    /\brout(?:ing|er|ed)\b|\bload balanc/i,
    'routing strategy | prefix-aware routing | routing | session affinity',
  ]),
  ...shown(null, 'spot_interruption', [/use_spot/, 'use_spot dynamic_ondemand_fallback']),
  ...shown('vllm', 'admission_too_conservative', [
    /Maximum concurrency for [\d,]+ tokens/,
    'engine version | ',
  ]),
];

/** Source: llama.cpp src/llama-context.cpp, tools/mtmd, common/arg.cpp, ggml-cuda build; NVIDIA container toolkit; Go net. */
const SHOWN: readonly Shown[] = [
  ...shown(
    'llamacpp',
    'bad_flag_combination',
    [/V cache quantization requires|quantized V cache was requested/i, '--cache-type-v'],
    [/KV cache quantization not implemented/, '--cache-type-k --cache-type-v'],
    [/SPLIT_MODE_(?:TENSOR|ROW)/, '--split-mode'],
  ),
  ...shown('llamacpp', 'oom_activation_prefill', [
    /--mmproj\b|\bencoding image|mtmd/,
    '--no-mmproj-offload --image-max-tokens',
  ]),
  ...shown('llamacpp', 'unsupported_gpu_or_kernel', [
    /no kernel image|invalid device function|compute capability|CUDA_ARCHITECTURES|CUDA arch/,
    'CMAKE_CUDA_ARCHITECTURES',
  ]),
  ...shown('llamacpp', 'cpu_or_frontend_bound', [/grammar|gbnf|json_schema/i, 'grammar']),
  ...shown('llamacpp', 'prefill_bound', [/--no-op-offload/, '--no-op-offload']),
  ...shown('llamacpp', 'tp_communication_bound', [/--rpc\b|rpc-server/, '--rpc network']),
  ...shown('llamacpp', 'speculation_not_paying', [
    /(?<![\w-])(?:-cd|--ctx-size-draft)\b/,
    '--ctx-size-draft -cd',
  ]),
  ...shown('llamacpp', 'context_too_long', [/llama_cpp[./]/, 'n_ctx --n_ctx']),
  ...shown('llamacpp', 'decode_eager_no_cuda_graph', [
    /disabling CUDA graphs/,
    'engine version | ',
  ]),
  // A full pool of states throws prefixes out, however many tokens are free. Source: SGLang mamba_radix_cache.py.
  ...shown('sglang', 'prefix_cache_miss', [
    /mamba usage: (?:0\.9|1\.0)/,
    '--max-mamba-cache-size --mamba-full-memory-ratio',
  ]),
  ...shown(null, 'layers_on_cpu', [/\b(?:docker|podman) run\b/, '--gpus']),
  ...shown(null, 'image_pull_failure', [
    /no such host|name resolution|server misbehaving/i,
    'DNS network',
  ]),
  ...shown(null, 'driver_or_cuda_mismatch', [
    /nvidia-container-cli|could not select device driver|unresolvable CDI/,
    'driver nvidia-container-toolkit',
  ]),
  ...OF_PLACE,
  ...OF_SERVING,
];

/** A value that lost its flag because a blank or a shell parted them. */
const LOST_VALUE = /error: invalid argument: (?!-)(\S+)/;

/** The flag whose value goes on after a blank. */
function flagBefore(launch: string, log: string): readonly string[] {
  const lost = LOST_VALUE.exec(log)?.[1];
  const at = lost === undefined ? -1 : launch.indexOf(lost);
  if (at === -1) return [];
  return (launch.slice(0, at).match(/(?<!\S)--?[a-zA-Z][\w-]*/g) ?? []).slice(-1);
}

/** Flags of a class that are beside the point where a log names the limit that was met. */
const BESIDE: readonly {
  readonly cls: string;
  readonly at: RegExp;
  readonly flags: readonly string[];
}[] = [
  // An input that is embedded has to fit one physical batch, however long the context is. Source: llama.cpp tools/server/server-context.cpp.
  {
    cls: 'context_too_long',
    at: /increase the physical batch size/,
    flags: ['--ctx-size', '-c', '--parallel', '-np', '--context-shift', '--kv-unified', '-kvu'],
  },
];

const MAX_KNOBS = 16;

/** What is told of a cause whose knobs are known. */
interface Told {
  readonly cls: string;
  readonly engine: EngineId;
  readonly launch: string;
  readonly log: string;
  readonly words: string;
}

/** Knobs that the texts make the first to turn: they are no flag of the engine, or seldom the right one. */
function shownKnobs({ cls, engine, launch, log, words }: Told): readonly string[] {
  const all = `${launch}\n${log.slice(-50_000)}\n${words}`;
  const isOllama = engine === 'llamacpp' && IS_OLLAMA.test(all);
  return [
    ...(cls === 'bad_flag_value' ? flagBefore(launch, log) : []),
    ...SHOWN.filter(
      (row) => row.cls === cls && (row.engine ?? engine) === engine && row.pattern.test(all),
    ).flatMap(({ knobs }) => namesOf(knobs)),
    ...(isOllama ? namesOf(OF_OLLAMA[cls]) : []),
  ];
}

/** Knobs of a cause with those first that the report itself shows, and without those that its log says are beside the point. */
export function withShownKnobs(knobs: readonly string[], told: Told): readonly string[] {
  const isBeside = (knob: string): boolean =>
    BESIDE.some(
      ({ cls, at, flags }) => cls === told.cls && flags.includes(knob) && at.test(told.log),
    );
  return [...new Set([...shownKnobs(told), ...knobs])]
    .filter((knob) => !isBeside(knob))
    .slice(0, MAX_KNOBS);
}
