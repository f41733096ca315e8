import { Contract } from '../../mcp-server/core/contract/contract.ts';
import type { EventData, LedgerEvent, NewEvent } from '../../mcp-server/core/ledger/events.ts';
import { foldEvents } from '../../mcp-server/core/ledger/fold.ts';
import type { SessionState } from '../../mcp-server/core/ledger/state.ts';
import type { Distribution, MeasurementSummary } from '../../mcp-server/core/metrics/summary.ts';
import { aSummary, distribution } from './summary.ts';

export const SESSION_ID = 's260322-k3f9qa';
export const START_MS = Date.parse('2026-03-22T15:00:00.000Z');

type Terms = Record<string, unknown>;

/** A whole contract on the simulated backend; single terms and limits can be changed. */
export function aContract(terms: Terms = {}, budget: Terms = {}): Contract {
  return Contract.parse({
    version: 1,
    terms: {
      model: { id: 'meta-llama/Llama-3.1-8B-Instruct' },
      backend: 'simulated',
      serviceFile: 'dstack-baseline.yml',
      objective: { metric: 'outputTokensPerS', direction: 'maximise' },
      workload: 'tiny',
      loadPoints: [{ kind: 'closed', concurrency: 8, requests: 16 }],
      seeds: { search: 5, confirm: 1005 },
      allowedHardware: [{ gpu: 'H100' }],
      minContextTokens: 4096,
      ...terms,
    },
    budget: {
      maxTotalUsd: 20,
      maxUsdPerHour: 5,
      maxUsdPerTrial: 3,
      maxDeployments: 20,
      maxWallHours: 10,
      ...budget,
    },
  });
}

export function opened(contract: Contract = aContract()): NewEvent {
  return {
    type: 'session_opened',
    data: {
      sessionId: SESSION_ID,
      contract,
      contractHash: 'a'.repeat(64),
      baseDir: '/project',
      toolVersion: '0.0.0',
      filledDefaults: [],
      forced: [],
    },
  };
}

export function planned(trialId: string, more: Partial<EventData<'trial_planned'>> = {}): NewEvent {
  return {
    type: 'trial_planned',
    data: {
      trialId,
      parentId: trialId === 't0000' ? null : 't0000',
      hypothesis: {
        change: 'more running requests',
        why: 'requests queue',
        evidence: [],
        expected: 'throughput rises',
        refutedBy: 'throughput stays',
      },
      changes:
        trialId === 't0000'
          ? []
          : [{ kind: 'set_flag', flag: '--max-running-requests', value: trialId.slice(1) }],
      file: `dstack-${trialId}.yml`,
      stamp: '2026-03-22T15:00:00Z',
      configHash: trialId,
      command: 'python -m sglang.launch_server',
      engine: 'sglang',
      engineVersion: '0.5.9',
      diff: '',
      predicted: { memoryFits: 'yes', memoryNote: '', priceUsdPerHour: 2 },
      warnings: [],
      forced: [],
      diagnosisId: null,
      touchesQuality: false,
      ...more,
    },
  };
}

export function intended(
  deploymentId: string,
  purpose: EventData<'deploy_intended'>['purpose'] = 'trial',
): NewEvent {
  return {
    type: 'deploy_intended',
    data: {
      deploymentId,
      trialId: `t${deploymentId.slice(1, 5)}`,
      backend: 'simulated',
      runName: `ad-${SESSION_ID}-${deploymentId}`,
      deadlineAt: '2026-03-22T16:00:00.000Z',
      maxUsdPerHour: 5,
      purpose,
    },
  };
}

export const started = (deploymentId: string): NewEvent => ({
  type: 'deploy_started',
  data: { deploymentId, handle: { port: 1 } },
});

export const ready = (deploymentId: string): NewEvent => ({
  type: 'deploy_ready',
  data: {
    deploymentId,
    endpoint: { baseUrl: 'http://127.0.0.1:1', model: 'm', auth: 'none' },
    instance: { id: null, gpu: 'H100', driver: null, region: null },
    priceUsdPerHour: 2,
    engineVersion: '0.5.9',
    landedElsewhere: false,
    simulated: true,
  },
});

export const failed = (deploymentId: string, crashClass = 'oom_kv_cache'): NewEvent => ({
  type: 'deploy_failed',
  data: { deploymentId, phase: 'loading', crashClass, message: 'it died', evidenceId: null },
});

export const gone = (deploymentId: string, costUsd = 0.5): NewEvent => ({
  type: 'deployment_gone',
  data: { deploymentId, proof: ['process group: none'], costUsd, idleCostUsd: 0 },
});

const over = (value: number): Distribution => distribution(value, { n: 16, sd: 1 });

const summaryOf = (outputTokensPerS: number): MeasurementSummary =>
  aSummary({
    ttftMs: over(100),
    tbotMs: over(20),
    iclMs: over(20),
    ttltMs: over(1000),
    outputTokensPerS,
    prefillTokensPerS: 1000,
    decodeTokensPerS: outputTokensPerS,
    totalTokensPerS: 1000 + outputTokensPerS,
    requestsPerS: 2,
    attempted: 16,
    completed: 16,
    concurrencyMean: 8,
    durationMs: 10_000,
    steadyWindowMs: 8000,
    inputTokens: 1600,
    outputTokens: 1600,
  });

