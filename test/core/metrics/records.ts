import type { RequestRecord } from '../../../mcp-server/core/workload/request-record.ts';

/** A valid request: sent at 0, first token after 100 ms, ten more tokens 10 ms apart; change what a test is about. */
export function requestRecord(change: Partial<RequestRecord> = {}): RequestRecord {
  const sentAtMs = change.sentAtMs ?? 0;
  const gapsMs = change.gapsMs ?? Array<number>(10).fill(10);
  const firstTokenAtMs =
    change.firstTokenAtMs === undefined ? sentAtMs + 100 : change.firstTokenAtMs;
  const lastTokenAtMs =
    firstTokenAtMs === null ? null : firstTokenAtMs + gapsMs.reduce((sum, gap) => sum + gap, 0);
  return {
    index: 0,
    phase: 'measure',
    intendedAtMs: null,
    sentAtMs,
    headersAtMs: sentAtMs + 1,
    roleAtMs: firstTokenAtMs,
    firstTokenAtMs,
    lastTokenAtMs,
    closedAtMs: lastTokenAtMs ?? sentAtMs + 1,
    requestedInputTokens: 50,
    requestedOutputTokens: 11,
    inputTokens: 50,
    cachedTokens: null,
    outputTokens: 11,
    firstEventTokens: 1,
    contentEvents: gapsMs.length + 1,
    gapsMs,
    httpStatus: 200,
    finishReason: 'length',
    failure: null,
    failureDetail: null,
    model: 'fake',
    textHash: 'abc',
    textSample: '',
    ...change,
  };
}

/** `lanes` requests in flight, each taking 200 ms, `rounds` times without a pause. */
export function steadyRecords(lanes: number, rounds: number): RequestRecord[] {
  return Array.from({ length: lanes * rounds }, (_, index) =>
    requestRecord({ index, sentAtMs: Math.floor(index / lanes) * 200 }),
  );
}
