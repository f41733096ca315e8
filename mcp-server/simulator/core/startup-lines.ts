import { type SimConfig, weightStoreBytes } from './config.ts';
import { sglangHead, vllmHead } from './log-lines.ts';
import type { MemoryUse } from './memory-plan.ts';

/** A start-up line and how long after the one before it comes. */
export interface StartLine {
  readonly afterMs: number;
  readonly stream: 'stdout' | 'stderr';
  /** Told the wall clock, so that the time in the line is the time it is printed. */
  readonly render: (wallMs: number) => string;
}

const GIB = 1024 ** 3;
const gb = (bytes: number): string => (bytes / GIB).toFixed(2);

/** Weights come from a warm disk at about this rate. Units: bytes/s. Source: own reasoning, local NVMe. */
const LOAD_BYTES_PER_S = 2.6e9;
const CAPTURE_MS_PER_SIZE = 190;

function captureSizes(config: SimConfig): readonly number[] {
  const sizes = [1, 2, 4];
  for (let size = 8; size <= config.graphCeiling; size += 8) sizes.push(size);
  return sizes.filter((size) => size <= config.graphCeiling);
}

function serverArgs(config: SimConfig): string {
  const args = Object.entries(config.effective).map(
    ([key, value]) =>
      `${key}=${typeof value === 'string' ? `'${value}'` : value === null ? 'None' : pythonValue(value)}`,
  );
  return `server_args=ServerArgs(${args.join(', ')})`;
}

const pythonValue = (value: number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);

function sglangLines(config: SimConfig, use: MemoryUse): StartLine[] {
  const line = (afterMs: number, text: string): StartLine => ({
    afterMs,
    stream: 'stderr',
    render: (wallMs) => sglangHead(wallMs) + text,
  });
  const loadMs = (weightStoreBytes(config) / config.tp / LOAD_BYTES_PER_S) * 1000;
  const sizes = captureSizes(config);
  const empty = use.totalBytes - 0.55 * GIB;
  const afterWeights = empty - use.weightBytes;
  const afterPool = afterWeights - use.kvBytes;
  const afterGraphs = afterPool - use.graphBytes;
  const half = gb(use.kvBytes / 2);
  const dtype = config.kvBytes === 1 ? 'torch.float8_e4m3fn' : 'torch.bfloat16';
  const graphs =
    config.graphCeiling === 0
      ? []
      : [
          line(
            100,
            `Capture cuda graph begin. This can take up to several minutes. avail mem=${gb(afterPool)} GB`,
          ),
          line(50, `Capture cuda graph bs [${sizes.join(', ')}]`),
          line(
            sizes.length * CAPTURE_MS_PER_SIZE,
            `Capture cuda graph end. Time elapsed: ${((sizes.length * CAPTURE_MS_PER_SIZE) / 1000).toFixed(2)} s. mem usage=${gb(use.graphBytes)} GB. avail mem=${gb(afterGraphs)} GB.`,
          ),
        ];
  return [
    line(600, serverArgs(config)),
    line(900, 'Init torch distributed begin.'),
    line(400, `Init torch distributed ends. mem usage=0.00 GB`),
    line(200, `Load weight begin. avail mem=${gb(empty)} GB`),
    line(
      loadMs,
      `Load weight end. type=LlamaForCausalLM, dtype=torch.bfloat16, avail mem=${gb(afterWeights)} GB, mem usage=${gb(use.weightBytes)} GB.`,
    ),
    line(
      80,
      `KV Cache is allocated. dtype: ${dtype}, #tokens: ${use.kvTokens}, K size: ${half} GB, V size: ${half} GB`,
    ),
    line(20, `Memory pool end. avail mem=${gb(afterPool)} GB`),
    ...graphs,
    line(
      300,
      `max_total_num_tokens=${use.kvTokens}, chunked_prefill_size=${Number.isFinite(config.tokenBudget) ? config.tokenBudget : -1}, max_prefill_tokens=${config.maxPrefillTokens}, max_running_requests=${config.maxRunning}, context_len=${config.maxContext}, available_gpu_mem=${gb(afterGraphs)} GB`,
    ),
  ];
}

/** A line of vLLM's log: milliseconds after the one before, source file, text. */
type VllmLine = readonly [afterMs: number, file: string, text: string];

const commas = (value: number): string => value.toLocaleString('en-US');

