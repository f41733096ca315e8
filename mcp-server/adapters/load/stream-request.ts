import type { Dispatcher } from 'undici';
import { cleanText } from '../../core/redact.ts';
import type { RequestRecord } from '../../core/workload/request-record.ts';
import { classify, type Outcome } from './classify.ts';
import type { Connection } from './connection.ts';
import type { ParseQueue } from './parse-queue.ts';
import { createStreamReader, type StreamReader } from './stream-reader.ts';

/** One request to be streamed. Times are told by `nowMs`: monotonic, since the run's origin. */
export interface StreamPlan {
  readonly index: number;
  readonly phase: RequestRecord['phase'];
  readonly requestId: string;
  readonly path: string;
  readonly body: string;
  readonly intendedAtMs: number | null;
  readonly inputTokens: number;
  readonly expected: Outcome['expected'];
  readonly nowMs: () => number;
  /** Where parsing waits for its turn. */
  readonly queue: ParseQueue;
}

export interface StreamResult {
  readonly record: RequestRecord;
  /** Network reads that brought content. */
  readonly contentReads: number;
  /** The answer as far as it is kept, and its end. */
  readonly text: string;
  readonly tail: string;
}

/** A request in flight. */
export interface OpenStream {
  readonly result: Promise<StreamResult>;
  /** When it was last heard of: sent, or a network read. */
  lastHeardMs(): number;
  /** True once the server has said [DONE] without closing. */
  isDone(): boolean;
  /** Ends it now; the record says why. No effect on a stream that has ended. */
  cut(why: NonNullable<Outcome['cut']>, detail: string): void;
}

interface Progress {
  sentAtMs: number | null;
  headersAtMs: number | null;
  lastHeardMs: number;
  endedAtMs: number | null;
  httpStatus: number | null;
  contentType: string | null;
  transportError: string | null;
  cut: Outcome['cut'];
  cutDetail: string | null;
  controller: Dispatcher.DispatchController | null;
}

/** Bytes that a stream may send: room for log-probabilities on each token. Source: own reasoning. */
const BASE_BYTES = 1 << 20;
const BYTES_PER_TOKEN = 16 << 10;
/** Source: the record's cap on a sample. */
const SAMPLE_CHARS = 240;
/** Body of an error answer that is read before it is cut. */
const MAX_ERROR_BYTES = 4096;

/** Hands a request to the connection at once and stamps every network read before anything is parsed. */
export function openStream(connection: Connection, plan: StreamPlan): OpenStream {
  const reader = createStreamReader(plan.queue);
  const dispatchedMs = plan.nowMs();
  const progress = newProgress(dispatchedMs);
  let isSettled = false;
  let resolve: (result: StreamResult) => void = () => undefined;
  const result = new Promise<StreamResult>((fulfil) => {
    resolve = fulfil;
  });
  const settle = (): void => {
    if (isSettled) return;
    isSettled = true;
    progress.endedAtMs = plan.nowMs();
    reader.catchUp();
    resolve(finish({ plan, reader, progress, dispatchedMs }));
  };
  const cut = (why: NonNullable<Outcome['cut']>, detail: string): void => {
    if (isSettled) return;
    progress.cut = why;
    progress.cutDetail = detail;
    settle();
    progress.controller?.abort(new Error(detail));
  };
  const handler = createHandler({ plan, reader, progress, settle, cut });
  connection.agent.dispatch(dispatchOptions(connection, plan), handler);
  return {
    result,
    lastHeardMs: () => progress.lastHeardMs,
    isDone: () => reader.facts.done,
    cut,
  };
}

function newProgress(dispatchedMs: number): Progress {
  return {
    sentAtMs: null,
    headersAtMs: null,
    lastHeardMs: dispatchedMs,
    endedAtMs: null,
    httpStatus: null,
    contentType: null,
    transportError: null,
    cut: null,
    cutDetail: null,
    controller: null,
  };
}

function dispatchOptions(connection: Connection, plan: StreamPlan): Dispatcher.DispatchOptions {
  return {
    origin: connection.origin,
    path: `${connection.pathPrefix}${plan.path}`,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
      'x-request-id': plan.requestId,
      ...connection.headers,
    },
    body: plan.body,
  };
}

