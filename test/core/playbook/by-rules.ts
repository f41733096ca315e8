import { type CaseDiagnosis, diagnoseCase } from '../../../mcp-server/app/diagnose-case.ts';
import { NO_WORDS } from '../../../mcp-server/core/playbook/reported/learned.ts';

/** What the rules alone say of a report. The words of the pairs here may stand in cases that were learned from. */
export const byRules = (value: unknown): CaseDiagnosis => diagnoseCase(value, NO_WORDS);
