import { PreconditionError } from '../core/errors.ts';
import type { EventData } from '../core/ledger/events.ts';
import {
  allDeployments,
  findDeployment,
  findMeasurement,
  findTrial,
} from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { readSampledGauges, type SampledGauge } from '../core/telemetry/gauge-levels.ts';
import { parseProfilerContext } from '../core/telemetry/graphsignal.ts';
import { summariseMetric, topOperations } from '../core/telemetry/graphsignal-digest.ts';
import { engineById } from '../engines/index.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { TelemetryAnswer } from '../ports/telemetry.ts';
import type { Answer, App, Call } from './app.ts';
import { evidenceOf, readEngineWindow } from './engine-window.ts';
import { explainProfiler } from './explain-profiler.ts';
import { requestedFlags } from './observe.ts';
import { observeEffective } from './observe-evidence.ts';
import { recordEvidence } from './record-evidence.ts';
import { describeDigests, type TelemetryDigest } from './telemetry-digest.ts';
import { unmetNotes } from './unmet-notes.ts';

export interface FetchTelemetryArgs {
  readonly session_id?: string | undefined;
  readonly trial_id?: string | undefined;
  readonly measurement_id?: string | undefined;
  readonly wait_s: number;
}

export interface FetchTelemetryAnswer extends Answer {
  readonly jobId: string;
  readonly status: string;
  readonly digests: readonly TelemetryDigest[];
}

type Measurement = EventData<'measurement_recorded'>;

const MAX_METRIC_LINES = 12;

/** Tool `fetch_telemetry`: profiler context and engine metrics of measured windows, as evidence with a digest. */
export async function fetchTelemetry(
  app: App,
  args: FetchTelemetryArgs,
  call: Call,
): Promise<FetchTelemetryAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const runs = chooseMeasurements(writer.state(), args);
  let digests: readonly TelemetryDigest[] = [];
  const job = await app.jobs.start(
    {
      writer,
      kind: 'fetch_telemetry',
      trialId: runs[0]?.trialId ?? null,
      args: { measurements: runs.map((run) => run.measurementId) },
      waitS: args.wait_s,
    },
    call,
    async (context) => {
      const done: TelemetryDigest[] = [];
      for (const run of runs) done.push(await digestOf(app, writer, { run, call: context }));
      digests = done;
      return { summary: describeDigests(done), result: { digests: done } };
    },
  );
  return {
    jobId: job.jobId,
    status: job.status,
    digests,
    summary: job.summary,
    warnings: digests.flatMap((digest) => digest.notes).slice(0, 10),
    next: nextStep(writer.state(), app.clock.nowMs()),
  };
}

/** The named measurement, else those of the trial without a profile yet, else the trial's last. */
function chooseMeasurements(state: SessionState, args: FetchTelemetryArgs): readonly Measurement[] {
  if (args.measurement_id !== undefined) return [findMeasurement(state, args.measurement_id).data];
  const trialId = args.trial_id ?? allDeployments(state).at(-1)?.trialId;
  const runs = trialId === undefined ? [] : findTrial(state, trialId).measurements;
  const last = runs.at(-1);
  if (last === undefined) {
    throw new PreconditionError(`${trialId ?? 'The session'} has no measurement yet.`, {
      code: 'E_NOT_MEASURED',
      fix: 'Call benchmark first: telemetry is read for the window of a measurement.',
    });
  }
  const open = runs.filter(
    ({ data }) => evidenceOf(state, data.measurementId, 'graphsignal') === null,
  );
  return (open.length > 0 ? open : [last]).map(({ data }) => data);
}

async function digestOf(
  app: App,
  writer: LedgerWriter,
  request: { readonly run: Measurement; readonly call: Call },
): Promise<TelemetryDigest> {
  const { run } = request;
  const engine = await readEngineWindow(app, writer.state(), run);
  const answer = await askProfiler(app, writer.state(), request);
  const profilerEvidenceId = await keepAnswer(app, writer, { run, answer });
  const state = writer.state();
  const trial = findTrial(state, run.trialId);
  const deployment = findDeployment(state, run.deploymentId);
  const unmet = unmetNotes(
    requestedFlags(trial.planned.command, engineById(trial.planned.engine)),
    await observeEffective(app, state, deployment),
  );
  const digested = digestAnswer(answer, run);
  const silence =
    digested.operations.length > 0
      ? []
      : (await explainProfiler(app, state, run)).map(({ text }) => `no profile: ${text}`);
  return {
    measurementId: run.measurementId,
    metricsEvidenceId: engine?.evidenceId ?? null,
    engine: Object.entries(engine?.readings ?? {}).map(([key, reading]) => ({ key, ...reading })),
    sampled: await readSampled(app, writer.state(), run),
    profilerEvidenceId,
    ...digested,
    notes: notesOf(run, {
      answer,
      restarted: engine?.restarted === true,
      hasMetrics: engine !== null,
      unmet: [...unmet, ...silence],
    }),
  };
}

