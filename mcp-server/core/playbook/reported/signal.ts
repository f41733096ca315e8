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
