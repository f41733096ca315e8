import { z } from 'zod';
import { BackendId, Budget, Contract } from '../contract/contract.ts';
import { TierResult } from '../quality/tier-result.ts';
import { Change } from '../service/change.ts';
import {
  DeploymentId,
  DiagnosisId,
  EvidenceId,
  JobId,
  MeasurementId,
  SessionId,
  TrialId,
} from './ids.ts';
import { MeasurementRecorded } from './measurement.ts';
import {
  Cause,
  ConfirmedCandidate,
  Delta,
  Endpoint,
  EngineId,
  EvidenceKind,
  FloorRow,
  Forced,
  Gate,
  Hypothesis,
  Instance,
  MechanismCheck,
  Purpose,
  Room,
  RuledOut,
  Spread,
  Verdict,
} from './vocabulary.ts';

/** Data of every event type. Unknown keys are kept out, unknown types are kept and ignored (docs/architecture.md). */
export const EVENT_DATA = {
  session_opened: z.object({
    sessionId: SessionId,
    contract: Contract,
    contractHash: z.string(),
    baseDir: z.string().max(1000),
    toolVersion: z.string(),
    filledDefaults: z.array(z.string()).default([]),
    forced: z.array(Forced).default([]),
  }),
  budget_amended: z.object({ budget: Budget, was: Budget }),
  trial_planned: z.object({
    trialId: TrialId,
    parentId: TrialId.nullable(),
    hypothesis: Hypothesis,
    changes: z.array(Change),
    /** File name below sessions/, e.g. dstack-2026-03-22T15-00-00Z.yml */
    file: z.string(),
    stamp: z.string(),
    configHash: z.string(),
    command: z.string().max(8000),
    engine: EngineId,
    engineVersion: z.string().nullable(),
    diff: z.string().max(20_000),
    predicted: z.object({
      memoryFits: z.enum(['yes', 'no', 'unknown']),
      memoryNote: z.string().max(300),
      priceUsdPerHour: z.number().nullable(),
    }),
    warnings: z.array(z.string().max(400)).default([]),
    forced: z.array(Forced).default([]),
    diagnosisId: DiagnosisId.nullable().default(null),
    touchesQuality: z.boolean().default(false),
  }),
  trial_refused: z.object({
    hypothesis: Hypothesis,
    changes: z.array(Change),
    refusals: z.array(z.object({ check: z.string(), message: z.string().max(500) })),
  }),
  deploy_intended: z.object({
    deploymentId: DeploymentId,
    trialId: TrialId,
    backend: BackendId,
    runName: z.string(),
    deadlineAt: z.string(),
    maxUsdPerHour: z.number(),
    purpose: Purpose,
  }),
  deploy_started: z.object({
    deploymentId: DeploymentId,
    handle: z.record(z.string(), z.unknown()),
  }),
  deploy_ready: z.object({
    deploymentId: DeploymentId,
    endpoint: Endpoint,
    instance: Instance,
    priceUsdPerHour: z.number(),
    engineVersion: z.string().nullable(),
    /** Another GPU or instance than the trial before it. */
    landedElsewhere: z.boolean().default(false),
    simulated: z.boolean().default(false),
    /** Whether the backend can hold another deployment beside this one; absent in older ledgers. */
    second: Room.optional(),
  }),
  deploy_failed: z.object({
    deploymentId: DeploymentId,
    phase: z.string().max(40),
    crashClass: z.string().max(60),
    message: z.string().max(500),
    evidenceId: EvidenceId.nullable(),
  }),
  stop_intended: z.object({ deploymentId: DeploymentId, reason: z.string().max(200) }),
  deployment_gone: z.object({
    deploymentId: DeploymentId,
    proof: z.array(z.string().max(300)),
    costUsd: z.number(),
    idleCostUsd: z.number().default(0),
  }),
  job_started: z.object({
    jobId: JobId,
    kind: z.enum([
      'deploy',
      'benchmark',
      'fetch_telemetry',
      'check_quality',
      'confirm_best',
      'promote',
      'stop_deployments',
    ]),
    trialId: TrialId.nullable(),
    args: z.record(z.string(), z.unknown()),
    pid: z.number().int(),
  }),
  job_ended: z.object({
    jobId: JobId,
    status: z.enum(['done', 'failed', 'cancelled', 'interrupted']),
    summary: z.string().max(2000),
    result: z.record(z.string(), z.unknown()).nullable(),
    errorCode: z.string().nullable(),
  }),
  evidence_stored: z.object({
    evidenceId: EvidenceId,
    kind: EvidenceKind,
    trialId: TrialId.nullable(),
    deploymentId: DeploymentId.nullable(),
    measurementId: MeasurementId.nullable(),
    /** Path below the session's folder; gzip. */
    path: z.string(),
    sha256: z.string(),
    bytes: z.number().int(),
    source: z.string().max(200),
    windowStartMs: z.number().nullable(),
    windowEndMs: z.number().nullable(),
    truncated: z.boolean().default(false),
  }),
  measurement_recorded: MeasurementRecorded,
  calibrated: z.object({
    trialId: TrialId,
    measurements: z.array(MeasurementId),
    spreads: z.record(z.string(), Spread),
    /** Deployments of the calibrated trial that the spreads rest on; absent in ledgers of one deployment. */
    deployments: z.array(DeploymentId).optional(),
  }),
  quality_checked: z.object({
    trialId: TrialId,
    deploymentId: DeploymentId,
    armed: z.boolean(),
    passed: z.boolean().nullable(),
    canaries: z.array(z.object({ id: z.string(), passed: z.boolean() })),
    comparable: z.number().int(),
    reasons: z.array(z.string().max(300)),
    evidenceId: EvidenceId,
    /** Log-probabilities, greedy answers and tasks; for the baseline their noise floors. */
    tiers: z.array(TierResult).optional(),
  }),
  diagnosed: z.object({
    diagnosisId: DiagnosisId,
    trialId: TrialId,
    /** The run that was looked at. Null when: none was measured. Absent in older ledgers. */
    measurementId: MeasurementId.nullable().optional(),
    causes: z.array(Cause),
    floor: z.array(FloorRow),
    missing: z.array(z.string().max(200)),
    /** What the evidence speaks against; absent in older ledgers. */
    ruledOut: z.array(RuledOut).max(12).optional(),
  }),
  mechanism_checked: MechanismCheck,
  trial_judged: z.object({
    trialId: TrialId,
    referenceId: TrialId,
    verdict: Verdict,
    gate: Gate.nullable(),
    reasons: z.array(z.string().max(400)),
    deltas: z.array(Delta),
    measurements: z.array(MeasurementId),
  }),
  best_moved: z.object({
    trialId: TrialId,
    fromId: TrialId.nullable(),
    reason: z.string().max(300),
  }),
  trial_closed: z.object({
    trialId: TrialId,
    stamp: z.string(),
    file: z.string(),
    outcome: z.enum(['closed', 'crashed', 'aborted']),
  }),
  best_confirmed: z.object({
    trialId: TrialId,
    holds: z.boolean(),
    measurements: z.array(MeasurementId),
    deltas: z.array(Delta),
    reasons: z.array(z.string().max(400)),
    /** Every leader that was measured afresh, in the order of the search. */
    candidates: z.array(ConfirmedCandidate).optional(),
  }),
  promoted: z.object({ trialId: TrialId, file: z.string(), command: z.string() }),
  report_exported: z.object({ files: z.array(z.string().max(300)) }),
  session_stopped: z.object({
    reason: z.enum(['cap', 'goal', 'plateau', 'infeasible', 'person', 'infrastructure']),
    detail: z.string().max(400),
  }),
} as const;

export type EventType = keyof typeof EVENT_DATA;
export type EventData<Type extends EventType> = z.infer<(typeof EVENT_DATA)[Type]>;

/** One event as the fold sees it: known type with checked data. */
export type LedgerEvent = {
  [Type in EventType]: {
    readonly v: 1;
    readonly seq: number;
    readonly at: string;
    readonly type: Type;
    readonly data: EventData<Type>;
  };
}[EventType];

/** An event before the store numbers, stamps and chains it. */
export type NewEvent = {
  [Type in EventType]: { readonly type: Type; readonly data: EventData<Type> };
}[EventType];
