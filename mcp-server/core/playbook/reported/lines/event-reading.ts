import type { LogEvent } from '../../../telemetry/log-event.ts';
import { type Report, wordsOf } from '../report.ts';
import type { Shares } from './ambiguous-lines.ts';

/** A prompt is taken apart once, and an answer put together at every token: a slow tokenizer is felt there. Source: vLLM v1/engine/detokenizer.py SlowIncrementalDetokenizer. */
const SLOW_TOKENIZER: Shares = [
  ['detokenizer_bound', 1],
  ['cpu_or_frontend_bound', 0.9],
];
/** What was measured began after the kernels were there, and is not what a warm-up cured. */
export const MEASURED_WARM =
  /\b(?:runs?|measured|taken|bench\w*|numbers)\b[^.;\n]{0,24}\b(?:after|past) (?:the |a |one |full )?warm[- ]?ups?\b(?![^.;\n]{0,40}\b(?:fine|fast|faster|normal|better|agree|stable|steady))/i;

/** Source: SGLang and vLLM layers/quantization/__init__.py; vLLM config, _verify_quantization. */
const NO_METHOD = /(?:Invalid|Unknown) quantization method: ([\w-]+)/;
/** A method that somebody asked for, and not one that a checkpoint names. */
const ASKED_METHOD: Shares = [
  ['bad_flag_value', 1],
  ['quantization_mismatch', 0.6],
];
const isAsked = (line: string, launch: string): boolean => {
  const method = NO_METHOD.exec(line)?.[1];
  return /(?<![\w-])(?:--quantization|-q)[ =]+([\w-]+)/.exec(launch)?.[1] === method;
};

/** What an event is of by what it does, or by what a report says of the time it tells of. Null when: that tells nothing more. */
export function eventReading({ cls, line }: LogEvent, report: Report): Shares | null {
  if (/[Uu]sing a slow tokenizer/.test(line)) return SLOW_TOKENIZER;
  if (NO_METHOD.test(line) && isAsked(line, report.input.launch_command ?? '')) return ASKED_METHOD;
  const isBefore = cls === 'cold_jit_in_window' && MEASURED_WARM.test(wordsOf(report));
  return isBefore ? [[cls, 0.5]] : null;
}
