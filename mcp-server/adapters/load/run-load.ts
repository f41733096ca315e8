import { InvalidInputError } from '../../core/errors.ts';
import { quantile } from '../../core/stats/quantile.ts';
import { arrivalTimesMs } from '../../core/workload/arrivals.ts';
import {
  longestContextTokens,
  materialise,
  type PlannedRequest,
  sharedPromptRatio,
} from '../../core/workload/materialise.ts';
import {
  assumedCalibration,
  type TokenCalibration,
} from '../../core/workload/token-calibration.ts';
import type { LoadProgress, LoadRequest, LoadRun } from '../../ports/load-generator.ts';
import { calibrateWords } from './calibrate-words.ts';
import { createConnection } from './connection.ts';
import { type EndpointFacts, readEndpoint } from './endpoint-facts.ts';
import { createLoadContext, type LoadContext } from './load-context.ts';
import { watchLoop } from './loop-health.ts';
import { runClosedLoop, runOpenLoop } from './pace.ts';
import { promptLengthNote } from './prompt-length-note.ts';
import { warmUp } from './warm-up.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly onMeasureStart: () => Promise<void>;
  /** What an earlier run learnt about this endpoint. Null: learn it. */
  readonly calibration: TokenCalibration | null;
}

/** A run with what the next one on the same endpoint can use. */
export interface StampedLoadRun extends LoadRun {
  readonly calibration: TokenCalibration;
  /** The records' origin on the machine's monotonic clock (`process.hrtime`), in ms. */
  readonly originMonotonicMs: number;
}

/**
 * One load run in this thread: reach the endpoint, learn its tokens, warm up, measure.
 * Throws: LoadError `E_ENDPOINT`; InvalidInputError `E_CONTEXT` when a prompt cannot fit the service's context.
 */
export async function runLoad(load: LoadRequest, options: RunOptions): Promise<StampedLoadRun> {
  const connection = createConnection(load.baseUrl, load.headers);
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
    const lengths = planMeasured(load, assumedCalibration(load.workload.text));
    refuseTooLong(lengths, facts);
    const learnt = await learnTokens(options, context, () =>
      calibrateWords(connection, load, {
        promptTokens: Math.max(...lengths.map((planned) => planned.inputTokens)),
        signal: context.signal,
      }),
    );
    if (load.warmup) await warmUp(context, learnt);
    if (!context.isOver()) await options.onMeasureStart();
    const measured = await measure(context, planMeasured(load, learnt));
    return {
      ...measured,
      records: context.results.map((result) => result.record),
      cancelled: options.signal.aborted,
      rttMs: facts.rttMs,
      notes: [...context.notes],
      calibration: learnt,
      originMonotonicMs,
    };
  } finally {
    context.close();
    await connection.agent.destroy();
  }
}

function planMeasured(load: LoadRequest, calibration: TokenCalibration): readonly PlannedRequest[] {
  return materialise({
    workload: load.workload,
    seed: load.seed,
    repeat: load.repeat,
    count: load.loadPoint.requests,
    phase: 'measure',
    calibration,
  });
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

async function learnTokens(
  options: RunOptions,
  context: LoadContext,
  learn: () => ReturnType<typeof calibrateWords>,
): Promise<TokenCalibration> {
  if (options.calibration !== null) return options.calibration;
  const { calibration, note } = await learn();
  if (note !== null) context.notes.add(note);
  return calibration;
}

type Measured = Pick<LoadRun, 'windowStartMs' | 'windowEndMs' | 'client' | 'sharedPromptRatio'>;

async function measure(context: LoadContext, plan: readonly PlannedRequest[]): Promise<Measured> {
  const health = watchLoop();
  const windowStartMs = Date.now();
  const firstResult = context.results.length;
  let completed = 0;
  let failed = 0;
  const send = async (
    index: number,
    intendedAtMs: number | null,
  ): ReturnType<LoadContext['send']> => {
    const planned = plan[index];
    if (planned === undefined) throw new RangeError(`no request ${index}`);
    const { outputTokens } = planned;
    const result = await context.send(planned, { phase: 'measure', intendedAtMs, outputTokens });
    context.results.push(result);
    if (result.record.failure === null) completed += 1;
    else failed += 1;
    context.report({ phase: 'measure', completed, total: plan.length, failed });
    return result;
  };
  await drive(context, plan.length, send);
  const results = context.results.slice(firstResult);
  const note = promptLengthNote(results.map((result) => result.record));
  if (note !== null) context.notes.add(note);
  const reads = results.reduce((sum, result) => sum + result.contentReads, 0);
  const events = results.reduce((sum, result) => sum + result.record.contentEvents, 0);
  const lags = results.flatMap(({ record }) =>
    record.intendedAtMs === null ? [] : [record.sentAtMs - record.intendedAtMs],
  );
  return {
    windowStartMs,
    windowEndMs: Date.now(),
    client: {
      ...health.stop(),
      workers: 1,
      sendLagP99Ms: quantile(lags, 0.99),
      eventsPerRead: reads === 0 ? null : events / reads,
    },
    sharedPromptRatio: sharedPromptRatio(plan),
  };
}

async function drive(
  context: LoadContext,
  count: number,
  send: (index: number, intendedAtMs: number | null) => ReturnType<LoadContext['send']>,
): Promise<void> {
  const { loadPoint, seed, repeat } = context.load;
  const pace = {
    count,
    send,
    nowMs: context.nowMs,
    isOver: context.isOver,
    signal: context.signal,
  };
  if (loadPoint.kind === 'closed') {
    await runClosedLoop(pace, loadPoint.concurrency);
    return;
  }
  const timesMs = arrivalTimesMs({
    count,
    ratePerS: loadPoint.requestRatePerS,
    burstiness: loadPoint.burstiness,
    seed,
    repeat,
    pattern: loadPoint.pattern,
  });
  await runOpenLoop(pace, { timesMs, maxConcurrency: loadPoint.maxConcurrency ?? null });
}
