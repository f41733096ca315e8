import { HELP_BEGIN, HELP_END } from './help-block.ts';
import { type LogEvent, type LogPhase, phaseBegunBy, refineOom } from './log-event.ts';
import { readLogLine } from './log-line.ts';
import type { LogPattern, LogSeverity } from './log-pattern.ts';
import { indexPatterns } from './pattern-index.ts';

/** What the classifier needs to know of an engine. */
export interface LogSource {
  readonly logPatterns: readonly LogPattern[];
}

interface LogReport {
  readonly events: readonly LogEvent[];
  readonly lines: number;
  /** Events that were counted and not kept. */
  readonly dropped: number;
}

export interface LogClassifier {
  push(chunk: string): void;
  /** Flushes the last line and tells. The classifier is used up. */
  end(): LogReport;
}

/** Events kept per class, and the longest unfinished line that is held. Source: own reasoning. */
const MAX_EVENTS_PER_CLASS = 20;
const MAX_HELD_CHARS = 16_384;
const MAX_TRACE_CHARS = 16_384;
const MAX_EVENT_LINE_CHARS = 1000;

const TRACE_START = /Traceback \(most recent call last\):/;
/** A frame, in full or shortened by whoever pasted it; one outside of a traceback belongs to one whose head was cut off. */
const FRAME = /^\s*(?:File "[^"]+", line \d+, in |(?:[\w.-]*\/)*\w+\.py:\d+(?:,|:)? in \w)/;
const EXCEPTION_LINE =
  /^(?:[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Failure|Warning)|[a-z_][\w]*(?:\.\w+)+)(?::|$)/;

/** Batch and statistics lines and served requests are most of any log and no event: log-load.ts reads the former. */
const BULK_LINE =
  /^(?:\[[^\]]*\] |[^[]{0,80}\[[\w.]+:\d+\] )?(?:(?:Decode|Prefill) batch[,. ]|Engine \d+: Avg )|HTTP\/1\.[01]" 200(?: OK)?$/;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface State {
  held: string;
  overlong: boolean;
  lineNumber: number;
  phase: LogPhase;
  /** Text of the traceback that is open, null outside of one. */
  trace: string | null;
  dropped: number;
  /** Null: no help block began yet. */
  inHelp: boolean | null;
  readonly events: Mutable<LogEvent>[];
  readonly perClass: Map<string, { count: number; last: Mutable<LogEvent> }>;
}

/** Classifies a log as it comes, in memory that does not grow with it. */
export function createLogClassifier(engine: LogSource): LogClassifier {
  const index = indexPatterns(engine.logPatterns);
  const state: State = {
    held: '',
    overlong: false,
    lineNumber: 0,
    phase: 'starting',
    trace: null,
    dropped: 0,
    inHelp: null,
    events: [],
    perClass: new Map(),
  };
  const takeLine = (raw: string): void => {
    state.lineNumber += 1;
    if (isHelp(raw, state)) return;
    // A progress bar redraws one line with carriage returns; only its last state can matter.
    for (const part of lastRedraws(raw)) readPart(part, state, index);
  };
  return {
    push: (chunk) => {
      let from = 0;
      for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', from)) {
        takeLine(state.overlong ? state.held : state.held + chunk.slice(from, at));
        state.held = '';
        state.overlong = false;
        from = at + 1;
      }
      if (state.overlong) return;
      state.held += chunk.slice(from, from + MAX_HELD_CHARS);
      if (state.held.length > MAX_HELD_CHARS) {
        state.held = state.held.slice(0, MAX_HELD_CHARS);
        state.overlong = true;
      }
    },
    end: () => {
      if (state.held !== '') takeLine(state.held);
      return { events: state.events, lines: state.lineNumber, dropped: state.dropped };
    },
  };
}

/** A `--help` speaks of every fault there is. Where a log was cut within one, what came before its end was help too. */
function isHelp(raw: string, state: State): boolean {
  if (raw.includes(HELP_END)) {
    if (state.inHelp === null) {
      state.events.length = 0;
      state.perClass.clear();
    }
    state.inHelp = false;
    return true;
  }
  if (state.inHelp !== true && raw.includes(HELP_BEGIN) && !raw.includes('echo')) {
    state.inHelp = true;
  }
  return state.inHelp === true;
}

/** Redraws of one line that are looked at. Source: own reasoning, the messages stand at the ends. */
const MAX_REDRAWS = 4;

function lastRedraws(raw: string): readonly string[] {
  if (!raw.includes('\r')) return [raw];
  const parts = raw.split('\r').filter((part) => part.trim() !== '');
  if (parts.length <= MAX_REDRAWS) return parts;
  return [...parts.slice(0, 1), ...parts.slice(1 - MAX_REDRAWS)];
}

