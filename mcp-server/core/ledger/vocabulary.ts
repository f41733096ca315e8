import { z } from 'zod';
import { Change } from '../service/change.ts';
import { DeploymentId, DiagnosisId, EvidenceId, TrialId } from './ids.ts';

/** Gates of a verdict, in the order in which they are tried. */
const GATES = ['start', 'slo', 'quality', 'errors', 'plausibility'] as const;
export const Gate = z.enum(GATES);
export type Gate = z.infer<typeof Gate>;
export const Verdict = z.enum(['keep', 'discard', 'retest', 'tie', 'invalid']);
export type Verdict = z.infer<typeof Verdict>;
/** What a run is for. `anchor`: the incumbent once more; `no_profiler`: the baseline without its profiler's wrapper. */
export const Purpose = z.enum(['calibrate', 'trial', 'confirm', 'probe', 'anchor', 'no_profiler']);
export type Purpose = z.infer<typeof Purpose>;

/** A check that was overridden, and why. */
export const Forced = z.strictObject({
  check: z.string().max(60),
  reason: z.string().min(8).max(400),
});
export type Forced = z.infer<typeof Forced>;

/** Marks on a measurement that keep it from being judged. */
const MEASUREMENT_FLAGS = [
  'CACHE_CONTAMINATED',
  'CLIENT_LIMITED',
  'UNDER_DRIVEN',
  'SATURATED',
  'BUFFERED_PATH',
  'INTERRUPTED',
] as const;
export const MeasurementFlag = z.enum(MEASUREMENT_FLAGS);
export type MeasurementFlag = z.infer<typeof MeasurementFlag>;

export const Hypothesis = z.strictObject({
  change: z.string().min(3).max(300).describe('What changes, in words.'),
  why: z.string().min(3).max(1000).describe('Why it should help.'),
  evidence: z
    .array(EvidenceId)
    .max(20)
    .default([])
    .describe('Evidence ids that the reasoning rests on.'),
  expected: z.string().min(3).max(500).describe('Expected effect on named metrics.'),
  refutedBy: z.string().min(3).max(500).describe('The observation that would refute it.'),
});
export type Hypothesis = z.infer<typeof Hypothesis>;

/** A value as it was read, and where it stands. */
const Witness = z.object({
  evidenceId: EvidenceId.nullable(),
  name: z.string().max(200),
  value: z.string().max(300),
});

/** One entry of `diagnose`: a bottleneck or fault, with what supports it. */
export const Cause = z.object({
  rule: z.string().max(60),
  cause: z.string().max(60),
  title: z.string().max(200),
  confidence: z.number().min(0).max(1),
  evidence: z.array(Witness).max(12),
  candidates: z.array(Change).max(6),
  expected: z.string().max(300),
  confirmBy: z.string().max(200),
  refutedBy: z.string().max(200),
});
export type Cause = z.infer<typeof Cause>;

/** Something that a trial is not limited by, with the number that says so. */
export const RuledOut = z.object({
  what: z.string().max(100),
  name: z.string().max(200),
  value: z.string().max(300),
  evidenceId: EvidenceId.nullable(),
});
export type RuledOut = z.infer<typeof RuledOut>;

/** A measured value beside what physics allows; the ratio is how many times it is away, 1 at the limit. */
export const FloorRow = z.object({
  metric: z.string(),
  measured: z.number(),
  floor: z.number(),
  ratio: z.number(),
});
export type FloorRow = z.infer<typeof FloorRow>;

/**
 * Whether a trial moved what its diagnosis said that it would: the confirming metric of the diagnosed configuration beside
 * the trial's, means over the last runs at one load point.
 */
