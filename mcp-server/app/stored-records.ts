import { z } from 'zod';
import { parseJson } from '../core/parse.ts';
import { RequestRecord } from '../core/workload/request-record.ts';

/** How the evidence of a health sample says where it comes from. */
export const SAMPLE_SOURCE = 'load generator, health sample: natural ends, some prompts sent again';

/** A health sample as it is stored: its requests, and which of them repeat another. */
export const SampleFile = z.object({
  clientLagMs: z.number().nullable(),
  traps: z.array(
    z.object({ index: z.number().int(), of: z.number().int(), kind: z.enum(['exact', 'near']) }),
  ),
  records: z.array(RequestRecord),
  tasks: z
    .array(
      z.object({
        id: z.string(),
        isRight: z.boolean(),
        /** As far as the record kept it; capped and cleaned there. */
        answer: z.string(),
      }),
    )
    .default([]),
});
export type SampleFile = z.infer<typeof SampleFile>;

/** Requests of a stored run, one JSON line each. A line that a cap has cut is left out. */
export function readRecords(text: string): readonly RequestRecord[] {
  return text.split('\n').flatMap((line) => {
    const parsed = RequestRecord.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}
