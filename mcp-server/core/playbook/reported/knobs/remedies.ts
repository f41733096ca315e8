import { LOAD_REMEDIES } from './load-remedies.ts';
import { PLACE_REMEDIES } from './place-remedies.ts';
import type { Remedy } from './remedy.ts';
import { START_REMEDIES } from './start-remedies.ts';

/** What to do about each cause class that a report can be of. */
export const REMEDIES: Readonly<Record<string, Remedy>> = {
  ...START_REMEDIES,
  ...PLACE_REMEDIES,
  ...LOAD_REMEDIES,
};

/** Classes of servers that run and are slow or wait. */
export const isLoadClass = (cls: string): boolean => cls in LOAD_REMEDIES;
