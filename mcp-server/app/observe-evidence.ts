import type { EventData } from '../core/ledger/events.ts';
import type { DeploymentState, SessionState } from '../core/ledger/state.ts';
import { isRecord, parseJson } from '../core/parse.ts';
import type { GaugeLevel, Observation } from '../core/playbook/observation.ts';
import { repeatedRatio, sumByRank } from '../core/playbook/views.ts';
import { settingsInLog, type ToldSettings } from '../core/telemetry/effective-settings.ts';
import { readSampledGauges } from '../core/telemetry/gauge-levels.ts';
import { parseProfilerContext } from '../core/telemetry/graphsignal.ts';
import { isInWindow } from '../core/telemetry/graphsignal-digest.ts';
import { levelOf, readLogLoad } from '../core/telemetry/log-load.ts';
import { classifyLog } from '../core/telemetry/logs.ts';
import { type DeltaSample, histogramMean } from '../core/telemetry/prometheus.ts';
import type { Engine } from '../engines/engine.ts';
import type { App } from './app.ts';
import { evidenceOf, readEngineWindow } from './engine-window.ts';
import { readStoredLog } from './fetch-logs.ts';

type Measurement = EventData<'measurement_recorded'>;
type Reader = Pick<App, 'evidence'>;

/** The engine's own numbers over the measurement. Null when: not scraped. */
export async function observeMetrics(
  app: Reader,
  state: SessionState,
  run: Measurement | null,
): Promise<Observation['metrics']> {
  const window = run === null ? null : await readEngineWindow(app, state, run);
  if (window === null) return null;
  return {
    readings: window.readings,
    counters: sumCounters(window.delta),
    means: meansOf(window.delta),
    byRank: sumByRank(window.delta),
    gauges: await observeGauges(app, state, run),
    evidenceId: window.evidenceId,
  };
}

/** Gauges that were sampled while the run went on. Empty when: it was too short, or the engine had no metrics. */
async function observeGauges(
  app: Reader,
  state: SessionState,
  run: Measurement | null,
): Promise<readonly GaugeLevel[]> {
  const stored = run === null ? null : evidenceOf(state, run.measurementId, 'metrics_samples');
  if (stored === null) return [];
  const { evidenceId } = stored;
  return readSampledGauges(await app.evidence.get(state.sessionId, stored)).map((gauge) => ({
    ...gauge,
    evidenceId,
  }));
}

