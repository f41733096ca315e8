import { type CaseDiagnosis, diagnoseCase } from '../../../mcp-server/app/diagnose-case.ts';
import { NO_WORDS } from '../../../mcp-server/core/playbook/reported/words/learned.ts';

export type Input = Readonly<Record<string, string>>;
/** What a reading is about, its class, an engine, a report that shows it, and one that differs in that alone. */
export type Row = readonly [what: string, cls: string, engine: string, fires: Input, quiet: Input];

/** Rows by name, as the titles of tests ask for them. */
export const pairsOf = (rows: readonly Row[]) =>
  rows.map(([what, cls, engine, fires, quiet]) => ({ what, cls, engine, fires, quiet }));

/** What the rules alone say of a report. The words of the pairs here may stand in cases that were learned from. */
export const byRules = (value: unknown): CaseDiagnosis => diagnoseCase(value, NO_WORDS);

/** Classes that the rules alone are sure enough of, surest first. */
export const sureByRules = (
  engine: string,
  input: Input,
  isSure: (confidence: number) => boolean,
): readonly string[] =>
  byRules({ engine, input })
    .causes.filter(({ confidence }) => isSure(confidence))
    .map((cause) => cause.class);

/** How sure the rules alone are of a class; 0 where they do not name it. */
export const confidenceByRules = (engine: string, input: Input, cls: string): number =>
  byRules({ engine, input }).causes.find((cause) => cause.class === cls)?.confidence ?? 0;
