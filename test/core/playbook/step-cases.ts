import { distribution } from '../../fakes/summary.ts';
import { clientView, decodeLines, FLOORS, statsLines } from './build-observation.ts';
import type { RuleCase } from './rule-cases.ts';

const kernels = (shares: Record<string, number>) => ({
  gauges: new Map(),
  evidenceId: 'e000003',
  operations: Object.entries(shares).map(([name, cumtimeNs]) => ({
    profile: 'profile.cuda',
    category: 'gpu.compute',
    name,
    tags: {},
    cumtimeNs,
    calls: 10,
    errors: null,
    bytes: null,
    points: 1,
  })),
});

const operations = (times: Record<string, number>) => {
  const { operations: rows, ...rest } = kernels(times);
  return { ...rest, operations: rows.map((row) => ({ ...row, category: 'vllm.engine' })) };
};

const gauges = (name: string, value: number, least = value) => ({
  operations: [],
  evidenceId: 'e000003',
  gauges: new Map([
    [
      name,
      {
        name,
        evidenceId: 'e000003',
        mean: value,
        max: value,
        min: least,
        n: 5,
        shareAboveZero: value > 0 ? 1 : 0,
      },
    ],
  ]),
});

const WORK = { inputTokens: 8000, outputTokens: 128, sharedRatio: 0 };
const FAST_QUEUE = { ttftSeconds: 1, queueSeconds: 0.01 };
const TWO = { gpu: 'H100', gpuCount: 2, cores: null };
const READY = '[2026-03-22 15:00:00] The server is fired up and ready to roll!';

