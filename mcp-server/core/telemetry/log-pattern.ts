export type LogSeverity = 'info' | 'warning' | 'error' | 'fatal';

/** A log line that a program prints for a reason we know. Named groups of the pattern become values of the event. */
export interface LogPattern {
  readonly cls: string;
  readonly severity: LogSeverity;
  readonly pattern: RegExp;
  /** A root cause outranks the symptoms around it. */
  readonly rootCause: boolean;
}

/** Line that names why the program ends. */
export function fatal(cls: string, pattern: RegExp): LogPattern {
  return { cls, severity: 'fatal', pattern, rootCause: true };
}

/** Line that names why something is slow or refused while the program goes on. */
export function cause(cls: string, pattern: RegExp): LogPattern {
  return { cls, severity: 'warning', pattern, rootCause: true };
}

/** Line that follows from another one. */
export function symptom(cls: string, pattern: RegExp): LogPattern {
  return { cls, severity: 'error', pattern, rootCause: false };
}

/** Line that tells state: phases of the start, sizes, settings. */
export function note(cls: string, pattern: RegExp): LogPattern {
  return { cls, severity: 'info', pattern, rootCause: false };
}
