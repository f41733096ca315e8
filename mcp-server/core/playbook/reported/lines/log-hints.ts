import type { LogEvent } from '../../../telemetry/log-event.ts';
import { crashCause } from '../../../telemetry/logs.ts';
import { hasServed, sizesOf } from '../numbers/sizes.ts';
import { EXPLAINS } from '../rank-causes.ts';
import type { Hint, Report } from '../report.ts';
import { reportedClass } from '../same-as.ts';
import { AMBIGUOUS, type Shares } from './ambiguous-lines.ts';
import { captureCause } from './capture-cause.ts';
import { eventReading } from './event-reading.ts';
import { kernelReading } from './kernel-reading.ts';
import { isBesideWeights, isWithoutDevice } from './llamacpp-hints.ts';
import { foreignMemoryShare, isPoolLimit, isSharedByProfile } from './oom-numbers.ts';
import { withoutQuotedRaises } from './quoted-code.ts';
import { waitingReading } from './waiting-reading.ts';

/** What the known lines of a log speak for. */
export function logHints(events: readonly LogEvent[], report: Report): readonly Hint[] {
  const told = withoutQuotedRaises(events);
  const root = crashCause(told);
  return told
    .filter((event) => event.rootCause)
    .flatMap((event) => {
      const explains = EXPLAINS[reportedClass(event.cls)] ?? [];
      const isWhy = event === root || (root !== null && explains.includes(reportedClass(root.cls)));
      const weight = isWhy ? 0.86 : event.severity === 'fatal' ? 0.5 : 0.55;
      return reread(event, report).map(([cls, share]) => ({
        cls,
        weight: weight * share,
        evidence: event.line,
      }));
    });
}

/** A size that does not divide, told by what holds quantised weights. */
const QUANTISED_SIZE: Shares = [
  ['quantization_mismatch', 1],
  ['bad_flag_combination', 0.5],
];
const IS_QUANTISED =
  /marlin|tile_(?:[nk]_)?size|\bsize_[nk] =|min_thread_[nk]|pack_factor|_scales?\b|qweight|qzeros|group[_ ]?size|block_[nk]|weight_block_size|wna16|nvfp4|\bfp8\b/i;
