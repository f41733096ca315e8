import type { Report } from '../report.ts';

const UNIT_GIB: Readonly<Record<string, number>> = {
  '': 1 / 1024 ** 3,
  K: 1 / 1024 ** 2,
  M: 1 / 1024,
  G: 1,
  T: 1024,
};

function gibAfter(text: string, pattern: RegExp): number {
  const found = pattern.exec(text);
  return Number(found?.[1] ?? Number.NaN) * (UNIT_GIB[found?.[2] ?? ''] ?? Number.NaN);
}

interface OomTexts {
  readonly capacity: RegExp;
  readonly free: RegExp;
  /** What this process holds, the fullest account first. */
  readonly own: readonly RegExp[];
}

const OOM_TEXTS: OomTexts = {
  capacity: /total capacity of ([\d.]+) ([KMGT])iB/,
  free: /of which ([\d.]+) (?:([KMGT])iB|bytes) is free/,
  own: [
    /this process has ([\d.]+) ([KMGT])iB memory in use/,
    /Of the allocated memory ([\d.]+) ([KMGT])iB is allocated by PyTorch/,
  ],
};
/** Before 2.1. */
const OLD_OOM_TEXTS: OomTexts = {
  capacity: /([\d.]+) ([KMGT])iB total capacity;/,
  free: /([\d.]+) (?:([KMGT])iB|bytes) free;/,
  own: [/([\d.]+) ([KMGT])iB reserved in total by PyTorch/],
};

/** What a CUDA context and the buffers of NCCL take at most beside PyTorch, in GiB. Source: own reasoning. */
const MOST_BESIDE_TORCH_GIB = 8;
const BESIDE_TORCH = /non_torch_memory(?:=| takes )([\d.]+)GiB/;

/** The profile of a start counts memory that this process cannot have taken. Source: vLLM vllm/worker/worker.py. */
export const isSharedByProfile = (log: string): boolean =>
  Number(BESIDE_TORCH.exec(log)?.[1]) > MOST_BESIDE_TORCH_GIB;

/**
 * How much of a GPU others hold by what PyTorch's out-of-memory line tells: used, less what this process has.
 * Units: ratio 0..1. Null when: the line does not tell all three. Source: PyTorch c10/cuda/CUDACachingAllocator.cpp.
 */
export function foreignMemoryShare(line: string): number | null {
  const texts = OLD_OOM_TEXTS.capacity.test(line) ? OLD_OOM_TEXTS : OOM_TEXTS;
  const capacity = gibAfter(line, texts.capacity);
  const own = texts.own.map((pattern) => gibAfter(line, pattern)).find((gib) => !Number.isNaN(gib));
  const share = (capacity - gibAfter(line, texts.free) - (own ?? Number.NaN)) / capacity;
  return Number.isNaN(share) ? null : Math.max(0, share);
}

const LONGEST = /Input length \(\d+ tokens\) exceeds the maximum allowed length \((\d+) tokens\)/;
const CONTEXT = /(?:--context-length[ =]+|\bcontext_len(?:gth)?=)(\d+)/;
/** What SGLang keeps free of a context for what it answers. Units: tokens. */
const KEPT_FREE = 64;

/**
 * The longest prompt that is let in is shorter than the context that was asked for, so that the pool is the limit.
 * Source: SGLang managers/tp_worker.py, max_req_len is the lesser of context and pool.
 */
export function isPoolLimit(line: string, report: Report): boolean {
  const told = `${report.input.launch_command ?? ''}\n${report.input.log ?? ''}`;
  return Number(LONGEST.exec(line)?.[1]) < Number(CONTEXT.exec(told)?.[1]) - KEPT_FREE;
}
