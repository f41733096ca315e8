import type { RequestRecord } from '../../core/workload/request-record.ts';
import type { TokenCalibration } from '../../core/workload/token-calibration.ts';

/** Difference from the length asked for that is worth a word. Source: own reasoning. */
const MAX_DIFFERENCE_RATIO = 0.01;
/** A prompt is whole words, so that a token or two is within the making. */
const MAX_DIFFERENCE_TOKENS = 2;

/**
 * Says so when the server counted other prompt lengths than were asked for: by more than words allow, or at all where
 * its own tokenizer sized them. Null when: it did not, or told none.
 */
export function promptLengthNote(
  records: readonly RequestRecord[],
  calibration: TokenCalibration,
): string | null {
  const isExact = calibration.words !== undefined;
  const told = records.flatMap((record) =>
    record.inputTokens === null ? [] : [{ ...record, inputTokens: record.inputTokens }],
  );
  const off = told.filter(({ inputTokens, requestedInputTokens }) => {
    const difference = Math.abs(inputTokens - requestedInputTokens);
    if (isExact) return difference > 0;
    return (
      difference > MAX_DIFFERENCE_TOKENS && difference > MAX_DIFFERENCE_RATIO * requestedInputTokens
    );
  });
  if (off.length === 0) return null;
  const asked = told.reduce((sum, record) => sum + record.requestedInputTokens, 0);
  const counted = told.reduce((sum, record) => sum + record.inputTokens, 0);
  const how = isExact
    ? 'differ from the length that the service’s own tokenizer gave'
    : 'differ by more than 1 % from the length asked for';
  return `${off.length} of ${told.length} prompts ${how} (mean ${Math.round(counted / told.length)} tokens counted, ${Math.round(asked / told.length)} asked).`;
}
