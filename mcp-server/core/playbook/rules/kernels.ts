import type { Fact } from '../fact.ts';
import type { Observation } from '../observation.ts';
import { type Condition, GPU_ENGINES, type Rule, set, switchOn, takeAway } from '../rule.ts';
import { settingOf } from '../settings.ts';
import { allGpus } from '../values.ts';
import { isLowConcurrency, isQueueShort } from './conditions.ts';

/** Share of some GPU kernels among all; kernels do not nest, so they may be added. NaN when: there is no profile. */
function kernelShare(o: Observation, names: RegExp): number {
  const kernels = (o.profile?.operations ?? []).filter((one) => one.category === 'gpu.compute');
  const all = kernels.reduce((sum, row) => sum + (row.cumtimeNs ?? 0), 0);
  const some = kernels
    .filter((row) => names.test(row.name))
    .reduce((sum, row) => sum + (row.cumtimeNs ?? 0), 0);
  return all === 0 ? Number.NaN : some / all;
}

/** The kernel that took most of such a share. */
function kernelFact(names: RegExp): (o: Observation) => Fact | null {
  return (o) => {
    const rows = (o.profile?.operations ?? []).filter(
      (one) => one.category === 'gpu.compute' && names.test(one.name),
    );
    const most = rows.toSorted((a, b) => (b.cumtimeNs ?? 0) - (a.cumtimeNs ?? 0))[0];
    if (most === undefined || o.profile === null) return null;
    const name = `${most.category}.${most.name}`;
    return { name, value: `${most.cumtimeNs} ns`, evidenceId: o.profile.evidenceId };
  };
}

const ATTENTION = /^attention_/;
const EXPERTS = /^moe_/;
const SAMPLING = /^(?:sampling_|softmax$)/;
const ALL_REDUCE = /allreduce/;

const BACKEND_FLAGS = [
  '--attention-backend',
  '--decode-attention-backend',
  '--prefill-attention-backend',
] as const;
/** Source: SGLang and vLLM documentation; each has faster kernels of its own on recent GPUs. */
const SLOW_BACKENDS =
  /^(?:torch_native|flex_attention|triton|TORCH_SDPA|FLEX_ATTENTION|TRITON_ATTN)$/;

function slowBackend(o: Observation): Fact | null {
  for (const flag of BACKEND_FLAGS) {
    const value = o.requested.get(flag) ?? '';
    if (SLOW_BACKENDS.test(value)) return { name: flag, value, evidenceId: null };
  }
  return null;
}

const asksForSlowAttention: Condition = (_m, o) => slowBackend(o) !== null;

/** Null when: the launch has a configuration of its own. */
function fusedAllReduce(o: Observation): string | null {
  return o.requested.has('--compilation-config')
    ? null
    : '{"pass_config":{"fuse_allreduce_rms":true}}';
}

const isKvEightBit = (o: Observation): boolean => /fp8/.test(settingOf(o, 'kvDtype')?.text ?? '');
const hasManyGpus = (o: Observation): boolean => o.hardware.gpuCount >= 2;

