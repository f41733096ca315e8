import { promptWords } from '../../core/workload/prompt-text.ts';
import {
  assumedCalibration,
  fitCalibration,
  type TokenCalibration,
} from '../../core/workload/token-calibration.ts';
import { usualPromptTokens } from '../../core/workload/workload.ts';
import type { LoadRequest } from '../../ports/load-generator.ts';
import type { Connection } from './connection.ts';
import { countTokens } from './count-tokens.ts';

/** Words of the shorter probe: enough for a slope, little enough for any context. Source: own reasoning. */
const MIN_WORDS = 16;
const MAX_WORDS = 256;

/**
 * Learns from two tiny completions, of k and 2k words, how many tokens the server counts. What they say does not
 * depend on the run, so that the same service gives the same lengths whenever it is asked. Never rejects.
 */
export async function calibrateWords(
  connection: Connection,
  load: LoadRequest,
  signal: AbortSignal,
): Promise<TokenCalibration> {
  const words = Math.max(
    MIN_WORDS,
    Math.min(MAX_WORDS, Math.floor(usualPromptTokens(load.workload) / 3)),
  );
  const count = (number: number): Promise<number | null> => {
    const text = promptWords(load.workload.text, number, ['calibration', number]).join(' ');
    return countTokens(connection, load, { texts: [text], signal });
  };
  const short = await count(words);
  const long = await count(words * 2);
  const fit =
    short === null || long === null
      ? null
      : fitCalibration({ words, tokens: short }, { words: words * 2, tokens: long });
  return fit ?? assumedCalibration(load.workload.text);
}
