import { distribution } from '../../fakes/summary.ts';
import {
  clientView,
  decodeLines,
  FLOORS,
  type ObservationParts,
  statsLines,
} from './build-observation.ts';

export const KV_ROOMY = { running: 32, queue: 8, usage: 0.4 };
const prefill = (n: number): string =>
  Array.from(
    { length: n },
    () =>
      '[2026-03-22 15:00:10] Prefill batch, #new-seq: 2, #new-token: 34560, #cached-token: 0, token usage: 0.19, #running-req: 45, #queue-req: 17',
  ).join('\n');
const READY = '[2026-03-22 15:00:00] The server is fired up and ready to roll!';
const JIT = '[2026-03-22 15:00:05] Entering DeepGEMM JIT Pre-Compile session.';
const CPU = { gpu: null, gpuCount: 0, cores: 4 };
const workload = (inputTokens: number, sharedRatio = 0) => ({
  inputTokens,
  outputTokens: 128,
  sharedRatio,
});

export interface RuleCase {
  rule: string;
  fires: ObservationParts;
  quiet: ObservationParts;
  /** A candidate that must be there, as flag and value. */
  tries?: string;
}

/** For each rule an observation on which it fires, and a near one on which it must not. */
export const CASES: readonly RuleCase[] = [
  {
    rule: 'proxy-buffers-stream',
    fires: {
      client: clientView({ summary: { ttftMs: distribution(16_500) } }),
      readings: { ttftSeconds: 0.5 },
    },
    quiet: {
      client: clientView({ summary: { ttftMs: distribution(510) } }),
      readings: { ttftSeconds: 0.5 },
    },
  },
  {
    rule: 'warm-prefix-cache',
    fires: {
      client: clientView(),
      readings: { cachedTokens: 30, promptTokens: 31 },
      workload: workload(31),
    },
    quiet: {
      client: clientView(),
      readings: { cachedTokens: 15, promptTokens: 31 },
      workload: workload(31, 0.5),
    },
  },
  {
    rule: 'compiles-in-window',
    fires: {
      logText: `${READY}\n${JIT}`,
      client: clientView({ summary: { ttftMs: distribution(100, { p99: 9000 }) } }),
    },
    quiet: {
      logText: `${JIT}\n${READY}`,
      client: clientView({ summary: { ttftMs: distribution(100, { p99: 9000 }) } }),
    },
  },
  {
    rule: 'setting-not-in-force',
    fires: {
      flags: { '--chunked-prefill-size': '8192' },
      effectiveValues: { chunked_prefill_size: '1024' },
    },
    quiet: {
      flags: { '--mem-fraction-static': '0.90' },
      effectiveValues: { mem_fraction_static: '0.9' },
    },
  },
  {
    rule: 'client-limits',
    fires: { client: clientView({ flags: ['CLIENT_LIMITED'] }) },
    quiet: { client: clientView(), logText: decodeLines({ running: 16, queue: 0, usage: 0.4 }) },
  },
  {
    rule: 'admission-too-careful',
    fires: { logText: decodeLines(KV_ROOMY), flags: { '--max-running-requests': '256' } },
    quiet: {
      logText: decodeLines({ ...KV_ROOMY, usage: 0.97 }),
      flags: { '--max-running-requests': '256' },
    },
    tries: '--schedule-conservativeness 0.3',
  },
  {
    rule: 'batch-cap-binds',
    fires: {
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 64, requests: 200 } }),
      logText: decodeLines({ running: 16, queue: 40, usage: 0.3 }),
      flags: { '--max-running-requests': '16' },
    },
    quiet: {
      client: clientView(),
      logText: decodeLines({ running: 16, queue: 0, usage: 0.3 }),
      flags: { '--max-running-requests': '256' },
    },
    tries: '--max-running-requests 64',
  },
  {
    rule: 'batch-cap-binds',
    fires: {
      engine: 'vllm',
      logText: statsLines({ running: 8, waiting: 20, usagePercent: 12 }),
      flags: { '--max-num-seqs': '8' },
    },
    quiet: {
      engine: 'vllm',
      logText: statsLines({ running: 8, waiting: 20, usagePercent: 98 }),
      flags: { '--max-num-seqs': '8' },
    },
    tries: '--max-num-seqs 16',
  },
  {
    rule: 'kv-pool-full',
    fires: { logText: decodeLines({ running: 100, queue: 30, usage: 0.99 }) },
    quiet: { logText: decodeLines({ running: 100, queue: 0, usage: 0.99 }) },
    tries: '--mem-fraction-static 0.90',
  },
  {
    rule: 'over-admission',
    fires: { client: clientView(), readings: { preemptions: 40, requests: 100 } },
    quiet: { client: clientView(), readings: { preemptions: 0, requests: 100 } },
    tries: '--schedule-conservativeness 1.3',
  },
  {
    rule: 'over-admission',
    fires: {
      engine: 'vllm',
      logText:
        'WARNING scheduler.py] Sequence group 221 is preempted by PreemptionMode.RECOMPUTE mode because there is not enough KV cache space. total_num_cumulative_preemption=101\n'.repeat(
          3,
        ),
    },
    quiet: { engine: 'vllm', logText: statsLines({ running: 8, waiting: 0, usagePercent: 98 }) },
    tries: '--gpu-memory-utilization 0.94',
  },
  {
    rule: 'queue-dominates-ttft',
    fires: { readings: { queueSeconds: 1.8, ttftSeconds: 2 } },
    quiet: { readings: { queueSeconds: 0.1, ttftSeconds: 2 } },
  },
  {
    rule: 'chunk-too-small',
    fires: {
      flags: { '--chunked-prefill-size': '512' },
      readings: { ttftSeconds: 0.2, queueSeconds: 0.001 },
      floors: FLOORS,
      workload: workload(4096),
    },
    quiet: {
      flags: { '--chunked-prefill-size': '8192' },
      readings: { ttftSeconds: 0.2, queueSeconds: 0.001 },
      floors: FLOORS,
      workload: workload(4096),
    },
    tries: '--chunked-prefill-size 1024',
  },
  {
    rule: 'shared-text-recomputed',
    fires: {
      flags: { '--disable-radix-cache': null },
      readings: { cachedTokens: 0, promptTokens: 1000 },
      workload: workload(1000, 0.8),
    },
    quiet: { readings: { cachedTokens: 780, promptTokens: 1000 }, workload: workload(1000, 0.8) },
    tries: 'without --disable-radix-cache',
  },
  {
    rule: 'prefill-compute-bound',
    fires: {
      readings: { ttftSeconds: 0.03, queueSeconds: 0.001 },
      floors: FLOORS,
      workload: workload(1024),
    },
    quiet: {
      readings: { ttftSeconds: 0.3, queueSeconds: 0.001 },
      floors: FLOORS,
      workload: workload(1024),
    },
    tries: '--quantization fp8',
  },
  {
    rule: 'prefill-interferes',
    fires: {
      client: clientView({ summary: { iclMs: distribution(12, { p50: 10, p99: 120 }) } }),
      flags: { '--chunked-prefill-size': '8192' },
      workload: workload(4096),
    },
    quiet: {
      client: clientView({ summary: { iclMs: distribution(12, { p50: 10, p99: 20 }) } }),
      flags: { '--chunked-prefill-size': '8192' },
      workload: workload(4096),
    },
    tries: '--chunked-prefill-size 4096',
  },
  {
    rule: 'prefill-interferes',
    fires: { logText: prefill(6) },
    quiet: { logText: `${prefill(1)}\n${decodeLines(KV_ROOMY)}` },
  },
  {
    rule: 'graphs-switched-off',
    fires: { engine: 'vllm', flags: { '--enforce-eager': null } },
    quiet: { engine: 'vllm' },
    tries: 'without --enforce-eager',
  },
  {
    rule: 'batch-above-graphs',
    fires: { logText: decodeLines({ running: 60, queue: 0, usage: 0.3, graph: false }) },
    quiet: { logText: decodeLines({ running: 60, queue: 0, usage: 0.3 }) },
    tries: '--cuda-graph-max-bs-decode 64',
  },
  {
    rule: 'batch-above-graphs',
    fires: {
      counters: {
        'sglang:cuda_graph_passes_total{mode=decode_none}': 50,
        'sglang:cuda_graph_passes_total{mode=decode_cuda_graph}': 50,
      },
    },
    quiet: {
      counters: {
        'sglang:cuda_graph_passes_total{mode=decode_none}': 0,
        'sglang:cuda_graph_passes_total{mode=decode_cuda_graph}': 50,
      },
    },
  },
  {
    rule: 'decode-bandwidth-bound',
    fires: {
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 1, requests: 10 } }),
      readings: { tbotSeconds: 0.006 },
      floors: FLOORS,
    },
    quiet: {
      client: clientView(),
      readings: { tbotSeconds: 0.006 },
      floors: { ...FLOORS, weightsAreHalf: false },
    },
    tries: '--quantization fp8',
  },
  {
    rule: 'decode-bandwidth-bound',
    fires: { client: clientView(), readings: { tbotSeconds: 0.008 }, floors: FLOORS },
    quiet: { client: clientView(), readings: { tbotSeconds: 0.012 }, floors: FLOORS },
    tries: '--quantization fp8',
  },
  {
    rule: 'decode-launch-bound',
    fires: {
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 1, requests: 10 } }),
      readings: { tbotSeconds: 0.00145 },
      floors: { ...FLOORS, decodeStepMs: 0.29 },
    },
    quiet: {
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 1, requests: 10 } }),
      readings: { tbotSeconds: 0.0004 },
      floors: { ...FLOORS, decodeStepMs: 0.29 },
    },
    tries: '--enable-torch-compile',
  },
  {
    rule: 'overlap-switched-off',
    fires: { flags: { '--disable-overlap-schedule': null } },
    quiet: { effectiveValues: { disable_overlap_schedule: 'false' } },
    tries: 'without --disable-overlap-schedule',
  },
  {
    rule: 'speculation-does-not-pay',
    fires: {
      flags: { '--speculative-algorithm': 'NGRAM' },
      logText: decodeLines({
        ...KV_ROOMY,
        queue: 0,
        extra: 'accept len: 1.10, accept rate: 0.05, ',
      }),
    },
    quiet: {
      flags: { '--speculative-algorithm': 'EAGLE3' },
      logText: decodeLines({
        ...KV_ROOMY,
        queue: 0,
        extra: 'accept len: 3.10, accept rate: 0.65, ',
      }),
    },
    tries: 'without --speculative-algorithm',
  },
  {
    rule: 'token-budget-binds',
    fires: {
      engine: 'vllm',
      flags: { '--max-num-batched-tokens': '2048' },
      means: { 'vllm:iteration_tokens_total': 2000 },
      logText: statsLines({ running: 60, waiting: 9, usagePercent: 40 }),
    },
    quiet: {
      engine: 'vllm',
      flags: { '--max-num-batched-tokens': '8192' },
      means: { 'vllm:iteration_tokens_total': 2000 },
      logText: statsLines({ running: 60, waiting: 9, usagePercent: 40 }),
    },
    tries: '--max-num-batched-tokens 4096',
  },
  {
    rule: 'tensor-parallel-wastes',
    fires: {
      engine: 'vllm',
      flags: { '--tensor-parallel-size': '4' },
      logText:
        'WARNING 03-22 15:00:00 [custom_all_reduce.py:144] Custom allreduce is disabled because it is not supported on more than two PCIe-only GPUs.',
    },
    quiet: {
      engine: 'vllm',
      flags: { '--tensor-parallel-size': '1' },
      logText:
        'WARNING 03-22 15:00:00 [custom_all_reduce.py:144] Custom allreduce is disabled because it is not supported on more than two PCIe-only GPUs.',
    },
    tries: '--tensor-parallel-size 1',
  },
  {
    rule: 'flop-bound-half-weights',
    fires: { floors: FLOORS, logText: decodeLines({ running: 300, queue: 0, usage: 0.5 }) },
    quiet: {
      floors: FLOORS,
      logText: decodeLines({ running: 300, queue: 0, usage: 0.5 }),
      flags: { '--quantization': 'fp8' },
    },
    tries: '--quantization fp8',
  },
  {
    rule: 'threads-below-cores',
    fires: { engine: 'llamacpp', hardware: CPU, flags: { '--threads': '1' } },
    quiet: { engine: 'llamacpp', hardware: CPU, flags: { '--threads': '4' } },
    tries: '--threads 4',
  },
  {
    rule: 'threads-above-cores',
    fires: { engine: 'llamacpp', hardware: CPU, flags: { '--threads': '16' } },
    quiet: { engine: 'llamacpp', hardware: CPU, flags: { '--threads': '2' } },
    tries: '--threads 4',
  },
  {
    rule: 'slots-below-concurrency',
    fires: {
      engine: 'llamacpp',
      hardware: CPU,
      flags: { '--parallel': '1' },
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 4, requests: 20 } }),
    },
    quiet: {
      engine: 'llamacpp',
      hardware: CPU,
      flags: { '--parallel': '4' },
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 4, requests: 20 } }),
    },
    tries: '--parallel 4',
  },
  {
    rule: 'prompt-batches-small',
    fires: {
      engine: 'llamacpp',
      hardware: CPU,
      flags: { '--ubatch-size': '32' },
      workload: workload(512),
    },
    quiet: {
      engine: 'llamacpp',
      hardware: CPU,
      flags: { '--ubatch-size': '512' },
      workload: workload(512),
    },
    tries: '--ubatch-size 512',
  },
  {
    rule: 'layers-on-cpu',
    fires: { engine: 'llamacpp', logText: 'load_tensors: offloaded 12/33 layers to GPU' },
    quiet: { engine: 'llamacpp', logText: 'load_tensors: offloaded 33/33 layers to GPU' },
    tries: '--n-gpu-layers 999',
  },
  {
    rule: 'prompt-reprocessed',
    fires: {
      engine: 'llamacpp',
      logText:
        'slot update_slots: id  0 | task 76 | forcing full prompt re-processing due to lack of cache data (likely due to SWA or hybrid/recurrent memory)',
    },
    quiet: { engine: 'llamacpp', logText: 'slot update_slots: id  0 | task 76 | prompt done' },
  },
];
