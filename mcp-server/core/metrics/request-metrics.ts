import type { SloClause } from '../contract/contract.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { quantile } from '../stats/quantile.ts';
import type { RequestRecord } from '../workload/request-record.ts';

/** Request sent → first token seen. Units: ms. Null when: no token came. */
export function ttftMs(record: RequestRecord): number | null {
  return record.firstTokenAtMs === null ? null : record.firstTokenAtMs - record.sentAtMs;
}

/** Intended send time → first token. Units: ms. Null when: closed loop, or no token came. */
export function scheduledTtftMs(record: RequestRecord): number | null {
  if (record.intendedAtMs === null || record.firstTokenAtMs === null) return null;
  return record.firstTokenAtMs - record.intendedAtMs;
}

/** Request sent → last token. Units: ms. Null when: no token came. */
export function ttltMs(record: RequestRecord): number | null {
  return record.lastTokenAtMs === null ? null : record.lastTokenAtMs - record.sentAtMs;
}

/**
 * Time per token after those of the first event. Units: ms.
 * Null when: the tokens are unknown or none came after the first event.
 */
export function tbotMs(record: RequestRecord): number | null {
  const { outputTokens, firstEventTokens, firstTokenAtMs, lastTokenAtMs } = record;
  if (outputTokens === null || firstTokenAtMs === null || lastTokenAtMs === null) return null;
  const later = outputTokens - firstEventTokens;
  return later <= 0 ? null : (lastTokenAtMs - firstTokenAtMs) / later;
}

/**
 * Time per token as far as the stream shows it: TBOT, and of an answer in one piece its whole time over its tokens, since
 * nothing tells what came after what. Units: ms. Null when: the tokens or the times are unknown.
 */
export function paceMs(record: RequestRecord): number | null {
  const whole = ttltMs(record);
  if (record.contentEvents > 1) return tbotMs(record);
  return whole === null || !record.outputTokens ? null : whole / record.outputTokens;
}

/**
 * True when the request meets every clause at once. A clause on something the request does not have (TBOT of a single
 * token, a schedule in closed loop) does not count against it; the error-ratio clause is of the run, not of a request.
 */
export function meetsSlo(record: RequestRecord, slo: readonly SloClause[]): boolean {
  return slo.every((clause) => {
    const value = clauseValue(record, clause);
    return value === null || value <= clause.max;
  });
}

const CLAUSE_QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

function clauseValue(record: RequestRecord, clause: SloClause): number | null {
  switch (clause.metric) {
    case 'ttftMs':
      return ttftMs(record);
    case 'scheduledTtftMs':
      return scheduledTtftMs(record);
    case 'tbotMs':
      return tbotMs(record);
    case 'ttltMs':
      return ttltMs(record);
    case 'iclMs':
      return clause.quantile === 'mean'
        ? meanOf(record.gapsMs)
        : quantile(record.gapsMs, CLAUSE_QUANTILES[clause.quantile]);
    case 'errorRatio':
      return null;
  }
}

/** When the request stopped being in flight. Units: ms since the run's origin. */
export function endedAtMs(record: RequestRecord): number {
  return record.closedAtMs ?? record.lastTokenAtMs ?? record.headersAtMs ?? record.sentAtMs;
}

/** Moment and weight of each content event: its share of the output tokens. The first has `firstEventTokens`. */
export function tokenEvents(
  record: RequestRecord,
): readonly { readonly atMs: number; readonly tokens: number; readonly isFirst: boolean }[] {
  if (record.firstTokenAtMs === null || record.outputTokens === null) return [];
  const later = Math.max(0, record.outputTokens - record.firstEventTokens);
  const share = record.gapsMs.length === 0 ? 0 : later / record.gapsMs.length;
  const first = record.gapsMs.length === 0 ? record.outputTokens : record.firstEventTokens;
  const events = [{ atMs: record.firstTokenAtMs, tokens: first, isFirst: true }];
  let atMs = record.firstTokenAtMs;
  for (const gap of record.gapsMs) {
    atMs += gap;
    events.push({ atMs, tokens: share, isFirst: false });
  }
  return events;
}
