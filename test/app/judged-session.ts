import { recordEvidence } from '../../mcp-server/app/record-evidence.ts';
import { findTrial, nextMeasurementId } from '../../mcp-server/core/ledger/lookup.ts';
import type { MeasurementFlag, Purpose } from '../../mcp-server/core/ledger/vocabulary.ts';
import { summarise } from '../../mcp-server/core/metrics/summarise.ts';
import { spreadsOf } from '../../mcp-server/core/stats/spread.ts';
import type { RequestRecord } from '../../mcp-server/core/workload/request-record.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import type { LoadRun } from '../../mcp-server/ports/load-generator.ts';
import { READY } from '../fakes/fake-deploy.ts';
import { openTestSession, planTestTrial, type TestApp } from '../fakes/test-app.ts';

const LOAD_POINT = { kind: 'closed', concurrency: 4, requests: 8 } as const;

/** Records of a run in which each request takes `ttftMs` to its first token and `tbotMs` for each further one. */
function recordsOf(ttftMs: number, tbotMs: number): readonly RequestRecord[] {
  return Array.from({ length: 8 }, (_, index) => {
    const sentAtMs = Math.floor(index / 4) * (ttftMs + 9 * tbotMs) + (index % 4);
    const firstTokenAtMs = sentAtMs + ttftMs;
    const lastTokenAtMs = firstTokenAtMs + 9 * tbotMs;
    return {
      index,
      phase: 'measure',
      intendedAtMs: null,
      sentAtMs,
      headersAtMs: sentAtMs + 1,
      roleAtMs: sentAtMs + 1,
      firstTokenAtMs,
      lastTokenAtMs,
      closedAtMs: lastTokenAtMs,
      requestedInputTokens: 20,
      requestedOutputTokens: 10,
      inputTokens: 20,
      cachedTokens: 0,
      outputTokens: 10,
      firstEventTokens: 1,
      contentEvents: 10,
      gapsMs: Array.from({ length: 9 }, () => tbotMs),
      httpStatus: 200,
      finishReason: 'length',
      failure: null,
      failureDetail: null,
      model: 'tiny',
      textHash: 'x',
      textSample: 'x',
    };
  });
}

/** What a load generator that was never disturbed gives back for these records. */
export function fakeLoadRun(ttftMs: number, tbotMs: number): LoadRun {
  return {
    records: recordsOf(ttftMs, tbotMs).map((record) => ({
      ...record,
      textHash: `${record.index}`,
    })),
    windowStartMs: 0,
    windowEndMs: 1000,
    cancelled: false,
    rttMs: { p50: 0.1, jitter: 0 },
    client: {
      loopUtilisation: 0.1,
      loopLagP99Ms: 1,
      workers: 0,
      sendLagP99Ms: null,
      eventsPerRead: null,
    },
    sharedPromptRatio: 0,
    notes: [],
  };
}

export async function markReady(
  writer: LedgerWriter,
  trialId: string,
  purpose: Purpose = 'trial',
): Promise<string> {
  const ordinal = findTrial(writer.state(), trialId).deployments.length + 1;
  const deploymentId = `d${trialId.slice(1)}-${ordinal}`;
  if (READY.kind !== 'ready') throw new Error('the fake is not ready');
  await writer.append(
    {
      type: 'deploy_intended',
      data: {
        deploymentId,
        trialId,
        backend: 'simulated',
        runName: `ad-${deploymentId}`,
        deadlineAt: '2099-01-01T00:00:00Z',
        maxUsdPerHour: 5,
        purpose,
      },
    },
    { type: 'deploy_started', data: { deploymentId, handle: { runName: `ad-${deploymentId}` } } },
    {
      type: 'deploy_ready',
      data: {
        deploymentId,
        endpoint: READY.endpoint,
        instance: READY.instance,
        priceUsdPerHour: 3.6,
        engineVersion: null,
        landedElsewhere: false,
        simulated: true,
      },
    },
  );
  return deploymentId;
}

