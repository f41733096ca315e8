import { parseProfilerContext } from '../../core/telemetry/graphsignal.ts';
import { pointsInWindow } from '../../core/telemetry/graphsignal-digest.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Telemetry, TelemetryAnswer, TelemetryWindow } from '../../ports/telemetry.ts';
import {
  CLIENT_COMMANDS,
  type FetchDeps,
  type FetchOutcome,
  type FetchRequest,
  fetchByCommand,
  fetchByHttp,
} from './graphsignal-fetch.ts';
import { type GraphsignalLogin, readLogin } from './graphsignal-login.ts';
import { queryOf } from './graphsignal-window.ts';

/** How long the hosted source needs. Source: ticks and uploads of Graphsignal 0.19 (10 s each), own margins for the rest. */
export interface SourceTiming {
  /** After the window's end, before the first question. */
  readonly settleMs: number;
  /** Pauses before each further question. */
  readonly retryMs: readonly number[];
  /** A window that ended so long ago is complete: the first answer with data stands, and none is waited for. */
  readonly completeAfterMs: number;
  /** Shortest window in which a trend can be seen. */
  readonly minWindowMs: number;
}

export const HOSTED_TIMING: SourceTiming = {
  settleMs: 30_000,
  retryMs: [15_000, 30_000, 60_000, 60_000],
  completeAfterMs: 180_000,
  minWindowMs: 20_000,
};

export interface SourceDeps extends FetchDeps {
  readonly clock: Clock;
  readonly homeDir: string;
  readonly timing: SourceTiming;
}

type Options = Parameters<Telemetry['profilerContext']>[1];

interface Held {
  readonly raw: string;
  readonly client: string;
  readonly points: number;
}

/** The hosted profiler: waits until data may be there, asks until two answers agree, and says what is missing. */
export async function readHostedContext(
  deps: SourceDeps,
  window: TelemetryWindow,
  options: Options,
): Promise<TelemetryAnswer> {
  const login = await readLogin(deps.env, deps.homeDir);
  if (login.key !== null) await waitToSettle(deps, window, options);
  const isOld = deps.clock.nowMs() - window.endMs > deps.timing.completeAfterMs;
  const pauses = isOld ? [0] : [0, ...deps.timing.retryMs];
  const { held, last, agreed } = await askAgain(deps, { window, login, options, pauses });
  if (held === null || held.points === 0) {
    const untagged = await askUntagged(deps, { window, login, options, held, last });
    if (untagged !== null) return untagged;
  }
  if (held === null) return noData(last);
  return agreed || (isOld && held.points > 0)
    ? complete(deps, window, held)
    : incomplete(deps, window, held);
}

/**
 * Tags match exactly: where nothing carries this deployment's, the window is asked for once without them, and the answer
 * says so. Null when: nobody answers, no tag was asked for, or there is nothing without them either.
 */
async function askUntagged(
  deps: SourceDeps,
  ask: {
    readonly window: TelemetryWindow;
    readonly login: GraphsignalLogin;
    readonly options: Options;
  } & Pick<Asked, 'held' | 'last'>,
): Promise<TelemetryAnswer | null> {
  const { window, login, last, options } = ask;
  const isAnswered = last?.kind === 'empty' || last?.kind === 'context';
  if (!isAnswered || Object.keys(window.tags).length === 0 || options.signal.aborted) return null;
  const query = queryOf({ ...window, tags: {} });
  const outcome = await askClients(deps, { query, login, signal: options.signal });
  if (outcome.kind !== 'context') return null;
  const whole = hold(outcome, window);
  if (whole.points === 0) return null;
  const known = parseProfilerContext(outcome.raw).availableTags;
  const note = `nothing carries the tags of this deployment; the window was read without them, so that other services may be in it (${tagsNote(known, window.tags)})`;
  return {
    kind: 'data',
    raw: whole.raw,
    client: whole.client,
    notes: [note, ...shortNotes(deps, window)],
  };
}

/** Which of the asked tags the profiler knows at all. Names of our own only: foreign ones are counted. */
function tagsNote(
  known: Readonly<Record<string, readonly string[]>>,
  asked: TelemetryWindow['tags'],
): string {
  const keys = Object.keys(asked);
  const seen = keys.filter((key) => Object.hasOwn(known, key));
  const all = Object.keys(known).length;
  return seen.length === 0
    ? `it knows ${all} tag keys, none of them ${keys.join(' or ')}`
    : `it knows ${seen.join(' and ')} with other values`;
}

