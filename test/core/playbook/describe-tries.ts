import type { Cause } from '../../../mcp-server/core/ledger/vocabulary.ts';

/** Candidates of a cause as short texts. */
export const describeTries = (cause: Cause): readonly string[] =>
  cause.candidates.map((change) => {
    if (change.kind === 'remove_flag') return `without ${change.flag}`;
    if (change.kind !== 'set_flag') return change.kind;
    return change.value === null ? change.flag : `${change.flag} ${change.value}`;
  });