/** Each counter by its name, and by name and mode, since modes are read apart. */
function sumCounters(delta: readonly DeltaSample[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const add = (name: string, value: number): void => {
    sums.set(name, (sums.get(name) ?? 0) + value);
  };
  for (const sample of delta) {
    if (sample.type !== 'counter') continue;
    add(sample.name, sample.value);
    const mode = sample.labels['mode'];
    if (mode !== undefined) add(`${sample.name}{mode=${mode}}`, sample.value);
  }
  return sums;
}

function meansOf(delta: readonly DeltaSample[]): ReadonlyMap<string, number> {
  const names = new Set(
    delta.flatMap((sample) => (sample.name.endsWith('_sum') ? [sample.name.slice(0, -4)] : [])),
  );
  return new Map(
    [...names].flatMap((name): [string, number][] => {
      const mean = histogramMean(delta, name);
      return mean === null ? [] : [[name, mean.value]];
    }),
  );
}

/** Error counts arrive as counters, and only where they are above zero. Source: NVML through the profiler. */
const IS_ERROR_COUNT = /gpu[._]errors/;

/** Gauges and profile of the measurement's window. Null when: the profiler was not read, or had nothing. */
export async function observeProfile(
  app: Reader,
  state: SessionState,
  run: Measurement | null,
): Promise<Observation['profile']> {
  const stored = run === null ? null : evidenceOf(state, run.measurementId, 'graphsignal');
  if (run === null || stored === null) return null;
  const context = parseProfilerContext(await app.evidence.get(state.sessionId, stored));
  const window = { startMs: run.windowStartMs, endMs: run.windowEndMs };
  const { evidenceId } = stored;
  const gauges = context.metrics.flatMap((metric) => {
    const inside = metric.points.filter((point) => isInWindow(point.atMs, window));
    const level = levelOf(inside.flatMap((point) => point.value ?? []));
    return level === null || (metric.type === 'counter' && !IS_ERROR_COUNT.test(metric.name))
      ? []
      : [[metric.name, { ...level, name: metric.name, evidenceId }] as const];
  });
  return { gauges: new Map(gauges), operations: context.operations, evidenceId };
}

/** The engine's log, its known lines, and the load that it tells. Null when: none was stored. */
export async function observeLog(
  app: Reader,
  state: SessionState,
  place: {
    readonly deployment: DeploymentState | null;
    readonly run: Measurement | null;
    readonly engine: Engine;
  },
): Promise<Observation['log']> {
  const { deployment, run, engine } = place;
  if (deployment === null) return null;
  const { text, evidenceId } = await readStoredLog(app, state, deployment.deploymentId);
  if (evidenceId === null) return null;
  const window = run === null ? null : { startMs: run.windowStartMs, endMs: run.windowEndMs };
  return { events: classifyLog(text, engine), load: readLogLoad(text, window), evidenceId };
}

/** Settings that the running engine tells: in its answer about itself, then in its start-up lines. Null when: in neither. */
export async function observeEffective(
  app: Reader,
  state: SessionState,
  deployment: DeploymentState | null,
): Promise<Observation['effective']> {
  if (deployment === null) return null;
  const told = [
    await answeredSettings(app, state, deployment),
    await loggedSettings(app, state, deployment),
  ]
    .filter((one) => one !== null)
    .filter((one) => one.values.size > 0);
  return told.length === 0 ? null : told;
}

async function answeredSettings(
  app: Reader,
  state: SessionState,
  deployment: DeploymentState,
): Promise<ToldSettings | null> {
  const stored = [...state.evidence.values()].findLast(
    (one) => one.kind === 'server_info' && one.deploymentId === deployment.deploymentId,
  );
  if (stored === undefined) return null;
  const values = new Map<string, string>();
  flatten(parseJson(await app.evidence.get(state.sessionId, stored)), values, 0);
  return { values, evidenceId: stored.evidenceId };
}

async function loggedSettings(
  app: Reader,
  state: SessionState,
  deployment: DeploymentState,
): Promise<ToldSettings | null> {
  const { text, evidenceId } = await readStoredLog(app, state, deployment.deploymentId);
  return evidenceId === null ? null : { values: settingsInLog(text), evidenceId };
}

/** Scalars by their own name; the outermost of a name wins. */
function flatten(value: unknown, into: Map<string, string>, depth: number): void {
  if (!isRecord(value) || depth > 3) return;
  const entries = Object.entries(value);
  for (const [key, item] of entries) {
    if (isScalar(item) && !into.has(key)) into.set(key, String(item).replace(/^torch\./, ''));
  }
  for (const [, item] of entries) flatten(Array.isArray(item) ? item[0] : item, into, depth + 1);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** Share of prompt tokens that the run itself repeats, as its client noted. Ratio 0..1, 0 when it did not. */
export async function observeSharedRatio(
  app: Reader,
  state: SessionState,
  run: Measurement,
): Promise<number> {
  const stored = evidenceOf(state, run.measurementId, 'client');
  if (stored === null) return 0;
  const parsed = parseJson(await app.evidence.get(state.sessionId, stored));
  const ratio = isRecord(parsed) ? parsed['sharedPromptRatio'] : null;
  return typeof ratio === 'number' ? ratio : 0;
}

/** Share of the kept beginnings of the outputs that repeats itself. Null when: none was kept. */
export async function observeRepeats(
  app: Reader,
  state: SessionState,
  run: Measurement,
): Promise<number | null> {
  const stored = evidenceOf(state, run.measurementId, 'requests');
  if (stored === null) return null;
  const lines = (await app.evidence.get(state.sessionId, stored)).split('\n');
  const texts = lines.slice(0, MOST_TEXTS).flatMap((line) => {
    const record = parseJson(line);
    const text = isRecord(record) ? record['textSample'] : null;
    return typeof text === 'string' ? [text] : [];
  });
  return repeatedRatio(texts);
}

/** Records that are read for it. Source: own reasoning. */
const MOST_TEXTS = 500;
