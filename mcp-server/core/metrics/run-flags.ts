import type { MeasurementFlag } from '../ledger/vocabulary.ts';
import { percent } from '../percent.ts';
import { meanOf } from '../stats/mean-sd.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import type { LoadPoint } from '../workload/workload.ts';
import { drivenRatio, isSaturated } from './driving.ts';
import { endedAtMs } from './request-metrics.ts';
import type { MeasurementSummary } from './summary.ts';

/** What speaks for or against judging a run. */
export interface RunFacts {
  readonly records: readonly RequestRecord[];
  readonly summary: MeasurementSummary;
  readonly loadPoint: LoadPoint;
  readonly cancelled: boolean;
  readonly client: {
    readonly loopUtilisation: number;
    readonly loopLagP99Ms: number;
    readonly sendLagP99Ms: number | null;
    readonly eventsPerRead: number | null;
  };
  /** True when the client ended the run because the queue grew without end. */
  readonly overSaturated?: boolean | undefined;
  /** Part of the prompts that the workload itself shares; null when unknown. */
  readonly sharedPromptRatio: number | null;
  /** Cache hits over prompt tokens by the engine's own counters; null when it has none. */
  readonly engineHitRatio: number | null;
}

export interface FlaggedRun {
  readonly flags: readonly MeasurementFlag[];
  /** Why, one line a flag. */
  readonly notes: readonly string[];
}

/** Cache hits beyond what the workload shares that are still chance. Source: docs/measuring.md; 2 points. */
const CACHE_TOLERANCE = 0.02;
/** Load that must be reached. Source: docs/measuring.md. */
const MIN_DRIVEN = 0.95;
/** Time between an end and the next send that is the path's and the client's own. Source: own reasoning. */
const OWN_PAUSE_MS = 5;
/** Source: docs/measuring.md, flags. */
const MAX_LOOP_UTILISATION = 0.7;
/**
 * Lag that one stamp in a hundred may have before the quantiles are in doubt. Source: own reasoning; the notes ask for
 * 2 ms on cores of its own, here cores may be shared with the service.
 */
const MAX_LAG_MS = 20;
const MAX_LAG_OF_TTFT = 0.1;
/** Content events per network read of a path that holds nothing back is about 1. Source: own reasoning. */
const MAX_EVENTS_PER_READ = 3;
/** Median gap this far below the time per token, with one token an event, means bursts. Source: own reasoning. */
const BURST_RATIO = 0.2;
const ONE_TOKEN_EVENTS = 1.5;

type Check = (facts: RunFacts) => string | null;

const CHECKS: Readonly<Partial<Record<MeasurementFlag, Check>>> = {
  INTERRUPTED: whyInterrupted,
  CACHE_CONTAMINATED: whyContaminated,
  UNDER_DRIVEN: whyUnderDriven,
  CLIENT_LIMITED: whyClientLimited,
  BUFFERED_PATH: whyBuffered,
  SATURATED: whySaturated,
};

const FLAGS = [
  'INTERRUPTED',
  'CACHE_CONTAMINATED',
  'UNDER_DRIVEN',
  'CLIENT_LIMITED',
  'BUFFERED_PATH',
  'SATURATED',
] as const;

/** Marks that keep a run from being judged, with their reasons. */
export function flagRun(run: RunFacts): FlaggedRun {
  const facts = { ...run, records: run.records.filter((record) => record.phase === 'measure') };
  const found = FLAGS.flatMap((flag) => {
    const why = CHECKS[flag]?.(facts) ?? null;
    return why === null ? [] : [{ flag, note: `${flag}: ${why}` }];
  });
  return { flags: found.map(({ flag }) => flag), notes: found.map(({ note }) => note) };
}

function whyInterrupted(facts: RunFacts): string | null {
  const wanted = facts.loadPoint.requests;
  const ended = facts.summary.attempted;
  if (!facts.cancelled && ended >= wanted) return null;
  return `${ended} of ${wanted} requests ended${facts.cancelled ? ', then the run was stopped' : ''}`;
}

function whyContaminated(facts: RunFacts): string | null {
  const shared = facts.sharedPromptRatio ?? 0;
  const hits = Math.max(facts.summary.prefixCacheHitRatio ?? 0, facts.engineHitRatio ?? 0);
  if (hits <= shared + CACHE_TOLERANCE) return null;
  return `${percent(hits)} of the prompt tokens came from the prefix cache, the workload shares ${percent(shared)}`;
}

function whyUnderDriven(facts: RunFacts): string | null {
  const driven = drivenRatio(facts.records, facts.loadPoint);
  if (driven === null || driven >= MIN_DRIVEN || pauseMs(facts, driven) <= OWN_PAUSE_MS)
    return null;
  return `${percent(driven)} of the load was reached`;
}

/** Mean idle time of a lane per request: what short requests lose to the round trip alone. Infinite in open loop. */
function pauseMs(facts: RunFacts, driven: number): number {
  const times = facts.records.map((record) => endedAtMs(record) - record.sentAtMs);
  const mean = meanOf(times);
  if (facts.loadPoint.kind === 'open' || mean === null || driven <= 0) return Infinity;
  return (mean * (1 - driven)) / driven;
}

function whyClientLimited({ client, summary }: RunFacts): string | null {
  const allowedMs = Math.max(MAX_LAG_MS, MAX_LAG_OF_TTFT * (summary.ttftMs.p50 ?? 0));
  if (client.loopUtilisation > MAX_LOOP_UTILISATION) {
    return `the load client's loop was ${percent(client.loopUtilisation)} busy`;
  }
  if (client.loopLagP99Ms > allowedMs) {
    return `the load client lagged ${client.loopLagP99Ms.toFixed(1)} ms (p99)`;
  }
  if (client.sendLagP99Ms !== null && client.sendLagP99Ms > allowedMs) {
    return `requests left ${client.sendLagP99Ms.toFixed(1)} ms late (p99)`;
  }
  return null;
}

function whyBuffered({ client, summary, records }: RunFacts): string | null {
  if (client.eventsPerRead !== null && client.eventsPerRead > MAX_EVENTS_PER_READ) {
    return `${client.eventsPerRead.toFixed(1)} events per network read`;
  }
  const events = records.reduce((sum, record) => sum + record.contentEvents, 0);
  const isOneToken = events > 0 && summary.outputTokens / events < ONE_TOKEN_EVENTS;
  const { p50: gap } = summary.iclMs;
  const { p50: tbot } = summary.tbotMs;
  if (!isOneToken || gap === null || tbot === null || gap >= BURST_RATIO * tbot) return null;
  return `median gap ${gap.toFixed(2)} ms against ${tbot.toFixed(2)} ms per token: events come in bursts`;
}

function whySaturated(facts: RunFacts): string | null {
  return facts.overSaturated === true || isSaturated(facts.records, facts.loadPoint)
    ? 'requests in flight grew to the end; percentiles depend on the length of the run'
    : null;
}