const NAMES_QUANTISED = /awq|gptq|fp8|int[48]|w[48]a|nvfp4|mxfp4|quanti[sz]|marlin/i;
/** Names of a quantised checkpoint that the model did not create. */
const OTHER_NAMES: Shares = [
  ['quantization_mismatch', 1],
  ['bad_flag_value', 0.6],
];
/** Python keeps shared memory as a file of a memory disk, so that its fullness reads like a disk's. Source: CPython multiprocessing/shared_memory.py. */
const IN_SHARED_MEMORY = /shared_memory\.py|SharedMemory\(|'\/psm_|\/dev\/shm|shm_open/;
const SHM: Shares = [
  ['shm_or_ipc', 1],
  ['disk_full', 0.5],
];
/** Memory of the machine, not of a GPU, ended while requests were served. */
const HOST_UNDER_LOAD: Shares = [
  ['oom_under_load', 1],
  ['weights_do_not_fit', 0.4],
];
/** A container that was given no GPU, which no driver mends. */
const NO_DEVICE: Shares = [
  ['layers_on_cpu', 1],
  ['driver_or_cuda_mismatch', 0.6],
];
/** The pool got nothing because others hold the GPU. */
const OTHERS: Shares = [
  ['gpu_already_in_use', 1],
  ['kv_cache_too_small', 0.5],
];
const POOL: Shares = [['kv_cache_too_small', 1]];
const BARE_OOM: Shares = [
  ['oom_under_load', 0.5],
  ['weights_do_not_fit', 0.45],
  ['oom_activation_prefill', 0.35],
  ['oom_cuda_graph_capture', 0.3],
];

/** What a line speaks for, read again where its text alone does not tell. */
function reread(event: LogEvent, report: Report): Shares {
  const known = AMBIGUOUS.find(([pattern]) => pattern.test(event.line))?.[1];
  const byLine =
    captureCause(event.line) ??
    known ??
    kernelReading(event.line, report) ??
    bySurroundings(event, report) ??
    foreignMemory(event);
  const { weightShare } = sizesOf(report);
  return byLine ?? lostShare(event, report) ?? rereadBySize(event, weightShare ?? Number.NaN);
}

/** What a line's own class is of, by what it names and by the rest of the log. Null when: that tells nothing more. */
function bySurroundings(event: LogEvent, report: Report): Shares | null {
  const log = report.input.log ?? '';
  const named = `${report.input.launch_command ?? ''}\n${report.input.model ?? ''}`;
  const isOther = event.line.startsWith('KeyError') && NAMES_QUANTISED.test(named);
  const rows: readonly (readonly [cls: string, holds: boolean, shares: Shares])[] = [
    ['bad_flag_combination', IS_QUANTISED.test(event.line), QUANTISED_SIZE],
    ['unsupported_model', isOther, OTHER_NAMES],
    ['kv_cache_too_small', isSharedByProfile(log), OTHERS],
    ['context_too_long', isPoolLimit(event.line, report), POOL],
    ['disk_full', IN_SHARED_MEMORY.test(log), SHM],
    ['host_out_of_memory', hasServed(report) || isBesideWeights(report), HOST_UNDER_LOAD],
    ['driver_or_cuda_mismatch', isWithoutDevice(event.line, report), NO_DEVICE],
    ['weights_do_not_fit', KV_REFUSED.test(log), KV_OR_WEIGHTS],
  ];
  const read = rows.find(([cls, holds]) => holds && cls === event.cls);
  return read?.[2] ?? eventReading(event, report) ?? waitingReading(event, report);
}

const ASKED_SHARE = /gpu[-_]memory[-_]utilization[ =]+(0?\.\d+)/;
/** Weights of this part of the asked share leave room for a pool. Source: own reasoning. */
const SMALL_PART = 1 / 3;

/** Small weights and yet no room in the share that was asked for. Null when: the weights explain it. Source: vLLM takes what others load meanwhile for its own. */
function lostShare({ cls, line }: LogEvent, report: Report): Shares | null {
  if (cls !== 'kv_cache_too_small' || !line.includes('No available memory')) return null;
  const asked = Number(ASKED_SHARE.exec(report.input.launch_command ?? '')?.[1] ?? 0.9);
  const weights = sizesOf(report).weightShare ?? Number.NaN;
  return weights < SMALL_PART * asked ? KV_OR_OTHERS : null;
}
const KV_OR_OTHERS: Shares = [
  ['kv_cache_too_small', 1],
  ['gpu_already_in_use', 0.8],
];

/** Somebody else holds much of the GPU. Null when: the line tells nothing of it. */
function foreignMemory(event: LogEvent): Shares | null {
  if ((foreignMemoryShare(event.line) ?? 0) <= 0.3) return null;
  return [
    ['gpu_already_in_use', 1],
    [reportedClass(event.cls), 0.5],
  ];
}

/** A bare out-of-memory line tells little of when it came; words, phases and sizes have to. */
const isBareOom = ({ cls, phase, line }: LogEvent): boolean =>
  cls === 'oom_under_load' &&
  phase !== 'ready' &&
  !/Decode|alloc_req_slots|retract|only one request|memory estimation|leak/.test(line);

/**
 * No room is left for the KV cache: because weights take it all, or because the pool got too little.
 * Source: SGLang raises its line when no token is left for the pool after the weights are loaded.
 */
const KV_OR_WEIGHTS: Shares = [
  ['kv_cache_too_small', 1],
  ['weights_do_not_fit', 0.75],
];
const WEIGHTS_OR_KV: Shares = [
  ['weights_do_not_fit', 1],
  ['kv_cache_too_small', 0.85],
];
/** Weights that are far from filling the GPU, and yet find no room. */
const WEIGHTS_OR_OTHERS: Shares = [
  ['weights_do_not_fit', 0.8],
  ['gpu_already_in_use', 0.8],
];

/** The weights were placed already. Source: llama.cpp src/llama-context.cpp. */
const KV_REFUSED =
  /failed to allocate buffer for kv cache|failed to allocate (?:the )?(?:kv|compute|context)/i;

function rereadBySize(event: LogEvent, weightShare: number): Shares {
  if (isBareOom(event)) return BARE_OOM;
  if (/Not enough memory\. Please try to increase --mem-fraction-static/.test(event.line)) {
    return weightShare > 0.8 ? WEIGHTS_OR_KV : KV_OR_WEIGHTS;
  }
  if (/No available memory for the cache blocks/.test(event.line) && weightShare > 0.85) {
    return KV_OR_WEIGHTS;
  }
  return event.cls === 'weights_do_not_fit' && weightShare < 0.4
    ? WEIGHTS_OR_OTHERS
    : [[reportedClass(event.cls), 1]];
}