function readPart(raw: string, state: State, index: ReturnType<typeof indexPatterns>): void {
  if (BULK_LINE.test(raw)) return;
  if (state.trace === null && !index.mayMatter(raw)) return;
  const { message, level } = readLogLine(raw);
  if (message === '') return;
  const match = index.match(message);
  if (match !== null) {
    addEvent(state, {
      message,
      cls: match.pattern.cls,
      severity: milder(match.pattern, level),
      rootCause: match.pattern.rootCause,
      values: match.values,
    });
  } else if (state.trace !== null && EXCEPTION_LINE.test(message)) {
    const exception = message.split(':', 1)[0] ?? message;
    addEvent(state, {
      message,
      cls: 'python_exception',
      severity: 'error',
      rootCause: true,
      values: { exception: exception.slice(0, 120) },
    });
  }
  followTrace(message, state);
}

/** A text that would end the program is only as bad as the level under which it was printed, when that is INFO. */
function milder(pattern: LogPattern, level: LogSeverity | null): LogSeverity {
  return pattern.severity === 'fatal' && level === 'info' ? 'warning' : pattern.severity;
}

function followTrace(message: string, state: State): void {
  if (TRACE_START.test(message)) {
    state.trace = '';
  } else if (state.trace === null) {
    if (FRAME.test(message)) state.trace = `${message}\n`;
  } else {
    if (EXCEPTION_LINE.test(message)) state.trace = null;
    else if (state.trace.length < MAX_TRACE_CHARS) state.trace += `${message}\n`;
  }
}

function addEvent(
  state: State,
  found: {
    readonly message: string;
    readonly cls: string;
    readonly severity: LogSeverity;
    readonly rootCause: boolean;
    readonly values: Readonly<Record<string, string>>;
  },
): void {
  const phase = phaseBegunBy(found.cls);
  if (phase !== null) state.phase = phase;
  const cls =
    found.cls === 'oom'
      ? refineOom({ trace: `${state.trace ?? ''}\n${found.message}`, phase: state.phase })
      : found.cls;
  const before = state.perClass.get(cls);
  if (before !== undefined && before.count >= MAX_EVENTS_PER_CLASS) {
    before.last.repeats += 1;
    state.dropped += 1;
    return;
  }
  const event: Mutable<LogEvent> = {
    cls,
    severity: found.severity,
    line: found.message.slice(0, MAX_EVENT_LINE_CHARS),
    lineNumber: state.lineNumber,
    rootCause: found.rootCause,
    values: found.values,
    phase: state.phase,
    repeats: 0,
  };
  state.events.push(event);
  state.perClass.set(cls, { count: (before?.count ?? 0) + 1, last: event });
}

/** Known lines of a log, in order. Never throws. */
export function classifyLog(text: string, engine: LogSource): LogEvent[] {
  const classifier = createLogClassifier(engine);
  classifier.push(text);
  return [...classifier.end().events];
}

/** Classes that explain another one printed just before. Source: own reasoning over NCCL and CUDA message texts. */
const EXPLAINS: ReadonlyMap<string, readonly string[]> = new Map([
  ['shm_or_ipc', ['nccl_interconnect']],
  ['disk_full', ['model_download_or_auth', 'nccl_interconnect']],
  ['driver_or_cuda_mismatch', ['nccl_interconnect', 'bad_install']],
  ['unsupported_gpu_or_kernel', ['nccl_interconnect']],
  ['oom_cuda_graph_capture', ['oom_under_load']],
  ['kv_cache_too_small', ['bad_flag_value', 'weights_do_not_fit']],
  ['oom_activation_prefill', ['weights_do_not_fit']],
  // vLLM's ValidationError says only that a setting is refused; the line behind it says why.
  ['context_too_long', ['bad_flag_value']],
  ['bad_flag_combination', ['bad_flag_value']],
  ['quantization_mismatch', ['bad_flag_value']],
]);

/**
 * The event that a crash goes back to: the first root cause that ends a program, a known text before a bare Python
 * exception, an explanation before what it explains. Null when: nothing says why.
 */
export function crashCause(events: readonly LogEvent[]): LogEvent | null {
  const roots = events.filter(
    (event) => event.rootCause && (event.severity === 'fatal' || event.severity === 'error'),
  );
  const known = roots.filter((event) => event.cls !== 'python_exception');
  const first = known[0] ?? roots[0] ?? null;
  if (first === null) {
    return events.find((event) => event.severity === 'error' || event.severity === 'fatal') ?? null;
  }
  return known.find((event) => EXPLAINS.get(event.cls)?.includes(first.cls) === true) ?? first;
}
