import type { RequestRecord } from '../../core/workload/request-record.ts';

/** Difference from the length asked for that is worth a word. Source: own reasoning. */
const MAX_DIFFERENCE_RATIO = 0.01;
/** A prompt is whole words, so that a token or two is within the making. */
const MAX_DIFFERENCE_TOKENS = 2;

/** Says so when the server counted other prompt lengths than were asked for. Null when: it did not, or told none. */
export function promptLengthNote(records: readonly RequestRecord[]): string | null {
  const told = records.flatMap((record) =>
    record.inputTokens === null ? [] : [{ ...record, inputTokens: record.inputTokens }],
  );
  const off = told.filter(({ inputTokens, requestedInputTokens }) => {
    const difference = Math.abs(inputTokens - requestedInputTokens);
    return (
      difference > MAX_DIFFERENCE_TOKENS && difference > MAX_DIFFERENCE_RATIO * requestedInputTokens
    );
  });
  if (off.length === 0) return null;
  const asked = told.reduce((sum, record) => sum + record.requestedInputTokens, 0);
  const counted = told.reduce((sum, record) => sum + record.inputTokens, 0);
  return `${off.length} of ${told.length} prompts differ by more than 1 % from the length asked for (mean ${Math.round(counted / told.length)} tokens counted, ${Math.round(asked / told.length)} asked).`;
}