interface HandlerParts {
  readonly plan: StreamPlan;
  readonly reader: StreamReader;
  readonly progress: Progress;
  readonly settle: () => void;
  readonly cut: OpenStream['cut'];
}

function createHandler(parts: HandlerParts): Dispatcher.DispatchHandler {
  const { plan, reader, progress, settle, cut } = parts;
  const maxBytes = BASE_BYTES + BYTES_PER_TOKEN * plan.expected.outputTokens;
  return {
    onRequestStart: (controller) => {
      progress.controller = controller;
      if (progress.cut !== null) {
        controller.abort(new Error(progress.cut));
        return;
      }
      progress.sentAtMs = plan.nowMs();
      progress.lastHeardMs = progress.sentAtMs;
    },
    onResponseStart: (_controller, statusCode, headers) => {
      progress.headersAtMs = plan.nowMs();
      progress.lastHeardMs = progress.headersAtMs;
      progress.httpStatus = statusCode;
      const type = headers['content-type'];
      progress.contentType = typeof type === 'string' ? type : null;
    },
    onResponseData: (_controller, chunk) => {
      const atMs = plan.nowMs();
      if (progress.cut !== null) return;
      progress.lastHeardMs = atMs;
      reader.push(chunk, atMs);
      if (progress.httpStatus !== 200 && reader.facts.bytes > MAX_ERROR_BYTES) {
        cut('body_read', 'the error text is long');
      } else if (reader.facts.bytes > maxBytes) {
        cut('flood', `more than ${maxBytes} bytes for ${plan.expected.outputTokens} tokens`);
      }
    },
    onResponseEnd: () => {
      if (progress.cut === null) reader.end();
      settle();
    },
    onResponseError: (_controller, error) => {
      if (progress.cut === null) progress.transportError = errorText(error);
      settle();
    },
  };
}

function errorText(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}

function finish(parts: {
  readonly plan: StreamPlan;
  readonly reader: StreamReader;
  readonly progress: Progress;
  readonly dispatchedMs: number;
}): StreamResult {
  const { plan, reader, progress } = parts;
  const { facts } = reader;
  const failure = classify({
    facts,
    wasSent: progress.sentAtMs !== null,
    httpStatus: progress.httpStatus,
    contentType: progress.contentType,
    transportError: progress.transportError,
    cut: progress.cut,
    cutDetail: progress.cutDetail,
    expected: plan.expected,
  });
  const record: RequestRecord = {
    index: plan.index,
    phase: plan.phase,
    intendedAtMs: plan.intendedAtMs,
    sentAtMs: progress.sentAtMs ?? parts.dispatchedMs,
    headersAtMs: progress.headersAtMs,
    roleAtMs: facts.roleAtMs,
    firstTokenAtMs: facts.firstTokenAtMs,
    lastTokenAtMs: facts.lastTokenAtMs,
    closedAtMs: progress.endedAtMs,
    requestedInputTokens: plan.inputTokens,
    requestedOutputTokens: plan.expected.outputTokens,
    ...(facts.usage ?? NO_USAGE),
    firstEventTokens: facts.firstEventTokens,
    contentEvents: facts.contentEvents,
    gapsMs: facts.gapsMs.map(roundToMicroseconds),
    httpStatus: progress.httpStatus,
    finishReason: cleanOrNull(facts.finishReason, 40),
    failure: failure?.failure ?? null,
    failureDetail: cleanOrNull(failure?.detail ?? null, 300),
    model: cleanOrNull(facts.model, 200),
    textHash: reader.textHash(),
    textSample: cleanText(facts.textSample, 240),
    textChars: facts.textChars,
    usageEvents: facts.usageEvents,
    firstTextBlank: facts.firstTextBlank,
    ...(facts.id === null ? {} : { responseId: cleanText(facts.id, 120) }),
    ...(facts.fingerprint === null ? {} : { fingerprint: cleanText(facts.fingerprint, 120) }),
  };
  const { contentReads, text } = facts;
  return { record, contentReads, text, tail: `${text}${facts.tail}`.slice(-SAMPLE_CHARS) };
}

const NO_USAGE = { inputTokens: null, outputTokens: null, cachedTokens: null } as const;

/** Gaps are the bulk of a record; the clock is no finer than this. */
function roundToMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function cleanOrNull(text: string | null, maxChars: number): string | null {
  return text === null ? null : cleanText(text, maxChars);
}