export const MechanismCheck = z.object({
  trialId: TrialId,
  /** The trial that was diagnosed. */
  referenceId: TrialId,
  diagnosisId: DiagnosisId,
  rule: z.string().max(60),
  cause: z.string().max(60),
  /** Name of the metric in our words, with its unit, e.g. `queue time (ms)`. */
  metric: z.string().max(80),
  expected: z.enum(['falls', 'rises']),
  outcome: z.enum(['moved', 'did_not_move', 'not_measurable']),
  reference: z.number().nullable(),
  trial: z.number().nullable(),
  /** Least change that counts: beyond the noise of the runs. Null when: there was nothing to compare. */
  leastChange: z.number().nullable(),
  /** Where both values stand, the reference first. */
  evidence: z.array(Witness).max(4),
  reason: z.string().max(300),
});
export type MechanismCheck = z.infer<typeof MechanismCheck>;

/** Difference of one metric between a trial and its reference. `deltaRatio` = trial / reference − 1, raw sign. */
export const Delta = z.object({
  metric: z.string().max(60),
  loadPoint: z.string().max(60),
  reference: z.number().nullable(),
  trial: z.number().nullable(),
  deltaRatio: z.number().nullable(),
  /** Interval of deltaRatio at 95 %, null when it cannot be given. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  /** How probable it is that the trial is better on this metric, 0..1; null when the noise is unknown. */
  probabilityBetter: z.number().min(0).max(1).nullable().default(null),
  noiseFloorRatio: z.number().nullable(),
});
export type Delta = z.infer<typeof Delta>;

export const EvidenceKind = z.enum([
  'requests',
  'metrics_before',
  'metrics_after',
  'metrics_delta',
  'metrics_samples',
  'graphsignal',
  'engine_log',
  'server_info',
  'engine_help',
  'quality',
  'deployment_state',
  'client',
]);
export type EvidenceKind = z.infer<typeof EvidenceKind>;

/** Spread of one metric over the A/A runs: key `<metric>.<quantile>@<load point index>`. */
export const Spread = z.object({
  mean: z.number(),
  /** Sample sd of runs within a deployment, pooled over deployments. */
  sd: z.number(),
  n: z.number().int(),
  /** Degrees of freedom of `sd`; absent: n − 1, for runs of one deployment. */
  df: z.number().int().optional(),
  /** Relative sd between deployments of one configuration, as measured; absent: seen in one deployment alone. */
  between: z.object({ sdRatio: z.number(), df: z.number().int() }).optional(),
});
export type Spread = z.infer<typeof Spread>;

/** A leader of the search, measured on a fresh deployment with held-out prompts. Gains over the baseline, positive is better. */
export const ConfirmedCandidate = z.object({
  trialId: TrialId,
  deploymentId: DeploymentId.nullable(),
  verdict: Verdict,
  /** What the search believed. Null when: it could not be compared. */
  searchGainRatio: z.number().nullable(),
  /** What the fresh deployment showed. Null when: it could not be compared. */
  confirmedGainRatio: z.number().nullable(),
  /** Search gain − confirmed gain: the winner's curse. Null when: either is. */
  shrinkageRatio: z.number().nullable(),
});
export type ConfirmedCandidate = z.infer<typeof ConfirmedCandidate>;

export const EngineId = z.enum(['sglang', 'vllm', 'llamacpp']);
export type EngineId = z.infer<typeof EngineId>;

export const Instance = z.object({
  id: z.string().max(120).nullable(),
  gpu: z.string().max(120).nullable(),
  driver: z.string().max(60).nullable(),
  region: z.string().max(60).nullable(),
});
export type Instance = z.infer<typeof Instance>;

/** Whether a backend can hold one more deployment, and why or why not, in words. */
export const Room = z.object({ holds: z.boolean(), reason: z.string().max(300) });
export type Room = z.infer<typeof Room>;

export const Endpoint = z.object({
  /** Root of the service, without `/v1` and without a trailing slash. */
  baseUrl: z.string().max(500),
  model: z.string().max(300),
  /** Name of the environment variable or login that holds the bearer token; the token itself is never stored. */
  auth: z.enum(['none', 'dstack', 'api_key']).default('none'),
});
export type Endpoint = z.infer<typeof Endpoint>;
