/** Where a signal is looked for: the words of whoever reported, the launch or configuration, the log, or all of them. */
type SignalPlace = 'words' | 'launch' | 'log' | 'any';

/** A text that speaks for a cause class when it stands in a report. */
export interface Signal {
  readonly cls: string;
  /** How sure it makes alone, 0..1. Source of all of them: own reasoning. */
  readonly weight: number;
  readonly place: SignalPlace;
  readonly pattern: RegExp;
}

/** Signals of one class in the words of a report. */
export const words = (
  cls: string,
  ...rows: readonly (readonly [number, RegExp])[]
): readonly Signal[] => rows.map(([weight, pattern]) => ({ cls, weight, place: 'words', pattern }));

/** Signals of one class anywhere else. */
export const signs = (
  cls: string,
  place: SignalPlace,
  ...rows: readonly (readonly [number, RegExp])[]
): readonly Signal[] => rows.map(([weight, pattern]) => ({ cls, weight, place, pattern }));

/** Words for slower, or for no better. */
export const SLOW = String.raw`(?:slow(?:er)?|wors|drop|lower|degrad|decreas|fall|half|no (?:gain|speed-?up|improvement|benefit)|not (?:faster|better|above|higher)|\bless\b|loss|regress|same)`;

/** Either text within 160 characters of the other, on one line, in any case. */
export const near = (a: string, b: string): RegExp =>
  new RegExp(`(?:${a})[^\n]{0,160}(?:${b})|(?:${b})[^\n]{0,160}(?:${a})`, 'i');

/** The line of a text in which a match stands, shortened. */
export function lineAt(text: string, at: number): string {
  const from = text.lastIndexOf('\n', at) + 1;
  const to = text.indexOf('\n', at);
  return text.slice(from, to === -1 ? undefined : to).slice(0, 300);
}
