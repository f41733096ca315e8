import type { Fact } from '../fact.ts';
import type { Measures } from '../measures.ts';
import type { Observation } from '../observation.ts';
import { type Condition, GPU_ENGINES, type Rule, set, switchOn } from '../rule.ts';
import { anyOf, isLowConcurrency, isQueueing, isRequested, not } from './conditions.ts';

const SGLANG_SPLIT = ['--tp-size', '--tensor-parallel-size', '--tp'];

const isSplit: Condition = (m) => m.tensorParallel.value >= 2;

/** Metrics of the contract that more work at once improves. */
const isThroughputGoal: Condition = (_m, o) => /PerS$|Rps$|^cost/.test(o.objective ?? '');

/** Weights in one GPU leave room for a KV cache. Source: own reasoning; six tenths of its memory. */
const FITS_ONE_GPU = 0.6;
const fitsOneGpu: Condition = (_m, o) => (o.model?.weightsPerGpu ?? Number.NaN) <= FITS_ONE_GPU;

const replicas = (o: Observation): string | null =>
  o.hardware.gpuCount >= 2 ? String(o.hardware.gpuCount) : null;

const orOne = (value: number): number => (Number.isNaN(value) ? 1 : value);

const gpusInUse = (m: Measures): number =>
  orOne(m.tensorParallel.value) * orOne(m.dataParallel.value) * orOne(m.pipelineParallel.value);

const gpuFact = (o: Observation): Fact => ({
  name: 'GPUs of the instance',
  value: o.hardware.gpuCount,
  evidenceId: null,
});

/** A model that fills one GPU is split over all. Null when: it fits one, and copies are better. */
function splitOverAll(o: Observation): string | null {
  const share = o.model?.weightsPerGpu ?? 1;
  return share <= FITS_ONE_GPU ? null : String(o.hardware.gpuCount);
}

function modelFact(o: Observation): Fact | null {
  const share = o.model?.weightsPerGpu ?? null;
  if (share === null) return null;
  return { name: 'weights / memory of one GPU', value: share.toFixed(2), evidenceId: null };
}

/** Counters that grow with the work of a rank. */
const WORK = ['sglang:generation_tokens_total', 'vllm:generation_tokens_total'] as const;

/** Least and most work among the ranks. Null when: no counter tells its rank. */
function workByRank(o: Observation): { readonly name: string; readonly ranks: number[] } | null {
  for (const name of WORK) {
    const ranks = o.metrics?.byRank.get(name);
    if (ranks !== undefined) return { name, ranks: [...ranks.values()] };
  }
  return null;
}

const unevenness = (o: Observation): number => {
  const ranks = workByRank(o)?.ranks ?? [];
  return ranks.length < 2 ? Number.NaN : Math.max(...ranks) / Math.max(1, Math.min(...ranks));
};

function rankFact(o: Observation): Fact | null {
  const found = workByRank(o);
  return found === null || o.metrics === null
    ? null
    : { name: found.name, value: found.ranks.join(' / '), evidenceId: o.metrics.evidenceId };
}