/** Cases of the kernel and service rules. */
export const STEP_CASES: readonly RuleCase[] = [
  {
    rule: 'attention-reads-kv',
    fires: {
      profile: kernels({ attention_prefill: 60, gemm_cublas: 40 }),
      readings: FAST_QUEUE,
      workload: WORK,
    },
    quiet: {
      profile: kernels({ attention_prefill: 30, gemm_cublas: 70 }),
      readings: FAST_QUEUE,
      workload: WORK,
    },
    tries: '--kv-cache-dtype fp8_e4m3',
  },
  {
    rule: 'eight-bit-kv-overhead',
    fires: {
      flags: { '--kv-cache-dtype': 'fp8_e4m3' },
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 2, requests: 10 } }),
      workload: { ...WORK, inputTokens: 512 },
    },
    quiet: {
      flags: { '--kv-cache-dtype': 'fp8_e4m3' },
      client: clientView({ loadPoint: { kind: 'closed', concurrency: 2, requests: 10 } }),
      workload: { ...WORK, inputTokens: 16_000 },
    },
    tries: '--kv-cache-dtype auto',
  },
  {
    rule: 'experts-not-spread',
    fires: { profile: kernels({ moe_gemm: 70, gemm_cublas: 30 }), hardware: TWO },
    quiet: { profile: kernels({ moe_gemm: 70, gemm_cublas: 30 }) },
    tries: '--ep-size 2',
  },
  {
    rule: 'sampling-fills-step',
    fires: { profile: kernels({ sampling_topk: 20, gemm_cublas: 80 }) },
    quiet: { profile: kernels({ sampling_topk: 2, gemm_cublas: 98 }) },
    tries: '--sampling-backend flashinfer',
  },
  {
    rule: 'all-reduce-not-fused',
    fires: {
      flags: { '--tp-size': '2' },
      profile: kernels({ allreduce_custom: 20, gemm_cublas: 80 }),
      logText: READY,
    },
    quiet: {
      flags: { '--tp-size': '2' },
      profile: kernels({ allreduce_custom: 5, gemm_cublas: 95 }),
      logText: READY,
    },
  },
  {
    rule: 'all-reduce-not-fused',
    fires: {
      engine: 'vllm',
      flags: { '--tensor-parallel-size': '2' },
      profile: kernels({ nccl_allreduce: 20, gemm_cublas: 80 }),
      logText: READY,
    },
    quiet: {
      engine: 'vllm',
      flags: { '--tensor-parallel-size': '1' },
      profile: kernels({ nccl_allreduce: 20, gemm_cublas: 80 }),
      logText: READY,
    },
    tries: '--compilation-config {"pass_config":{"fuse_allreduce_rms":true}}',
  },
  {
    rule: 'room-to-batch',
    fires: { logText: decodeLines({ running: 20, queue: 8, usage: 0.2 }), floors: FLOORS },
    quiet: { logText: decodeLines({ running: 20, queue: 0, usage: 0.2 }), floors: FLOORS },
  },
  {
    rule: 'sick-node',
    fires: { profile: gauges('gpu.errors.xid', 1) },
    quiet: { profile: gauges('gpu.errors.xid', 0) },
  },
  {
    rule: 'grammars-compile',
    fires: { profile: gauges('sglang.num_grammar_queue_reqs', 3) },
    quiet: { profile: gauges('sglang.num_grammar_queue_reqs', 0) },
  },
  {
    rule: 'sick-node',
    fires: { profile: gauges('gpu.errors.pcie.replay', 40, 12) },
    quiet: { profile: gauges('gpu.errors.pcie.replay', 12) },
  },
  {
    rule: 'node-throttled',
    fires: { profile: gauges('gpu.throttle_reasons', 4 + 64) },
    quiet: { profile: gauges('gpu.throttle_reasons', 4) },
  },
  {
    rule: 'grammars-compile',
    fires: {
      engine: 'vllm',
      profile: operations({ 'EngineCore.step': 100, 'Scheduler.get_grammar_bitmask': 45 }),
    },
    quiet: {
      engine: 'vllm',
      profile: operations({ 'EngineCore.step': 100, 'Scheduler.get_grammar_bitmask': 4 }),
    },
    tries: '--structured-outputs-config {"backend":"xgrammar"}',
  },
  {
    rule: 'prefix-cache-evicts',
    fires: {
      engine: 'vllm',
      readings: { promptTokens: 1000, cachedTokens: 100 },
      workload: { ...WORK, sharedRatio: 0.6 },
      logText: statsLines({ running: 20, waiting: 0, usagePercent: 97 }),
    },
    quiet: {
      engine: 'vllm',
      readings: { promptTokens: 1000, cachedTokens: 100 },
      workload: { ...WORK, sharedRatio: 0.6 },
      logText: statsLines({ running: 20, waiting: 0, usagePercent: 40 }),
    },
    tries: '--kv-offloading-size 32',
  },
  {
    rule: 'prefix-cache-evicts',
    fires: {
      readings: { promptTokens: 1000, cachedTokens: 100 },
      counters: { 'sglang:evicted_tokens_total': 5000 },
      workload: { ...WORK, sharedRatio: 0.6 },
      logText: decodeLines({ running: 20, queue: 0, usage: 0.97 }),
    },
    quiet: {
      readings: { promptTokens: 1000, cachedTokens: 100 },
      counters: { 'sglang:evicted_tokens_total': 10 },
      workload: { ...WORK, sharedRatio: 0.6 },
      logText: decodeLines({ running: 20, queue: 0, usage: 0.97 }),
    },
  },
  {
    rule: 'queue-refuses',
    fires: { logText: `${READY}\nThe request queue is full.` },
    quiet: { logText: READY },
  },
  {
    rule: 'tokens-late-at-client',
    fires: {
      client: clientView({
        loadPoint: { kind: 'closed', concurrency: 512, requests: 999 },
        summary: { tbotMs: distribution(180) },
      }),
      readings: { tbotSeconds: 0.039 },
    },
    quiet: {
      client: clientView({
        loadPoint: { kind: 'closed', concurrency: 512, requests: 999 },
        summary: { tbotMs: distribution(41) },
      }),
      readings: { tbotSeconds: 0.039 },
    },
    tries: '--stream-interval 4',
  },
];
