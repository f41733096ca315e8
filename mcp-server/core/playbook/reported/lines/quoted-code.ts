import type { LogEvent } from '../../../telemetry/log-event.ts';

/** The line of code with which a traceback shows where an error was raised; the error itself stands below it. */
const QUOTED_RAISE = /^\s*raise \w+(?:Error|Exception)\(/;

/** Leaves out code that a traceback quotes, as far as another line tells the same class. */
export function withoutQuotedRaises(events: readonly LogEvent[]): readonly LogEvent[] {
  const told = new Set(events.filter(({ line }) => !QUOTED_RAISE.test(line)).map(({ cls }) => cls));
  return events.filter(({ cls, line }) => !QUOTED_RAISE.test(line) || !told.has(cls));
}
