import type { LogEvent } from '../../telemetry/log-event.ts';
import { isLoadClass, REMEDIES } from './knobs/remedies.ts';
import { type Hint, type Report, wordsOf } from './report.ts';
import { reportedClass } from './same-as.ts';
import { toldWords } from './words/concept-hints.ts';

/** With which a log ends whose program ended. Source: SGLang entrypoints/engine.py, which ends its whole tree at a child's signal. */
const ENDED =
  /\bexiting\b|\bexited\b|(?:ended|exit|terminated|finished) with (?:status|code|exit)|core dumped|Received sigquit from a child process|Aborted|terminate called/;
const END_CHARS = 500;

/** Words of a server that ended or never served, so that how fast it was matters little. */
const FAILURE =
  /out of (?:gpu |cuda )?memory|OutOfMemory|\boom(?:s|ed|ing)?\b|(?:cannot|can.t) boot|(?:worker|server|engine|process|pod|container) is gone|errors? out|\bdies?\b|crash|exception|traceback|exits?\b|killed|refuses to start|(?:does|did|will|would|can) ?n[o']t start|cannot start|\bstart(?:-?up)?\b[^.\n]{0,30}\b(?:hangs?|hung|stuck|freezes|stands still|never)|(?:hangs?|stuck) (?:at|on|in|during|while) (?:the )?(?:\w+ )?(?:start|init|load)|never (?:comes?|came|gets?) up\b|fails? (?:to (?:start|load)|at start|during start|with)/i;

/** True where the server ended or never served: by words, by the log's known lines or by its end. */
export function hasEnded(
  report: Report,
  told: readonly LogEvent[],
  logged: readonly Hint[],
): boolean {
  return (
    FAILURE.test(toldWords(report)) ||
    ENDED.test(report.input.log?.slice(-END_CHARS) ?? '') ||
    // A setting that an engine adjusts by itself ends nothing.
    logged.some(({ cls, weight }) => weight >= 0.5 && cls in REMEDIES && !isLoadClass(cls)) ||
    told.some(({ cls }) => cls === 'engine_dead') ||
    told.some(({ cls, severity, rootCause }) => {
      return rootCause && severity === 'fatal' && !isLoadClass(reportedClass(cls));
    })
  );
}

/** What ends a start, so that a server that serves at a speed has passed it. */
const ENDS_START: ReadonlySet<string> = new Set([
  'bad_flag_combination',
  'bad_flag_unknown',
  'bad_flag_value',
  'context_too_long',
  'disk_full',
  'gpu_already_in_use',
  'kv_cache_too_small',
  'model_download_or_auth',
  'oom_activation_prefill',
  'oom_cuda_graph_capture',
  'oom_sampler_warmup',
  'port_conflict',
  'weights_do_not_fit',
]);
export const endsStart = (cls: string): boolean => ENDS_START.has(cls);

/** Speeds or times are told of a server. */
export const isMeasured = (report: Report): boolean => MEASURED.test(wordsOf(report));
const MEASURED =
  /\d ?(?:tok\w*\/s|t\/s|tps|req\w*\/s|rps|qps|ms)\b|\b(?:ttft|tpot|itl|throughput|latency|slow\w*|first tokens?)\b/i;
