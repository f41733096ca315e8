import { isRecord } from '../../core/parse.ts';
import { promptWords } from '../../core/workload/prompt-text.ts';
import {
  assumedCalibration,
  fitCalibration,
  type TokenCalibration,
} from '../../core/workload/token-calibration.ts';
import type { LoadRequest } from '../../ports/load-generator.ts';
import { type Connection, requestJson } from './connection.ts';
import { apiPath } from './request-body.ts';

export interface Calibrated {
  readonly calibration: TokenCalibration;
  /** Null when: the server's own counts were used. */
  readonly note: string | null;
}

/** Words of the shorter probe: enough for a slope, little enough for any context. Source: own reasoning. */
const MIN_WORDS = 16;
const MAX_WORDS = 256;
const TIMEOUT_MS = 60_000;

/** Learns from two tiny completions, of k and 2k words, how many tokens the server counts. Never rejects. */
export async function calibrateWords(
  connection: Connection,
  load: LoadRequest,
  options: { readonly promptTokens: number; readonly signal: AbortSignal },
): Promise<Calibrated> {
  const words = Math.max(MIN_WORDS, Math.min(MAX_WORDS, Math.floor(options.promptTokens / 3)));
  const short = await countTokens(connection, load, { words, signal: options.signal });
  const long = await countTokens(connection, load, { words: words * 2, signal: options.signal });
  const fit =
    short === null || long === null
      ? null
      : fitCalibration({ words, tokens: short }, { words: words * 2, tokens: long });
  if (fit !== null) return { calibration: fit, note: null };
  return {
    calibration: assumedCalibration(load.workload.text),
    note: 'The server told no usable prompt_tokens; prompt lengths are an assumption.',
  };
}

async function countTokens(
  connection: Connection,
  load: LoadRequest,
  probe: { readonly words: number; readonly signal: AbortSignal },
): Promise<number | null> {
  const key = ['calibration', load.workload.id, load.seed, load.repeat, probe.words];
  const text = promptWords(load.workload.text, probe.words, key).join(' ');
  const prompt =
    load.workload.api === 'chat'
      ? { messages: [{ role: 'user', content: text }] }
      : { prompt: text };
  const body = JSON.stringify({
    ...load.extraBody,
    model: load.model,
    ...prompt,
    max_tokens: 1,
    temperature: 0,
    stream: false,
  });
  try {
    const signal = AbortSignal.any([probe.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = await requestJson(connection, {
      path: apiPath(load.workload.api),
      body,
      signal,
    });
    const usage = isRecord(answer.body) ? answer.body['usage'] : null;
    const tokens = isRecord(usage) ? usage['prompt_tokens'] : null;
    return answer.status === 200 && typeof tokens === 'number' ? tokens : null;
  } catch {
    return null;
  }
}
