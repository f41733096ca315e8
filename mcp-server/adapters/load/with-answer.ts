import { answerFacts } from '../../core/quality/answer-facts.ts';
import { cleanText } from '../../core/redact.ts';
import type { PlannedRequest } from '../../core/workload/planned-request.ts';
import type { RequestRecord } from '../../core/workload/request-record.ts';
import type { StreamResult } from './stream-request.ts';

/** The record with what its whole answer shows. Counted when the run is over, so that no stamp waits for it. */
export function withAnswer(result: StreamResult, plan: readonly PlannedRequest[]): RequestRecord {
  const { record, text, tail } = result;
  if (record.phase !== 'measure') return record;
  const prompt = plan[record.index]?.prompt ?? null;
  return {
    ...record,
    ...(prompt === null ? {} : { promptChars: prompt.length }),
    answer: answerFacts(text, { prompt, tail: cleanText(tail, 240) }),
  };
}
