import { LoadError } from '../core/errors.ts';
import type { EventData } from '../core/ledger/events.ts';
import { findDeployment, findTrial, nextMeasurementId } from '../core/ledger/lookup.ts';
import type { Purpose } from '../core/ledger/vocabulary.ts';
import { flagRun } from '../core/metrics/run-flags.ts';
import { summarise } from '../core/metrics/summarise.ts';
import type { MeasurementSummary } from '../core/metrics/summary.ts';
import { cleanText } from '../core/redact.ts';
import type { SampledGauge } from '../core/telemetry/gauge-levels.ts';
import { promptRepeat } from '../core/workload/prompt-repeat.ts';
import type { LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { LoadRequest, LoadRun } from '../ports/load-generator.ts';
import type { App, Call } from './app.ts';
import { backendOf } from './backend.ts';
import { type EngineView, readEngineView, type Scrapes } from './engine-view.ts';
import { storeRunEvidence } from './run-evidence.ts';
import { createGaugeSampler, sampleDuring } from './sample-gauges.ts';

/** One load run at one load point of one deployment. */
export interface MeasureWish {
  readonly deploymentId: string;
  readonly purpose: Purpose;
  readonly workload: WorkloadSpec;
  readonly workloadHash: string;
  readonly loadPoint: LoadPoint;
  /** Place in the contract; null for a probe with its own load. */
  readonly loadPointIndex: number | null;
  readonly seed: number;
  readonly repeat: number;
  /** Set where the run takes turns with one of the other configuration. */
  readonly turn?: Measurement['turn'] | undefined;
  /** Shown before the progress of the run, e.g. `run 2 of 3`. */
  readonly label: string;
  /** Ends an open loop once its queue grows without end; the measurement is then flagged SATURATED. */
  readonly stopWhenSaturated?: boolean;
  readonly call: Call;
}

export type Measurement = EventData<'measurement_recorded'>;

/** Longest silence of one stream. Source: own reasoning; a deep queue stays silent for minutes. */
const STALL_MS = 300_000;
/** Longest run. Source: own reasoning. */
const MAX_RUN_MS = 4 * 3_600_000;
/** Round trip over median TTFT above which the client cannot judge TTFT. Source: docs/measuring.md, 10 %. */
const MAX_RTT_RATIO = 0.1;

/**
 * Warms up, measures, and records the run with its evidence and flags. What a stopped or dying run has is recorded too.
 * Null when: it was stopped before a single measured request.
 * Throws: LoadError `E_ENDPOINT`, InvalidInputError `E_CONTEXT`.
 */
export async function measureOnce(
  app: App,
  writer: LedgerWriter,
  wish: MeasureWish,
): Promise<Measurement | null> {
  const request = await loadRequest(app, writer, wish);
  const { baseUrl, headers } = request;
  const scrape = (): ReturnType<App['telemetry']['scrapeMetrics']> =>
    app.telemetry.scrapeMetrics({ baseUrl, headers }, wish.call.signal);
  const scrapes: Scrapes = { before: null, after: null };
  const sampler = createGaugeSampler(app.clock, (signal) =>
    app.telemetry.scrapeMetrics({ baseUrl, headers }, signal),
  );
  const load = app.load.run(request, {
    signal: wish.call.signal,
    onProgress: ({ phase, completed, failed, total }) => {
      const failures = failed === 0 ? '' : `, ${failed} failed`;
      wish.call.onProgress(`${wish.label}: ${phase} ${completed + failed}/${total}${failures}`);
    },
    onMeasureStart: async () => {
      scrapes.before = await scrape();
      if (scrapes.before.kind === 'data') sampler.start();
    },
  });
  const { result: run, gauges } = await sampleDuring(sampler, load);
  if (!run.records.some((record) => record.phase === 'measure')) return null;
  if (!wish.call.signal.aborted) scrapes.after = await scrape();
  return record(app, writer, { wish, run, scrapes, gauges });
}

type Endpoint = NonNullable<ReturnType<typeof findDeployment>['ready']>['endpoint'];

function endpointOf(writer: LedgerWriter, deploymentId: string): Endpoint {
  const ready = findDeployment(writer.state(), deploymentId).ready;
  if (ready !== null) return ready.endpoint;
  throw new LoadError(`${deploymentId} is not ready.`, {
    code: 'E_NOT_READY',
    fix: 'Call deploy, and wait until it is ready.',
  });
}

/** What the load generator is asked for a wish. Throws: LoadError `E_NOT_READY`. */
export async function loadRequest(
  app: App,
  writer: LedgerWriter,
  wish: Omit<MeasureWish, 'purpose'>,
): Promise<LoadRequest> {
  const endpoint = endpointOf(writer, wish.deploymentId);
  const headers = await backendOf(app, writer.state()).authHeaders(endpoint);
  const state = writer.state();
  const { terms } = state.contract;
  const deadlineAt = findDeployment(state, wish.deploymentId).intended.deadlineAt;
  const leftMs = Date.parse(deadlineAt) - app.clock.nowMs();
  const hasTemplateArgs = Object.keys(terms.chatTemplateArgs).length > 0;
  return {
    baseUrl: endpoint.baseUrl,
    model: endpoint.model,
    headers,
    workload: wish.workload,
    loadPoint: wish.loadPoint,
    seed: wish.seed,
    repeat: promptRepeat(wish),
    sampling: terms.sampling,
    extraBody: hasTemplateArgs ? { chat_template_kwargs: terms.chatTemplateArgs } : {},
    deadlineMs: Math.max(1000, Math.min(MAX_RUN_MS, leftMs)),
    stallMs: STALL_MS,
    warmup: true,
    stopWhenSaturated: wish.stopWhenSaturated ?? false,
  };
}

interface Ran {
  readonly wish: MeasureWish;
  readonly run: LoadRun;
  readonly scrapes: Scrapes;
  readonly gauges: readonly SampledGauge[];
}

async function record(app: App, writer: LedgerWriter, ran: Ran): Promise<Measurement> {
  const { wish, run } = ran;
  const state = writer.state();
  const trial = findTrial(state, findDeployment(state, wish.deploymentId).trialId);
  const summary = summarise(run.records, {
    loadPoint: wish.loadPoint,
    slo: state.contract.terms.slo,
  });
  const engine = readEngineView(ran.scrapes, trial.planned.engine);
  const flagged = flagRun({ ...run, summary, loadPoint: wish.loadPoint, ...engine });
  const measurementId = nextMeasurementId(trial);
  const place = { measurementId, trialId: trial.trialId, deploymentId: wish.deploymentId };
  const evidence = await storeRunEvidence(app, writer, {
    place,
    run,
    scrapes: ran.scrapes,
    gauges: ran.gauges,
    engine,
  });
  const source = ttftSourceOf(run, summary, engine);
  const notes = [...flagged.notes, ...engine.notes, ...source.notes, ...run.notes];
  const measurement: Measurement = {
    ...place,
    purpose: wish.purpose,
    workloadId: wish.workload.id,
    workloadHash: wish.workloadHash,
    loadPoint: wish.loadPoint,
    loadPointIndex: wish.loadPointIndex,
    repeat: wish.repeat,
    seed: wish.seed,
    windowStartMs: run.windowStartMs,
    windowEndMs: run.windowEndMs,
    summary,
    ...(run.prompts === undefined ? {} : { prompts: run.prompts }),
    rttMs: run.rttMs,
    ttftSource: source.ttftSource,
    engineTtftMeanMs: engine.engineTtftMeanMs,
    flags: [...flagged.flags],
    notes: notes.map((note) => cleanText(note, 300)),
    evidence: [...evidence],
    ...(wish.turn === undefined ? {} : { turn: wish.turn }),
  };
  await writer.append({ type: 'measurement_recorded', data: measurement });
  return measurement;
}

/** Where the path's round trip is large against the median TTFT, the engine's own clock judges it. */
function ttftSourceOf(
  run: LoadRun,
  summary: MeasurementSummary,
  engine: EngineView,
): { readonly ttftSource: 'client' | 'engine'; readonly notes: readonly string[] } {
  const roundTripMs = (run.rttMs.p50 ?? 0) + (run.rttMs.jitter ?? 0);
  const median = summary.ttftMs.p50;
  if (median === null || roundTripMs <= MAX_RTT_RATIO * median) {
    return { ttftSource: 'client', notes: [] };
  }
  const fact = `The path's round trip (${roundTripMs.toFixed(1)} ms with jitter) is more than 10 % of the median TTFT`;
  return engine.engineTtftMeanMs === null
    ? { ttftSource: 'client', notes: [`${fact}, and the engine tells no TTFT of its own.`] }
    : { ttftSource: 'engine', notes: [`${fact}: TTFT is judged by the engine's own clock.`] };
}
