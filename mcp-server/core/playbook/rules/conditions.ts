import type { Condition } from '../rule.ts';
import { settingOf } from '../settings.ts';

/** A queue counts as there when it was seen in half of the points. Source: own reasoning. */
export const isQueueing: Condition = (m) => m.queueShare.value >= 0.5 && m.queueMean.value >= 1;
/** The running batch stands at its cap. */
export const isAtCap: Condition = (m) => m.runningMax.value >= 0.97 * m.cap.value;
/** True also when nothing tells. */
export const not =
  (condition: Condition): Condition =>
  (m, o) =>
    !condition(m, o);
export const anyOf =
  (...conditions: readonly Condition[]): Condition =>
  (m, o) =>
    conditions.some((condition) => condition(m, o));
export const hasMark =
  (mark: string): Condition =>
  (_m, o) =>
    o.client?.flags.includes(mark) === true;
export const isRequested =
  (...flags: readonly string[]): Condition =>
  (_m, o) =>
    flags.some((flag) => o.requested.has(flag));
export const isQuantised: Condition = (_m, o) => settingOf(o, 'quantization') !== null;
export const isSpeculating: Condition = (_m, o) => settingOf(o, 'speculation') !== null;
/** Half-precision weights on a GPU with 8-bit units, so that fp8 is open. */
export const couldUseFp8: Condition = (_m, o) =>
  o.floors?.supportsFp8 === true && o.floors.weightsAreHalf === true;
export const isLowConcurrency: Condition = (m) => m.batch.value <= 4;
/** More than a few of the requests were thrown out. Source: 1 % of requests, SGLang docs (about one a minute). */
export const isThrashing: Condition = (m) =>
  m.preemptions.value >
    Math.max(1, 0.01 * (Number.isNaN(m.requests.value) ? 0 : m.requests.value)) ||
  (Number.isNaN(m.preemptions.value) && m.preemptionLines.value >= 2);
/** The wait is a small part of the time to the first token. */
export const isQueueShort: Condition = (m) => m.queueTime.value < 0.3 * m.ttftEngine.value;
export const graphsAreOff = isRequested('--disable-cuda-graph', '--enforce-eager');

/**
 * Tokens per second that fill one process that streams them. Source: BLIS, 46 µs outside the engine per streamed token on
 * vLLM; seven tenths of it.
 */
const FULL_PROCESS_TOKENS_PER_S = 15_000;
/** The front end is one process, and streams as much as one can. */
export const isOneProcessFull: Condition = (m, o) =>
  m.outputRate.value >= FULL_PROCESS_TOKENS_PER_S &&
  !isRequested('--api-server-count', '--tokenizer-worker-num')(m, o);