export interface MeasureWish {
  readonly trialId: string;
  readonly deploymentId: string;
  readonly purpose: Purpose;
  readonly ttftMs?: number;
  readonly tbotMs: number;
  readonly flags?: readonly MeasurementFlag[];
  readonly workloadHash?: string;
  readonly seed?: number;
}

/** Records one measurement with its request records as evidence, as `benchmark` would. */
export async function measureFake(
  test: TestApp,
  writer: LedgerWriter,
  wish: MeasureWish,
): Promise<string> {
  const records = recordsOf(wish.ttftMs ?? 50, wish.tbotMs);
  const measurementId = nextMeasurementId(findTrial(writer.state(), wish.trialId));
  const evidenceId = await recordEvidence(test.app, writer, {
    kind: 'requests',
    trialId: wish.trialId,
    deploymentId: wish.deploymentId,
    measurementId,
    name: 'requests.jsonl',
    text: records.map((record) => JSON.stringify(record)).join('\n'),
    source: 'test',
    windowStartMs: 0,
    windowEndMs: 1000,
  });
  const { slo } = writer.state().contract.terms;
  await writer.append({
    type: 'measurement_recorded',
    data: {
      measurementId,
      trialId: wish.trialId,
      deploymentId: wish.deploymentId,
      purpose: wish.purpose,
      workloadId: 'chat',
      workloadHash: wish.workloadHash ?? 'hash',
      loadPoint: LOAD_POINT,
      loadPointIndex: 0,
      repeat: 0,
      seed: wish.seed ?? 1,
      windowStartMs: 0,
      windowEndMs: 1000,
      summary: summarise(records, { loadPoint: LOAD_POINT, slo }),
      rttMs: { p50: 0.1, jitter: 0 },
      ttftSource: 'client',
      engineTtftMeanMs: null,
      flags: [...(wish.flags ?? [])],
      notes: [],
      evidence: [evidenceId],
    },
  });
  return measurementId;
}

/** A session whose baseline ran three times at about 10 ms per token and is calibrated; these terms of its contract differ. */
export async function openCalibrated(
  test: TestApp,
  terms: Readonly<Record<string, unknown>> = {},
): Promise<LedgerWriter> {
  const writer = await openTestSession(test, {}, { terms });
  const deploymentId = await markReady(writer, 't0000', 'calibrate');
  for (const tbotMs of [9.9, 10, 10.1]) {
    await measureFake(test, writer, {
      trialId: 't0000',
      deploymentId,
      purpose: 'calibrate',
      tbotMs,
    });
  }
  const runs = findTrial(writer.state(), 't0000').measurements.map((one) => one.data);
  await writer.append({
    type: 'calibrated',
    data: {
      trialId: 't0000',
      measurements: runs.map((run) => run.measurementId),
      spreads: spreadsOf(runs, 3.6),
    },
  });
  return writer;
}

/** Plans, deploys and measures trial t0001 three times. */
export async function measureTrial(
  test: TestApp,
  writer: LedgerWriter,
  wish: Partial<MeasureWish> & {
    readonly touchesQuality?: boolean;
    readonly diagnosisId?: string | null;
  },
): Promise<string> {
  await planTestTrial(test, writer, {
    trialId: 't0001',
    parentId: 't0000',
    changes: [{ kind: 'set_flag', flag: '--max-running-requests', value: '64' }],
    touchesQuality: wish.touchesQuality ?? false,
    diagnosisId: wish.diagnosisId ?? null,
  });
  const deploymentId = await markReady(writer, 't0001');
  for (let repeat = 0; repeat < 3; repeat += 1) {
    await measureFake(test, writer, {
      trialId: 't0001',
      deploymentId,
      purpose: 'trial',
      tbotMs: 8,
      ...wish,
    });
  }
  return deploymentId;
}
