import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { PlannedRequest } from '../../core/workload/planned-request.ts';
import type { RequestRecord } from '../../core/workload/request-record.ts';
import type { LoadProgress, LoadRequest } from '../../ports/load-generator.ts';
import type { Connection } from './connection.ts';
import { apiPath, requestBody } from './request-body.ts';
import type { StreamPlan, StreamResult } from './stream-request.ts';
import { createStreamsInFlight, type StreamsInFlight } from './streams-in-flight.ts';

/** What every part of one run shares. */
export interface LoadContext {
  readonly load: LoadRequest;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
  readonly results: StreamResult[];
  readonly notes: Set<string>;
  send(planned: PlannedRequest, how: SendOptions): Promise<StreamResult>;
  /** Says how far the run is; at most five times a second. */
  report(progress: LoadProgress): void;
  /** Requests in flight now. */
  inFlight(): number;
  /** Ends the run before its time; what was in flight is censored. */
  endEarly(why: string): void;
  /** Ends whatever still runs. */
  close(): void;
}

interface SendOptions {
  readonly phase: RequestRecord['phase'];
  readonly intendedAtMs: number | null;
  readonly outputTokens: number;
}

const REPORT_EVERY_MS = 200;
/** Refused connections in a row after which the service counts as gone. Source: own reasoning. */
const GONE_AFTER = 10;

export interface ContextOptions {
  readonly connection: Connection;
  readonly load: LoadRequest;
  readonly servedModels: () => readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
}

/** Watches the deadline, the caller's signal and the service's life; the first to end ends every stream. */
export function createLoadContext(options: ContextOptions): LoadContext {
  const { load, connection } = options;
  const originMs = performance.now();
  const nowMs = (): number => performance.now() - originMs;
  const streams = createStreamsInFlight(connection, { stallMs: load.stallMs, nowMs });
  const notes = new Set<string>();
  const ending = watchEnds(options, streams, notes);
  const life = watchLife(load, () => {
    notes.add('The service stopped taking connections; the run ended early.');
    ending.over.abort();
  });
  const runId = randomBytes(4).toString('hex');
  return {
    load,
    nowMs,
    signal: ending.over.signal,
    isOver: () => ending.over.signal.aborted,
    results: [],
    notes,
    send: async (planned, how) => {
      const plan = planStream(options, planned, how);
      const requestId = `${runId}-${how.phase}-${planned.index}`;
      const result = await streams.send({ ...plan, requestId, nowMs });
      life(result.record);
      return result;
    },
    report: createReport(options.onProgress, nowMs),
    inFlight: () => streams.count(),
    endEarly: (why) => {
      notes.add(why);
      ending.over.abort();
      streams.endAll('cancelled', why);
    },
    close: () => {
      ending.close();
      streams.close();
    },
  };
}

function createReport(
  onProgress: (progress: LoadProgress) => void,
  nowMs: () => number,
): (progress: LoadProgress) => void {
  let reportedMs = -Infinity;
  return (progress) => {
    const isLast = progress.completed + progress.failed >= progress.total;
    if (!isLast && nowMs() - reportedMs < REPORT_EVERY_MS) return;
    reportedMs = nowMs();
    onProgress(progress);
  };
}

function planStream(
  options: ContextOptions,
  planned: PlannedRequest,
  how: SendOptions,
): Omit<StreamPlan, 'requestId' | 'nowMs' | 'queue'> {
  const { load } = options;
  const { outputTokens } = how;
  const { exactOutput } = load.workload;
  return {
    index: planned.index,
    phase: how.phase,
    path: apiPath(load.workload.api),
    body: requestBody(load, { planned, outputTokens, exactOutput }),
    intendedAtMs: how.intendedAtMs,
    inputTokens: planned.inputTokens,
    expected: {
      model: load.model,
      servedModels: options.servedModels(),
      outputTokens,
      exactOutput,
    },
  };
}

/** Ends the run at its deadline or at the caller's wish. */
function watchEnds(
  options: ContextOptions,
  streams: StreamsInFlight,
  notes: Set<string>,
): { readonly over: AbortController; readonly close: () => void } {
  const { load, signal } = options;
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const onAbort = (): void => {
    over.abort();
    streams.endAll('cancelled', 'the run was stopped');
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const deadline = setTimeout(() => {
    notes.add(`The run reached its deadline of ${load.deadlineMs} ms.`);
    over.abort();
    streams.endAll('timed_out', 'the run reached its deadline');
  }, load.deadlineMs);
  const close = (): void => {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
  };
  return { over, close };
}

/** Calls `onGone` once when connections are refused again and again. */
function watchLife(load: LoadRequest, onGone: () => void): (record: RequestRecord) => void {
  const lanes = load.loadPoint.kind === 'closed' ? load.loadPoint.concurrency : GONE_AFTER;
  const limit = Math.max(GONE_AFTER, lanes);
  let refused = 0;
  return (record) => {
    refused = record.failure === 'connection_failed' ? refused + 1 : 0;
    if (refused === limit) onGone();
  };
}