/** One model over several GPUs: by splitting it, or by copies of it. */
export const PARALLEL_RULES: readonly Rule[] = [
  {
    id: 'tensor-parallel-wastes',
    rows: [36],
    cause: 'tp_communication_bound',
    title: 'Splitting the model over GPUs costs more in communication than it gains',
    sign: 'two GPUs or more, and all-reduce above a fifth of the kernels’ time or a log line that there is no direct link',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [
      (m) => m.tensorParallel.value >= 2,
      anyOf(
        (m) => m.noPeerLines.value > 0,
        (m) => m.allreduceShare.value >= 0.2,
      ),
    ],
    base: 0.5,
    witnesses: [(m) => m.noPeerLines.value > 0, (m) => m.allreduceShare.value >= 0.2],
    cites: ['tensorParallel', 'noPeerLines', 'allreduceShare'],
    knobs: {
      sglang: [set(SGLANG_SPLIT, '1')],
      vllm: [set('--tensor-parallel-size', '1')],
    },
    expected: 'throughput much higher with replicas instead, TTFT somewhat higher alone',
    confirmBy: 'share of all-reduce falls; throughput per GPU rises',
    refutedBy: 'throughput per GPU stays with one GPU per replica',
    risk: 'the model must fit one GPU; the prefix cache is split over replicas',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization; vLLM #56128',
  },
  {
    id: 'gpus-unused',
    rows: [],
    cause: 'gpus_unused',
    title: 'The service has more GPUs than the engine uses',
    sign: 'GPUs of the instance above those of one replica times the replicas',
    engines: GPU_ENGINES,
    needs: [],
    requires: [(m, o) => o.hardware.gpuCount >= 2 * gpusInUse(m)],
    base: 0.8,
    witnesses: [],
    cites: [gpuFact, 'tensorParallel', 'dataParallel'],
    knobs: {
      sglang: [set(SGLANG_SPLIT, splitOverAll), set('--dp-size', replicas)],
      vllm: [set('--tensor-parallel-size', splitOverAll), set('--data-parallel-size', replicas)],
    },
    expected: 'throughput much higher; TTFT and TBOT lower where the model is split',
    confirmBy: 'every GPU shows utilisation, and throughput rises',
    refutedBy: 'throughput stays: the client does not offer enough',
    risk: 'slow links between the GPUs eat the gain of a split',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization',
  },
  {
    id: 'split-needlessly',
    rows: [45],
    cause: 'tp_wasted',
    title: 'The model fits one GPU and is split over several, though throughput is the goal',
    sign: 'two GPUs or more, weights below six tenths of one GPU’s memory, an objective that counts work per second, more than four requests at a time',
    engines: GPU_ENGINES,
    needs: ['floors'],
    requires: [isSplit, fitsOneGpu, isThroughputGoal, not(isLowConcurrency)],
    base: 0.45,
    witnesses: [isQueueing, (m) => m.batch.value >= 32],
    cites: ['tensorParallel', modelFact, 'batch'],
    knobs: {
      sglang: [set('--dp-size', replicas), set(SGLANG_SPLIT, '1')],
      vllm: [set('--data-parallel-size', replicas), set('--tensor-parallel-size', '1')],
    },
    expected: 'throughput much higher with one replica per GPU, TTFT lower under load, TBOT higher',
    confirmBy: 'throughput per GPU rises, all-reduce is gone from the profile',
    refutedBy: 'throughput per GPU stays: the KV pool of one GPU is too small for the batch',
    risk: 'both flags belong together; the KV cache per replica is smaller and the prefix cache is split',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization',
  },
  {
    id: 'ranks-uneven',
    rows: [46],
    cause: 'dp_imbalance',
    title: 'Replicas of the service do unequal shares of the work',
    sign: 'tokens of the busiest rank above twice those of the idlest',
    engines: GPU_ENGINES,
    needs: ['metrics'],
    requires: [(_m, o) => unevenness(o) > 2],
    base: 0.5,
    witnesses: [(_m, o) => unevenness(o) > 4],
    cites: [rankFact, 'ttftP99'],
    knobs: { sglang: [set('--load-balance-method', 'total_tokens')] },
    expected: 'TTFT p99 lower, throughput higher',
    confirmBy: 'the most loaded rank does less than one and a half times the work of the least',
    refutedBy: 'the ranks stay uneven: a router before them pins requests',
    risk: 'requests that share a prefix may land on different replicas',
    source: 'SGLang data parallel controller; vLLM data parallel docs',
  },
  {
    id: 'latent-kv-copied',
    rows: [48],
    cause: 'kv_duplicated_over_tp',
    title:
      'A latent KV cache is copied to every GPU of the split, which leaves room for fewer requests',
    sign: 'a mixture of experts with a latent KV cache, two GPUs or more without data-parallel attention, and a queue, a full pool or 64 requests at a time',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [
      (_m, o) => o.model?.hasLatentKv === true && o.model.isMoe,
      isSplit,
      not(isRequested('--enable-dp-attention', '--data-parallel-size', '--dp-size')),
      anyOf(
        isQueueing,
        (m) => m.kvMax.value >= 0.8,
        (m) => m.batch.value >= 64,
      ),
    ],
    base: 0.5,
    witnesses: [isQueueing, (m) => m.kvMax.value >= 0.8],
    cites: ['tensorParallel', 'kvMax', 'queueMean', 'batch'],
    knobs: {
      sglang: [
        switchOn('--enable-dp-attention'),
        set('--dp-size', replicas),
        switchOn('--enable-dp-lm-head'),
      ],
      vllm: [set('--data-parallel-size', replicas), switchOn('--enable-expert-parallel')],
    },
    expected: 'throughput much higher at high concurrency, TBOT higher at low',
    confirmBy: 'KV capacity in tokens rises with the number of replicas',
    refutedBy: 'throughput stays with more requests running',
    risk: 'divides the prefill chunk and lowers the conservativeness without saying so',
    source: 'SGLang docs hyperparameter_tuning; SGLang server_args.py; vLLM docs optimization',
  },
];
