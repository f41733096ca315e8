import type { Shares } from './ambiguous-lines.ts';

const FAILED = /Capture (?:\w+ )*(?:cuda|CUDA) graph failed: (?!.*(?:out of memory|OutOfMemory))./;
/** Something waits for the host within what is captured. Source: CUDA runtime, cudaErrorStreamCaptureUnsupported and what follows it. */
const CANNOT_CAPTURE =
  /not permitted when (?:the )?stream is capturing|StreamCapture\w+|previous error during capture/i;

const NETWORK: Shares = [['nccl_interconnect', 1]];
/** A setting that chose what cannot be captured, or a kernel that cannot be. */
const SETTING_OR_KERNEL: Shares = [
  ['bad_flag_combination', 1],
  ['unsupported_gpu_or_kernel', 0.85],
];
const LIBRARY: Shares = [['driver_or_cuda_mismatch', 1]];
const KERNEL_OR_MEMORY: Shares = [
  ['unsupported_gpu_or_kernel', 0.9],
  ['oom_cuda_graph_capture', 0.7],
];

/** Why a capture failed where the line tells another reason than memory. Null when: it is memory, or no capture. */
export function captureCause(line: string): Shares | null {
  if (!FAILED.test(line)) return null;
  if (/gloo|nccl|peer|socket|connection|all.?reduce/i.test(line)) return NETWORK;
  if (/requires .*\bversion >= ?\d/.test(line)) return LIBRARY;
  return CANNOT_CAPTURE.test(line) ? SETTING_OR_KERNEL : KERNEL_OR_MEMORY;
}