/** What fills a step by kernel. Kernel names of attention say nothing of prefill or decode (they match both). */
export const KERNEL_RULES: readonly Rule[] = [
  {
    id: 'attention-reads-kv',
    rows: [38],
    cause: 'kv_read_bound',
    title: 'Attention fills the step: reading the KV cache of long contexts is the limit',
    sign: 'attention kernels above four tenths of the kernels’ time, no queue, a 16-bit KV cache',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [
      (_m, o) => kernelShare(o, ATTENTION) > 0.4,
      isQueueShort,
      (_m, o) => !isKvEightBit(o),
    ],
    base: 0.4,
    witnesses: [(m) => m.prompt.value >= 4096],
    cites: [kernelFact(ATTENTION), 'prompt', 'tbot'],
    knobs: {
      sglang: [set('--kv-cache-dtype', 'fp8_e4m3')],
      vllm: [set('--kv-cache-dtype', 'fp8')],
    },
    expected: 'TTFT the same, TBOT lower, throughput higher',
    confirmBy: 'the share of attention kernels falls and TBOT with it',
    refutedBy: 'TBOT stays with half the KV bytes',
    risk: 'may be slower at short contexts; an 8-bit KV cache needs the quality check',
    source: 'SGLang docs hyperparameter_tuning; SGLang #30815; vLLM #48786',
  },
  {
    id: 'attention-backend-slow',
    rows: [38],
    cause: 'attention_backend_slow',
    title: 'An attention backend was asked for that is slower than the engine’s own choice',
    sign: 'a backend in plain PyTorch or Triton in the launch, and prompts of 1024 tokens or more',
    engines: GPU_ENGINES,
    needs: ['client'],
    requires: [asksForSlowAttention, (m) => m.prompt.value >= 1024],
    base: 0.5,
    witnesses: [
      (_m, o) => kernelShare(o, ATTENTION) > 0.3,
      (m) => m.prompt.value >= 4096,
      (_m, o) => slowBackend(o)?.value !== 'triton',
    ],
    cites: [slowBackend, kernelFact(ATTENTION), 'prompt', 'tbot'],
    knobs: {
      sglang: BACKEND_FLAGS.map((flag) => takeAway(flag)),
      vllm: [takeAway('--attention-backend')],
    },
    expected: 'TTFT and TBOT lower, throughput higher',
    confirmBy: 'the share of attention kernels falls and TBOT with it',
    refutedBy: 'TBOT stays with the engine’s own choice',
    risk: 'the outputs of backends differ in the last digits: check the quality',
    source: 'SGLang docs attention_backend; vLLM attention backends',
  },
  {
    id: 'eight-bit-kv-overhead',
    rows: [39],
    cause: 'kv_conversion_overhead',
    title: 'An 8-bit KV cache costs conversions that short contexts do not pay back',
    sign: 'an 8-bit KV cache, prompts below 4096 tokens, fewer than eight requests at a time',
    engines: GPU_ENGINES,
    needs: ['client'],
    requires: [(_m, o) => isKvEightBit(o), (m) => m.prompt.value < 4096, (m) => m.batch.value < 8],
    base: 0.35,
    witnesses: [
      (m, o) => m.tbotClient.value > 1.03 * (o.reference?.summary.tbotMs.mean ?? Number.NaN),
    ],
    cites: ['tbotClient', 'prompt', 'batch'],
    knobs: { sglang: [set('--kv-cache-dtype', 'auto')], vllm: [set('--kv-cache-dtype', 'auto')] },
    expected: 'TBOT lower, less KV capacity',
    confirmBy: 'TBOT falls at equal batch and context',
    refutedBy: 'TBOT stays with a 16-bit KV cache',
    risk: 'the pool holds half as many tokens',
    source: 'SGLang #30815; vLLM #48786; flashinfer #1753',
  },
  {
    id: 'experts-not-spread',
    rows: [40],
    cause: 'moe_expert_bound',
    title: 'Expert kernels fill the step while experts are not spread over the GPUs',
    sign: 'expert kernels above half of the kernels’ time, two GPUs or more, no expert parallelism',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [
      (_m, o) => kernelShare(o, EXPERTS) > 0.5,
      (_m, o) => hasManyGpus(o),
      (_m, o) => !['--ep-size', '--enable-expert-parallel'].some((flag) => o.requested.has(flag)),
    ],
    base: 0.4,
    witnesses: [(_m, o) => kernelShare(o, EXPERTS) > 0.65],
    cites: [kernelFact(EXPERTS), 'tensorParallel', 'tbot'],
    knobs: {
      sglang: [set('--ep-size', allGpus)],
      vllm: [switchOn('--enable-expert-parallel')],
    },
    expected: 'TBOT lower, throughput much higher at high concurrency',
    confirmBy: 'the share of expert kernels falls',
    refutedBy: 'the share stays and all-to-all takes what was gained',
    risk: 'needs a fast link between the GPUs and its own packages',
    source: 'vLLM docs optimization; SGLang docs hyperparameter_tuning',
  },
  {
    id: 'sampling-fills-step',
    rows: [42],
    cause: 'sampler_bound',
    title: 'Sampling takes more than a tenth of the GPU’s time',
    sign: 'sampling kernels above a tenth of the kernels’ time',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [(_m, o) => kernelShare(o, SAMPLING) > 0.1],
    base: 0.4,
    witnesses: [(_m, o) => kernelShare(o, SAMPLING) > 0.2],
    cites: [kernelFact(SAMPLING), 'tbot'],
    knobs: { sglang: [set('--sampling-backend', 'flashinfer')] },
    expected: 'TBOT lower',
    confirmBy: 'the share of sampling kernels falls',
    refutedBy: 'the share stays: the load asks for logprobs or penalties',
    risk: 'random streams differ between backends: check the quality',
    source: 'SGLang sampler; vLLM sampler source',
  },
  {
    id: 'all-reduce-not-fused',
    rows: [37],
    cause: 'allreduce_not_fused',
    title:
      'All-reduce takes more than a seventh of the step though the GPUs reach each other directly',
    sign: 'two GPUs or more with a direct link, all-reduce above 15 % of the kernels’ time',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [
      (m) => m.tensorParallel.value >= 2,
      (_m, o) => kernelShare(o, ALL_REDUCE) > 0.15,
      (m) => m.noPeerLines.value === 0,
    ],
    base: 0.35,
    witnesses: [isLowConcurrency],
    cites: [kernelFact(ALL_REDUCE), 'tensorParallel', 'tbot'],
    knobs: {
      sglang: [
        set('--flashinfer-allreduce-fusion-backend', 'auto'),
        switchOn('--enable-torch-symm-mem'),
      ],
      vllm: [set('--compilation-config', fusedAllReduce)],
    },
    expected: 'TTFT and TBOT lower, throughput higher',
    confirmBy: 'the share of all-reduce kernels falls',
    refutedBy: 'the share stays: the model or the GPU lacks the fused path',
    risk: 'compute capability 9.0 or newer, and supported models only',
    source: 'SGLang server_args.py; vLLM compilation passes',
  },
];
