import type { SpeculationConfig } from './config.ts';
import type { FlagValues } from './flag-values.ts';
import type { SimGpu } from './gpus.ts';
import type { LaunchFacts } from './launch-facts.ts';
import type { SimModel } from './models.ts';

const MIB = 1024 ** 2;
const GB_CLASSES = [35, 60, 160] as const;

const memoryGb = (gpu: SimGpu): number => gpu.memoryBytes / 1024 ** 3;

/** Source: SGLang server_args.py: chunk 2048/4096/8192/16384 and graph ceiling 24/32/256/512 by GPU memory. */
function byMemory<Value>(gpu: SimGpu, values: readonly [Value, Value, Value, Value]): Value {
  const memory = memoryGb(gpu);
  if (memory < GB_CLASSES[0]) return values[0];
  if (memory < GB_CLASSES[1]) return values[1];
  return memory < GB_CLASSES[2] ? values[2] : values[3];
}

/** Source: SGLang server_args.py, reserve = 512 + 1.5 x chunk + 2 x graph batch + tp/8 x 1024 MiB, 10 GiB at least above 60 GB. */
export function autoMemoryRatio(gpu: SimGpu, chunk: number, graph: number): number {
  const totalMib = gpu.memoryBytes / MIB;
  const computed = 512 + Math.max(chunk, 2048) * 1.5 + graph * 2 + 128;
  const reserve = memoryGb(gpu) > 60 ? Math.max(computed, 10 * 1024) : computed;
  return Math.round(((totalMib - reserve) / totalMib) * 1000) / 1000;
}

const SPECULATION_DEFAULTS = {
  eagle: { steps: 5, topk: 4, draft: 8 },
  ngram: { steps: 11, topk: 1, draft: 12 },
};

function speculationOf(flags: FlagValues, model: SimModel): SpeculationConfig | null {
  const algorithm = flags.text('--speculative-algorithm');
  if (algorithm === null) return null;
  if (algorithm === 'NGRAM') {
    const draft =
      flags.number('--speculative-num-draft-tokens') ?? SPECULATION_DEFAULTS.ngram.draft;
    return {
      method: 'ngram',
      draftTokens: Math.max(1, draft - 1),
      depth: Math.max(1, draft - 1),
      topk: 1,
    };
  }
  const isLlama = /llama/i.test(model.id);
  const auto = isLlama ? SPECULATION_DEFAULTS.eagle : { steps: 3, topk: 1, draft: 4 };
  const depth = flags.number('--speculative-num-steps') ?? auto.steps;
  const topk = flags.number('--speculative-eagle-topk') ?? auto.topk;
  const draft =
    topk === 1 ? depth + 1 : (flags.number('--speculative-num-draft-tokens') ?? auto.draft);
  const method = algorithm === 'STANDALONE' ? 'draft_model' : 'eagle';
  return { method, draftTokens: Math.max(1, draft - 1), depth, topk };
}

function graphCeilingOf(flags: FlagValues, gpu: SimGpu, tp: number): number {
  const isOff =
    flags.on('--disable-cuda-graph') || flags.text('--cuda-graph-backend-decode') === 'disabled';
  if (isOff) return 0;
  const list = flags.numbers('--cuda-graph-bs-decode', '--cuda-graph-bs');
  if (list !== null && list.length > 0) return Math.max(...list);
  const auto = tp >= 4 ? byMemory(gpu, [80, 160, 512, 512]) : byMemory(gpu, [24, 32, 256, 512]);
  return flags.number('--cuda-graph-max-bs-decode', '--cuda-graph-max-bs') ?? auto;
}

/** Relative time of attention kernels. Source: fa3 is the default on Hopper, flashinfer elsewhere; factors own reasoning. */
export function attentionFactorOf(flags: FlagValues, gpu: SimGpu): number {
  const backend = flags.text('--decode-attention-backend', '--attention-backend');
  const isHopper = gpu.name.startsWith('H');
  if (backend === null || backend === 'fa3') return 1;
  if (backend === 'flashinfer') return isHopper ? 1.05 : 1;
  if (backend === 'triton') return 1.2;
  return backend === 'torch_native' || backend === 'flex_attention' ? 4 : 1.1;
}

/** Bits of a stored weight: the checkpoint's own, or what --quantization makes of it. */
export function weightBitsOf(flags: FlagValues, model: SimModel): 16 | 8 | 4 {
  const method = flags.text('--quantization');
  if (method === null || method === 'unquant') return model.weightBits;
  if (/awq|gptq|marlin|int4|fp4|bitsandbytes|wna16|q4/.test(method)) return 4;
  return 8;
}

/** What several settings are computed from. */
export interface SglangDerived {
  readonly tp: number;
  readonly chunk: number;
  readonly graph: number;
  readonly speculation: SpeculationConfig | null;
  readonly kvDtype: string;
  readonly maxContext: number;
}

/** Source: SGLang server_args.py, __post_init__. */
export function deriveSglang(facts: LaunchFacts): SglangDerived {
  const { flags, gpu, model } = facts;
  const tp = flags.number('--tp-size') ?? 1;
  const chunk = flags.number('--chunked-prefill-size') ?? byMemory(gpu, [2048, 4096, 8192, 16384]);
  return {
    tp,
    chunk,
    graph: graphCeilingOf(flags, gpu, tp),
    speculation: speculationOf(flags, model),
    kvDtype: flags.text('--kv-cache-dtype') ?? 'auto',
    maxContext: flags.number('--context-length') ?? model.maxContext,
  };
}
