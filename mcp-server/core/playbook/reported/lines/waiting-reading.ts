import type { LogEvent } from '../../../telemetry/log-event.ts';
import { type Report, wordsOf } from '../report.ts';
import type { Shares } from './ambiguous-lines.ts';
import { hasOldCard } from './kernel-reading.ts';

/** Lines that only say that something is still waited for. Source: vLLM shm_broadcast.py, engine/multiprocessing/client.py, v1/engine/utils.py. */
const STILL_WAITING =
  /No available (?:shared memory broadcast )?block found in \d+ second|Waiting for output from MQLLMEngine|Waiting for \d+ (?:\w+, )?(?:\w+ )?core engine proc|GET \/health\S* HTTP\/1\.\d" 503/;

/** Lines with which the ranks begin to look for each other. Source: vLLM pynccl.py, SGLang model_runner.py, NCCL init.cc and transport/p2p.cc. */
const MEETING =
  /vLLM is using nccl==|Init torch distributed begin|NCCL INFO (?:\w+ )*(?:Init START|comm 0x\w+ rank|Bootstrap : Using|P2P is disabled between connected GPUs)|world_size=\d+ rank=\d+ .*backend=nccl|\[Gloo\] Rank \d+ is connected|NCCL INFO ncclCommInitRank .* Init COMPLETE|[Cc]ustom ?[Aa]ll[Rr]educe is disabled because this process group spans across nodes/;

/** The line at which the ranks looked for each other and after which nothing came but waiting. Null when: something came. */
export function neverMetAt(log: string): string | null {
  const lines = log.trimEnd().split('\n');
  const last = lines.findLast((line) => !STILL_WAITING.test(line)) ?? '';
  return MEETING.test(last) ? last : null;
}

const NEVER_MET: Shares = [
  ['nccl_interconnect', 1],
  ['hang_watchdog', 0.6],
];

/** A stack that somebody took of what hangs, and a collective in it. Source: names of vLLM device_communicators, torch.distributed and NCCL kernels. */
const IN_COLLECTIVE =
  /(?:py-?spy|\bgdb\b|cuda-gdb|\bstacks?\b|back ?trace|\bsits? in|(?:stuck|blocked|hangs?|waits?|spins?) (?:in|inside|at))[^.;\n]{0,80}(?:all_?reduce|all_?gather|reduce_?scatter|ncclDevKernel|ncclKernel)/i;

const TRITON_ATTENTION = /Using (?:AttentionBackendEnum\.)?TRITON_ATTN/;
/** A kernel compiler that does not know the card any more may never come back. Source: Triton's README, compute capability 8.0 and above. */
const OLD_FOR_TRITON: Shares = [
  ['unsupported_gpu_or_kernel', 1],
  ['hang_watchdog', 0.7],
];

/** Why nothing came but waiting. Null when: the report does not tell. */
function whyStill(report: Report): Shares | null {
  const log = report.input.log ?? '';
  if (neverMetAt(log) !== null || IN_COLLECTIVE.test(wordsOf(report))) return NEVER_MET;
  return TRITON_ATTENTION.test(log) && hasOldCard(report) ? OLD_FOR_TRITON : null;
}

const BARE_SYSTEM_ERROR = /unhandled system error/;
/** What names the way that failed, or that there is another machine. */
const NAMES_FABRIC =
  /ibv_|NET\/|mlx\d|[Ss]ocket(?!\.py)|[Gg]loo|[Cc]onnect|peer|P2P|--nnodes|node[-_ ]rank|two (?:nodes|machines)|multi-?node|,? ip=\d/;
const IN_CONTAINER = /docker|container|\bpods?\b|kubernetes|\bk8s\b|kubectl|\bhelm\b/i;
/** A system call failed within one container, and nothing is said of a network: most often its shared memory is too small. Source: NCCL user guide, shared memory. */
const SMALL_CONTAINER: Shares = [
  ['shm_or_ipc', 1],
  ['nccl_interconnect', 0.75],
];

/** What a report says of the machine that it is not one to be taken back. */
const NOT_SPOT = /\bon[- ]?demand\b|\bon-prem|\bssh fleet|spot_policy: on-demand/i;
/** The machine can be reached again, or serves on. */
const STILL_THERE =
  /\b(?:machine|instance|vm|node|container|server)s? (?:is|was|are|were) (?:still )?(?:there|up|alive|running)\b|\b(?:machine|instance|vm|node|container|server)s? (?:still|kept) (?:runs?|running|serves?|served|serving|answers?|answered)\b/i;
/** dstack ends a run in this way whenever a runner stops answering. Source: dstack process_running_jobs.py before 0.19.5. */
const NO_CONTACT: Shares = [
  ['instance_unreachable', 1],
  ['spot_interruption', 0.3],
];

const textsOf = (report: Report): string =>
  `${report.input.launch_command ?? ''}\n${wordsOf(report)}\n${report.input.log ?? ''}`;

/** The machine is one that nobody takes back, or that nobody took. */
export const isKept = (report: Report): boolean => {
  const told = textsOf(report);
  return (
    (NOT_SPOT.test(told) || STILL_THERE.test(wordsOf(report))) && !/\bspot\b(?!_policy)/i.test(told)
  );
};

const isContained = (told: string): boolean => IN_CONTAINER.test(told) && !NAMES_FABRIC.test(told);

/** What an event is of by what stands around it in the report. Null when: that tells nothing more. */
export function waitingReading({ cls, line }: LogEvent, report: Report): Shares | null {
  if (cls === 'hang_watchdog' && STILL_WAITING.test(line)) {
    return whyStill(report);
  }
  if (cls === 'nccl_interconnect' && BARE_SYSTEM_ERROR.test(line)) {
    return isContained(textsOf(report)) ? SMALL_CONTAINER : null;
  }
  return /INTERRUPTED_BY_NO_CAPACITY/i.test(line) && isKept(report) ? NO_CONTACT : null;
}
