import { createHash } from 'node:crypto';
import { InvalidInputError } from '../../core/errors.ts';
import { setTraps, trapPlaces } from '../../core/plausibility/traps.ts';
import { longestContextTokens, materialise } from '../../core/workload/materialise.ts';
import type { PlannedRequest } from '../../core/workload/planned-request.ts';
import { describePrompts } from '../../core/workload/prompts-sent.ts';
import { createTextSizer } from '../../core/workload/sized-text.ts';
import {
  assumedCalibration,
  type TokenCalibration,
} from '../../core/workload/token-calibration.ts';
import { partOf, WHOLE_RUN, type WorkerShare } from '../../core/workload/worker-share.ts';
import type { LoadProgress, LoadRequest, LoadRun } from '../../ports/load-generator.ts';
import { askTokenizer } from './ask-tokenizer.ts';
import { calibrateWords } from './calibrate-words.ts';
import { type Connection, createConnection } from './connection.ts';
import { type EndpointFacts, readEndpoint } from './endpoint-facts.ts';
import { createLoadContext } from './load-context.ts';
import { measurePhase } from './measure-phase.ts';
import { warmUp } from './warm-up.ts';
import { withAnswer } from './with-answer.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
  /** Awaited before the first measured request; resolves with the start on the machine's monotonic clock, or null: now. */
  readonly onMeasureStart: (learnt: Learnt) => Promise<number | null>;
  /** What an earlier run learnt about this endpoint. Null: learn it. */
  readonly calibration: TokenCalibration | null;
  /** Part of the measured requests that this thread sends; absent: all. */
  readonly share?: WorkerShare;
}

/** What the first worker of a run found out for the others. */
export interface Learnt {
  readonly calibration: TokenCalibration;
  readonly servedModels: readonly string[];
}

/** A run with what the next one on the same endpoint can use. */
export interface StampedLoadRun extends LoadRun {
  readonly calibration: TokenCalibration;
  /** The records' origin on the machine's monotonic clock (`process.hrtime`), in ms. */
  readonly originMonotonicMs: number;
}

/**
 * One load run in this thread: reach the endpoint, learn its tokens, warm up, measure.
 * Throws: LoadError `E_ENDPOINT`; InvalidInputError `E_CONTEXT` when a prompt cannot fit the service's context,
 * `E_WORKLOAD` when it cannot be sent as token ids.
 */
export async function runLoad(load: LoadRequest, options: RunOptions): Promise<StampedLoadRun> {
  const connection = createConnection(load.baseUrl, load.headers);
  const share = options.share ?? WHOLE_RUN;
  let servedModels: readonly string[] = [];
  const context = createLoadContext({
    connection,
    load,
    servedModels: () => servedModels,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  const originMonotonicMs = Number(process.hrtime.bigint()) / 1e6 - context.nowMs();
  try {
    const facts = await readEndpoint(connection, {
      model: load.model,
      nowMs: context.nowMs,
      signal: context.signal,
    });
    servedModels = facts.servedModels;
    // an extra prompt that does not fit is the service's to refuse: it keeps no load from being measured
    const lengths = planMeasured({ ...load, extra: [] }, assumedCalibration(load.workload.text));
    refuseTooLong(lengths, facts);
    const learnt = options.calibration ?? (await learnTokens(connection, load, context.signal));
    if (learnt.isAssumed === true) context.notes.add(ASSUMED_NOTE);
    if (load.warmup) await warmUp(context, learnt);
    else await connection.open(lanesToOpen(load, share));
    const startAtMs = context.isOver()
      ? null
      : await options.onMeasureStart({ calibration: learnt, servedModels });
    const originMs = startAtMs === null ? context.nowMs() : startAtMs - originMonotonicMs;
    const plan = planMeasured(load, learnt);
    const measured = await measurePhase(context, plan, { share, originMs, calibration: learnt });
    return {
      ...measured,
      records: context.results.map((result) => withAnswer(result, plan)),
      cancelled: options.signal.aborted,
      rttMs: facts.rttMs,
      notes: [...context.notes],
      prompts: describePrompts(plan, {
        calibration: learnt,
        isImported: load.rows !== undefined,
        hash: sha256,
      }),
      calibration: learnt,
      originMonotonicMs,
    };
  } finally {
    context.close();
    await connection.destroy();
  }
}

/** Connections that the first seconds of a share need. Source: own reasoning for the open loop. */
export function lanesToOpen({ loadPoint }: LoadRequest, share: WorkerShare): number {
  const wanted =
    loadPoint.kind === 'closed'
      ? loadPoint.concurrency
      : Math.min(
          loadPoint.maxConcurrency ?? OPEN_LOOP_SOCKETS,
          Math.ceil(loadPoint.requestRatePerS),
        );
  return partOf(Math.min(wanted, loadPoint.requests), share);
}

const OPEN_LOOP_SOCKETS = 128;

export function planMeasured(
  load: LoadRequest,
  calibration: TokenCalibration,
): readonly PlannedRequest[] {
  const plan = materialise({
    workload: load.workload,
    seed: load.seed,
    repeat: load.repeat,
    count: load.loadPoint.requests,
    phase: 'measure',
    calibration,
    rows: load.rows,
  });
  if (load.traps !== true) return [...plan, ...planExtra(load, plan.length)];
  const sizer = createTextSizer(load.workload.text, calibration);
  const trapped = setTraps(plan, trapPlaces(plan.length, load.seed), sizer);
  return [...trapped, ...planExtra(load, plan.length)];
}

function planExtra({ extra = [] }: LoadRequest, from: number): readonly PlannedRequest[] {
  return extra.map((one, at) => ({
    ...one,
    index: from + at,
    sharedTokens: 0,
    messages: null,
    turn: null,
    params: {},
  }));
}

function refuseTooLong(plan: readonly PlannedRequest[], facts: EndpointFacts): void {
  const longest = longestContextTokens(plan);
  if (facts.maxModelLen === null || longest <= facts.maxModelLen) return;
  throw new InvalidInputError(
    `The workload needs ${longest} tokens of context, the service has ${facts.maxModelLen}.`,
    {
      code: 'E_CONTEXT',
      fix: 'Use a workload with shorter prompts or completions, or deploy with a longer context.',
    },
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const ASSUMED_NOTE = 'The server told no usable prompt_tokens; prompt lengths are an assumption.';

/**
 * By the service's own tokenizer where it has one that its usage agrees with, else by its counts alone.
 * Throws: InvalidInputError `E_WORKLOAD` when prompts are to be token ids and it has none.
 */
async function learnTokens(
  connection: Connection,
  load: LoadRequest,
  signal: AbortSignal,
): Promise<TokenCalibration> {
  const exact = await askTokenizer(connection, load, signal);
  if (exact === null && load.workload.tokenIds === true && !signal.aborted) {
    throw new InvalidInputError(
      'Prompts cannot be sent as token ids: the service has no tokenizer that its own counts agree with.',
      { code: 'E_WORKLOAD', fix: 'Send them as text: leave tokenIds (--tokenize-prompt) out.' },
    );
  }
  return exact ?? calibrateWords(connection, load, signal);
}
