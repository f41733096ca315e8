import { type Report, wordsOf } from '../report.ts';
import type { Shares } from './ambiguous-lines.ts';

const OLD_CARD =
  /\b(?:V100\w*|P100|P40|P4|M40|K80|TITAN|GTX ?\d+|10[678]0|sm_?(?:[56]\d|70)|[Vv]olta|[Pp]ascal)\b/;

/** A card of compute capability below 7.5 is told of. Source: NVIDIA's list of compute capabilities. */
export const hasOldCard = (report: Report): boolean =>
  OLD_CARD.test(`${report.input.gpu ?? ''} ${wordsOf(report)}`);

/**
 * FlashInfer's compiler knows no kernel for the card: because the card is too old, or the toolkit too old for it.
 * Source: flashinfer/jit, which says the former where the latter made it drop the card's architecture.
 */
const NO_ARCHITECTURE =
  /FlashInfer requires GPUs with sm|No supported CUDA architectures found for/;
const TOOLKIT_OR_CARD: Shares = [
  ['driver_or_cuda_mismatch', 1],
  ['unsupported_gpu_or_kernel', 0.3],
];

/** The engine chose a size of blocks by itself that its kernels on this card do not share. Source: vLLM v1/worker/utils.py. */
const isOwnBlockSize = (line: string, report: Report): boolean =>
  line.includes('No common block size for') &&
  !/--block-size\b/.test(report.input.launch_command ?? '');
const KERNELS_DISAGREE: Shares = [
  ['unsupported_gpu_or_kernel', 1],
  ['bad_flag_combination', 0.7],
];

/** Every kernel names why it does not take the layer, and none that it is for another card. Source: vLLM kernels/mixed_precision `choose_mp_linear_kernel`. */
const isSchemeRefused = (line: string, { input: { log = '' } }: Report): boolean =>
  line.includes('Failed to find a kernel that can implement the') &&
  log.includes('cannot implement due to:') &&
  !/requires capability \d+/.test(log);
const SCHEME_REFUSED: Shares = [
  ['quantization_mismatch', 1],
  ['unsupported_gpu_or_kernel', 0.7],
];

/** What a line about kernels speaks for by the card and the launch beside it. Null when: those tell nothing more. */
export function kernelReading(line: string, report: Report): Shares | null {
  if (NO_ARCHITECTURE.test(line)) return hasOldCard(report) ? null : TOOLKIT_OR_CARD;
  if (isSchemeRefused(line, report)) return SCHEME_REFUSED;
  return isOwnBlockSize(line, report) ? KERNELS_DISAGREE : null;
}
