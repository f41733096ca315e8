import type { SampledGauge } from '../core/telemetry/gauge-levels.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { LoadRun } from '../ports/load-generator.ts';
import type { TelemetryAnswer } from '../ports/telemetry.ts';
import type { App } from './app.ts';
import type { EngineView, Scrapes } from './engine-view.ts';
import { type NewEvidence, recordEvidence } from './record-evidence.ts';

/** Stores what one run left: every request's record, both scrapes, their difference. Returns the evidence ids. */
export async function storeRunEvidence(
  app: Pick<App, 'evidence'>,
  writer: LedgerWriter,
  ran: {
    readonly place: Pick<NewEvidence, 'trialId' | 'deploymentId' | 'measurementId'>;
    readonly run: LoadRun;
    readonly scrapes: Scrapes;
    readonly engine: EngineView;
    readonly gauges: readonly SampledGauge[];
  },
): Promise<readonly string[]> {
  const { place, run, scrapes, engine } = ran;
  const window = { windowStartMs: run.windowStartMs, windowEndMs: run.windowEndMs };
  const prefix = place.measurementId ?? 'run';
  const items: Omit<NewEvidence, keyof typeof place | keyof typeof window>[] = [
    {
      kind: 'requests',
      name: `${prefix}-requests.jsonl`,
      text: run.records.map((record) => `${JSON.stringify(record)}\n`).join(''),
      source: 'load generator, one line a request',
    },
    ...scrapeItems(prefix, 'metrics_before', scrapes.before),
    ...scrapeItems(prefix, 'metrics_after', scrapes.after),
  ];
  if (engine.delta !== null) {
    items.push({
      kind: 'metrics_delta',
      name: `${prefix}-metrics-delta.json`,
      text: `[\n${engine.delta.map((sample) => JSON.stringify(sample)).join(',\n')}\n]\n`,
      source: 'metrics_after minus metrics_before',
    });
  }
  items.push(...gaugeItems(prefix, ran.gauges));
  items.push({
    kind: 'client',
    name: `${prefix}-client.json`,
    text: `${JSON.stringify({ ...run.client, rttMs: run.rttMs, sharedPromptRatio: run.sharedPromptRatio, notes: run.notes, prompts: run.prompts, calibration: run.calibration })}\n`,
    source: 'load generator, its own health',
  });
  const ids: string[] = [];
  for (const item of items) {
    ids.push(await recordEvidence(app, writer, { ...place, ...window, ...item }));
  }
  return ids;
}

function gaugeItems(
  prefix: string,
  gauges: readonly SampledGauge[],
): Pick<NewEvidence, 'kind' | 'name' | 'text' | 'source'>[] {
  if (gauges.length === 0) return [];
  return [
    {
      kind: 'metrics_samples',
      name: `${prefix}-metrics-samples.json`,
      text: `[\n${gauges.map((gauge) => JSON.stringify(gauge)).join(',\n')}\n]\n`,
      source: 'GET /metrics at 1 Hz during the run, gauges',
    },
  ];
}

function scrapeItems(
  prefix: string,
  kind: 'metrics_before' | 'metrics_after',
  answer: TelemetryAnswer | null,
): Pick<NewEvidence, 'kind' | 'name' | 'text' | 'source'>[] {
  if (answer?.kind !== 'data') return [];
  const name = `${prefix}-${kind.replace('_', '-')}.prom`;
  return [{ kind, name, text: answer.raw, source: 'GET /metrics' }];
}