function vllmApiLines(config: SimConfig): VllmLine[] {
  return [
    [800, 'api_server.py:1977', `vLLM API server version ${config.version}`],
    [100, 'utils.py:253', `non-default args: ${JSON.stringify(config.effective)}`],
    ...(Number.isFinite(config.tokenBudget)
      ? [
          [
            300,
            'scheduler.py:226',
            `Chunked prefill is enabled with max_num_batched_tokens=${config.tokenBudget}.`,
          ] as const,
        ]
      : []),
    ...(config.asyncSchedule
      ? [[20, 'vllm.py:600', 'Asynchronous scheduling is enabled.'] as const]
      : []),
  ];
}

function vllmCoreLines(config: SimConfig, use: MemoryUse): VllmLine[] {
  const loadMs = (weightStoreBytes(config) / config.tp / LOAD_BYTES_PER_S) * 1000;
  const captureMs = captureSizes(config).length * CAPTURE_MS_PER_SIZE;
  const concurrency = (use.kvTokens / config.maxContext).toFixed(2);
  const isEager = config.graphCeiling === 0;
  return [
    [
      2500,
      'core.py:93',
      `Initializing a V1 LLM engine (v${config.version}) with config: model='${config.model.id}', tensor_parallel_size=${config.tp}`,
    ],
    [loadMs, 'default_loader.py:308', `Loading weights took ${(loadMs / 1000).toFixed(2)} seconds`],
    [
      200,
      'gpu_model_runner.py:3659',
      `Model loading took ${gb(use.weightBytes)} GiB memory and ${((loadMs + 800) / 1000).toFixed(2)} seconds`,
    ],
    ...(isEager ? [] : [[9000, 'monitor.py:34', 'torch.compile takes 8.90 s in total'] as const]),
    [900, 'gpu_worker.py:375', `Available KV cache memory: ${gb(use.kvBytes)} GiB`],
    [30, 'kv_cache_utils.py:1291', `GPU KV cache size: ${commas(use.kvTokens)} tokens`],
    [
      10,
      'kv_cache_utils.py:1296',
      `Maximum concurrency for ${commas(config.maxContext)} tokens per request: ${concurrency}x`,
    ],
    ...(isEager
      ? []
      : [
          [
            captureMs,
            'gpu_model_runner.py:4880',
            `Graph capturing finished in ${Math.round(captureMs / 1000)} secs, took ${gb(use.graphBytes)} GiB`,
          ] as const,
        ]),
    [
      100,
      'core.py:272',
      `init engine (profile, create kv cache, warmup model) took ${((captureMs + 12000) / 1000).toFixed(2)} seconds`,
    ],
  ];
}

function vllmLines(config: SimConfig, use: MemoryUse): StartLine[] {
  const render =
    (process: string) =>
    ([afterMs, file, text]: VllmLine): StartLine => ({
      afterMs,
      stream: 'stdout',
      render: (wallMs) => vllmHead(wallMs, file, process) + text,
    });
  const server: VllmLine = [
    300,
    'api_server.py:1351',
    'Starting vLLM API server 0 on http://0.0.0.0:8000',
  ];
  return [
    ...vllmApiLines(config).map(render('APIServer pid=1')),
    ...vllmCoreLines(config, use).map(render('EngineCore_DP0 pid=200')),
    render('APIServer pid=1')(server),
  ];
}

/** What the engine prints before its port opens. Source: SGLang model_runner.py and scheduler.py; vLLM v1 start-up. */
export function startupLines(config: SimConfig, use: MemoryUse): readonly StartLine[] {
  return config.engine === 'sglang' ? sglangLines(config, use) : vllmLines(config, use);
}

/** What follows once the port is open. */
export function readyLines(config: SimConfig, port: number): readonly StartLine[] {
  const plain = (afterMs: number, text: string): StartLine => ({
    afterMs,
    stream: 'stderr',
    render: () => text,
  });
  if (config.engine === 'vllm')
    return [
      plain(0, 'INFO:     Started server process [1]'),
      plain(5, 'INFO:     Waiting for application startup.'),
      plain(5, 'INFO:     Application startup complete.'),
    ];
  const line = (afterMs: number, text: string): StartLine => ({
    afterMs,
    stream: 'stderr',
    render: (wallMs) => sglangHead(wallMs) + text,
  });
  return [
    line(0, 'INFO:     Started server process [1]'),
    line(5, 'INFO:     Application startup complete.'),
    line(5, `INFO:     Uvicorn running on http://0.0.0.0:${port} (Press CTRL+C to quit)`),
    line(config.skipWarmup ? 10 : 900, 'The server is fired up and ready to roll!'),
  ];
}