const MAX_SAMPLED = 20;

async function readSampled(
  app: App,
  state: SessionState,
  run: Measurement,
): Promise<readonly SampledGauge[]> {
  const stored = evidenceOf(state, run.measurementId, 'metrics_samples');
  if (stored === null) return [];
  const gauges = readSampledGauges(await app.evidence.get(state.sessionId, stored));
  return gauges.filter((gauge) => gauge.max > 0).slice(0, MAX_SAMPLED);
}

function digestAnswer(
  answer: TelemetryAnswer,
  run: Measurement,
): Pick<TelemetryDigest, 'profilerMissing' | 'generation' | 'operations' | 'metrics'> {
  if (answer.kind === 'none') {
    return { profilerMissing: answer.reason, generation: null, operations: [], metrics: [] };
  }
  const context = parseProfilerContext(answer.raw);
  const window = { startMs: run.windowStartMs, endMs: run.windowEndMs };
  return {
    profilerMissing: null,
    generation: context.generation,
    operations: topOperations(context, window),
    metrics: context.metrics
      .flatMap((metric) => summariseMetric(metric, window) ?? [])
      .slice(0, MAX_METRIC_LINES),
  };
}

function notesOf(
  run: Measurement,
  facts: {
    readonly answer: TelemetryAnswer;
    readonly restarted: boolean;
    readonly hasMetrics: boolean;
    readonly unmet: readonly string[];
  },
): readonly string[] {
  const notes = facts.answer.kind === 'data' ? [...facts.answer.notes] : [];
  if (facts.restarted) notes.push('the engine restarted inside the window');
  if (!facts.hasMetrics) notes.push('the engine’s own metrics were not scraped around it');
  notes.push(...facts.unmet);
  return notes.map((note) => `${run.measurementId}: ${note}.`);
}

function askProfiler(
  app: App,
  state: SessionState,
  request: { readonly run: Measurement; readonly call: Call },
): Promise<TelemetryAnswer> {
  const { run, call } = request;
  const deployment = findDeployment(state, run.deploymentId);
  const isSimulated = state.contract.terms.backend === 'simulated';
  const baseUrl = deployment.ready?.endpoint.baseUrl;
  if (isSimulated && (deployment.gone !== null || baseUrl === undefined)) {
    return Promise.resolve({
      kind: 'none',
      reason: 'the simulated deployment is gone, and its telemetry with it',
      raw: null,
      client: 'simulated',
    });
  }
  return app.telemetry.profilerContext(
    {
      startMs: run.windowStartMs,
      endMs: run.windowEndMs,
      tags: { autodebug_session: state.sessionId, autodebug_deployment: run.deploymentId },
    },
    {
      simulatedBaseUrl: isSimulated ? (baseUrl ?? null) : null,
      signal: call.signal,
      onWait: (text) => call.onProgress(`${run.measurementId}: ${text}`),
    },
  );
}

/** The raw answer, whatever it says. Null when: there was none. */
async function keepAnswer(
  app: App,
  writer: LedgerWriter,
  kept: { readonly run: Measurement; readonly answer: TelemetryAnswer },
): Promise<string | null> {
  const { run, answer } = kept;
  if (answer.kind === 'none') return null;
  return recordEvidence(app, writer, {
    kind: 'graphsignal',
    trialId: run.trialId,
    deploymentId: run.deploymentId,
    measurementId: run.measurementId,
    name: `${run.measurementId}-graphsignal.txt`,
    text: answer.raw,
    source: answer.client,
    windowStartMs: run.windowStartMs,
    windowEndMs: run.windowEndMs,
  });
}
