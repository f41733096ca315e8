import type { LogEvent } from '../../telemetry/log-event.ts';
import { isLoadClass, REMEDIES } from './knobs/remedies.ts';
import type { Hint, Report } from './report.ts';
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
