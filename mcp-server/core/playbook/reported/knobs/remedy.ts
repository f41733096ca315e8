import type { EngineId } from '../../../ledger/vocabulary.ts';

/** What addresses a cause class: one sentence of ours, and names of what to turn, best first, blanks or ` | ` between. */
export interface Remedy {
  readonly fix: string;
  readonly knobs: Readonly<Partial<Record<EngineId, string>>>;
  /** Things to turn that are no flag of an engine. */
  readonly others?: string;
  /** Flags that would hide the cause or cost more than they give; never recommended for it. */
  readonly never?: string;
}

/** The names of a remedy's list; one name of several words is ended by ` | `. */
export function namesOf(list: string | undefined): readonly string[] {
  if (list === undefined) return [];
  return list.split(list.includes(' | ') ? ' | ' : ' ').filter((name) => name !== '');
}