interface Asked {
  readonly held: Held | null;
  readonly last: FetchOutcome | null;
  /** Two answers in a row had as much data. */
  readonly agreed: boolean;
}

async function askAgain(
  deps: SourceDeps,
  ask: {
    readonly window: TelemetryWindow;
    readonly login: GraphsignalLogin;
    readonly options: Options;
    readonly pauses: readonly number[];
  },
): Promise<Asked> {
  const { signal } = ask.options;
  const request: FetchRequest = { query: queryOf(ask.window), login: ask.login, signal };
  let held: Held | null = null;
  let last: FetchOutcome | null = null;
  for (const pauseMs of ask.pauses) {
    if (pauseMs > 0) await pause(deps.clock, pauseMs, ask.options);
    if (signal.aborted) break;
    last = await askClients(deps, request);
    if (last.kind === 'refused' || last.kind === 'absent') break;
    if (last.kind !== 'context') continue;
    const before: Held | null = held;
    held = hold(last, ask.window);
    if (agrees(held, before)) return { held, last, agreed: true };
  }
  return { held, last, agreed: false };
}

function complete(deps: SourceDeps, window: TelemetryWindow, held: Held): TelemetryAnswer {
  return { kind: 'data', raw: held.raw, client: held.client, notes: shortNotes(deps, window) };
}

/** Complete: there is data, and the answer before had as much of it. */
function agrees(next: Held, before: Held | null): boolean {
  return next.points > 0 && next.points === before?.points;
}

function hold(
  answer: { readonly raw: string; readonly client: string },
  window: TelemetryWindow,
): Held {
  const points = pointsInWindow(parseProfilerContext(answer.raw), window);
  return { raw: answer.raw, client: answer.client, points };
}

async function waitToSettle(
  deps: SourceDeps,
  window: TelemetryWindow,
  options: Options,
): Promise<void> {
  const waitMs = window.endMs + deps.timing.settleMs - deps.clock.nowMs();
  if (waitMs > 0) await pause(deps.clock, Math.min(waitMs, deps.timing.settleMs), options);
}

async function pause(clock: Clock, ms: number, options: Options): Promise<void> {
  options.onWait?.(`waiting ${Math.ceil(ms / 1000)} s for the profiler's data`);
  await clock.sleep(ms, options.signal);
}

/** The clients in order; the HTTP API is asked when no command exists, and to learn why a command failed. */
async function askClients(deps: SourceDeps, request: FetchRequest): Promise<FetchOutcome> {
  for (const command of CLIENT_COMMANDS) {
    const outcome = await fetchByCommand(deps, command, request);
    if (outcome.kind === 'absent') continue;
    if (outcome.kind !== 'failed' || request.login.key === null) return outcome;
    const direct = await fetchByHttp(deps, request);
    return direct.kind === 'failed' && direct.raw === null ? outcome : direct;
  }
  return fetchByHttp(deps, request);
}

function shortNotes(deps: SourceDeps, window: TelemetryWindow): string[] {
  return window.endMs - window.startMs < deps.timing.minWindowMs
    ? [
        `the window is shorter than ${deps.timing.minWindowMs / 1000} s: one or two points, no trend`,
      ]
    : [];
}

function noData(last: FetchOutcome | null): TelemetryAnswer {
  if (last === null || last.kind === 'context') {
    return {
      kind: 'none',
      reason: 'the call was cancelled before an answer',
      raw: null,
      client: null,
    };
  }
  const raw = last.kind === 'failed' || last.kind === 'refused' ? last.raw : null;
  return { kind: 'none', reason: last.reason, raw, client: last.client };
}

function incomplete(deps: SourceDeps, window: TelemetryWindow, held: Held): TelemetryAnswer {
  if (held.points === 0) {
    return {
      kind: 'none',
      reason: 'the profiler answered, but holds no point inside the window',
      raw: held.raw,
      client: held.client,
    };
  }
  const note = `telemetry incomplete: the number of points (${held.points}) still changed at the last question`;
  return {
    kind: 'data',
    raw: held.raw,
    client: held.client,
    notes: [note, ...shortNotes(deps, window)],
  };
}