export function measured(
  measurementId: string,
  deploymentId: string,
  more: Partial<EventData<'measurement_recorded'>> & { readonly value?: number } = {},
): NewEvent {
  const { value = 1000, ...data } = more;
  return {
    type: 'measurement_recorded',
    data: {
      measurementId,
      trialId: `t${measurementId.slice(1, 5)}`,
      deploymentId,
      purpose: 'trial',
      workloadId: 'tiny',
      workloadHash: 'w',
      loadPoint: { kind: 'closed', concurrency: 8, requests: 16 },
      loadPointIndex: 0,
      repeat: 0,
      seed: 5,
      windowStartMs: START_MS,
      windowEndMs: START_MS + 10_000,
      summary: summaryOf(value),
      rttMs: { p50: 0.1, jitter: 0.1 },
      ttftSource: 'client',
      engineTtftMeanMs: null,
      flags: [],
      notes: [],
      evidence: [],
      ...data,
    },
  };
}

export const calibrated = (trialId = 't0000'): NewEvent => ({
  type: 'calibrated',
  data: {
    trialId,
    measurements: ['m0000-01', 'm0000-02', 'm0000-03'],
    spreads: { 'outputTokensPerS.mean@0': { mean: 1000, sd: 5, n: 3 } },
  },
});

export function evidence(
  evidenceId: string,
  kind: EventData<'evidence_stored'>['kind'],
  deploymentId: string,
): NewEvent {
  return {
    type: 'evidence_stored',
    data: {
      evidenceId,
      kind,
      trialId: `t${deploymentId.slice(1, 5)}`,
      deploymentId,
      measurementId: null,
      path: `evidence/${evidenceId}.gz`,
      sha256: 'b'.repeat(64),
      bytes: 10,
      source: kind,
      windowStartMs: null,
      windowEndMs: null,
      truncated: false,
    },
  };
}

export const checked = (trialId: string, deploymentId: string): NewEvent => ({
  type: 'quality_checked',
  data: {
    trialId,
    deploymentId,
    armed: true,
    passed: true,
    canaries: [],
    comparable: 20,
    reasons: [],
    evidenceId: 'e000001',
  },
});

export const diagnosed = (
  diagnosisId: string,
  trialId: string,
  more: Partial<EventData<'diagnosed'>> = {},
): NewEvent => ({
  type: 'diagnosed',
  data: { diagnosisId, trialId, causes: [], floor: [], missing: [], ...more },
});

export const judged = (
  trialId: string,
  verdict: EventData<'trial_judged'>['verdict'],
  gate: EventData<'trial_judged'>['gate'] = null,
): NewEvent => ({
  type: 'trial_judged',
  data: { trialId, referenceId: 't0000', verdict, gate, reasons: [], deltas: [], measurements: [] },
});

export const closed = (
  trialId: string,
  outcome: EventData<'trial_closed'>['outcome'] = 'closed',
): NewEvent => ({
  type: 'trial_closed',
  data: { trialId, stamp: '2026-03-22T15:10:00Z', file: `debug-${trialId}.md`, outcome },
});

export const bestMoved = (trialId: string): NewEvent => ({
  type: 'best_moved',
  data: { trialId, fromId: 't0000', reason: 'faster' },
});

export const confirmed = (trialId: string, holds = true): NewEvent => ({
  type: 'best_confirmed',
  data: { trialId, holds, measurements: [], deltas: [], reasons: [] },
});

export const jobStarted = (
  jobId: string,
  kind: EventData<'job_started'>['kind'],
  more: Partial<EventData<'job_started'>> = {},
): NewEvent => ({
  type: 'job_started',
  data: { jobId, kind, trialId: null, args: {}, pid: 4711, ...more },
});

export const jobEnded = (
  jobId: string,
  status: EventData<'job_ended'>['status'] = 'done',
): NewEvent => ({
  type: 'job_ended',
  data: { jobId, status, summary: status, result: null, errorCode: null },
});

/** Numbers and stamps the events as a ledger would, one second apart. */
export function stamped(events: readonly NewEvent[]): LedgerEvent[] {
  return events.map((event, index) => ({
    v: 1,
    seq: index + 1,
    at: new Date(START_MS + index * 1000).toISOString(),
    ...event,
  }));
}

/** State after the events. */
export function stateOf(events: readonly NewEvent[]): SessionState {
  return foldEvents(stamped(events));
}

/** Everything that a baseline goes through, gone again and closed. */
export const BASELINE_DONE: readonly NewEvent[] = [
  opened(),
  planned('t0000'),
  intended('d0000-1', 'calibrate'),
  started('d0000-1'),
  ready('d0000-1'),
  measured('m0000-01', 'd0000-1', { purpose: 'calibrate' }),
  measured('m0000-02', 'd0000-1', { purpose: 'calibrate' }),
  measured('m0000-03', 'd0000-1', { purpose: 'calibrate' }),
  calibrated(),
  evidence('e000001', 'engine_log', 'd0000-1'),
  evidence('e000002', 'graphsignal', 'd0000-1'),
  diagnosed('x0001', 't0000'),
  checked('t0000', 'd0000-1'),
  gone('d0000-1'),
  closed('t0000'),
];
