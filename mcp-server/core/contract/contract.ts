import { z } from 'zod';
import { METRIC_IDS } from '../metrics/metric.ts';
import { LoadPoint, WorkloadSpec } from '../workload/workload.ts';

export const BACKEND_IDS = ['dstack', 'local', 'simulated'] as const;
export const BackendId = z.enum(BACKEND_IDS);
export type BackendId = z.infer<typeof BackendId>;

const QuantileName = z.enum(['mean', 'p50', 'p90', 'p95', 'p99']);

/** One clause of the SLO: the quantile of the metric must not exceed `max`. */
export const SloClause = z.strictObject({
  metric: z.enum(['ttftMs', 'scheduledTtftMs', 'tbotMs', 'iclMs', 'ttltMs', 'errorRatio']),
  quantile: QuantileName.default('p95'),
  max: z.number().min(0).describe('Upper bound in the unit of the metric (ms, or a ratio 0..1).'),
});
export type SloClause = z.infer<typeof SloClause>;

export const Objective = z.strictObject({
  metric: z.enum(METRIC_IDS),
  quantile: QuantileName.default('p50'),
  direction: z.enum(['maximise', 'minimise']),
  /** Smallest gain that is worth keeping, as a ratio (0.02 = 2 %). */
  minEffectRatio: z.number().min(0).max(1).default(0.02),
  /** Optional end of the campaign: the objective at this value, confirmed. */
  goal: z.number().optional(),
});
export type Objective = z.infer<typeof Objective>;

const Variant = z.strictObject({
  model: z.string().min(1).max(300),
  revision: z.string().max(100).optional(),
  acceptedLossPoints: z.number().min(0).max(100),
});

export const HardwareChoice = z.strictObject({
  gpu: z.string().min(1).max(60).describe('GPU name as dstack knows it (H100, L4), or cpu.'),
  count: z.number().int().min(0).max(16).default(1),
  memoryGb: z.number().gt(0).optional(),
});

/** What a person allows to be spent. Beside the measurement terms: only a person changes it, in the file. */
export const Budget = z.strictObject({
  maxTotalUsd: z.number().min(0),
  maxUsdPerHour: z.number().min(0),
  maxUsdPerTrial: z.number().min(0),
  maxDeployments: z.number().int().min(1).max(10_000),
  maxWallHours: z
    .number()
    .gt(0)
    .max(24 * 30),
  maxTrials: z.number().int().min(1).max(10_000).optional(),
  maxMinutesPerTrial: z
    .number()
    .gt(0)
    .max(24 * 60)
    .default(60),
  maxMinutesToReady: z
    .number()
    .gt(0)
    .max(24 * 60)
    .default(25),
  idleMinutes: z
    .number()
    .gt(0)
    .max(24 * 60)
    .default(10),
});
export type Budget = z.infer<typeof Budget>;

/** The measurement terms: hashed; other terms are another session. */
export const MeasurementTerms = z.strictObject({
  model: z.strictObject({
    id: z.string().min(1).max(300),
    revision: z.string().max(100).optional(),
    variants: z.array(Variant).max(20).default([]),
    /** The model's config.json, when it cannot be fetched; used by the memory planner. */
    config: z.record(z.string(), z.unknown()).optional(),
  }),
  backend: BackendId,
  serviceFile: z
    .string()
    .min(1)
    .max(500)
    .describe('Path of the dstack service YAML, relative to the contract file.'),
  objective: Objective,
  slo: z.array(SloClause).max(8).default([]),
  workload: z.union([z.string().regex(/^[a-z][a-z0-9-]{0,39}$/), WorkloadSpec]),
  loadPoints: z.array(LoadPoint).min(1).max(8),
  seeds: z.strictObject({
    search: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31),
    confirm: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31),
  }),
  /** Measured repeats of a trial, and of the A/A calibration. Source: at least five A/A repeats, docs/verdicts.md. */
  repeats: z.number().int().min(1).max(20).default(3),
  calibrationRepeats: z.number().int().min(3).max(20).default(5),
  loadPath: z.enum(['direct', 'attached', 'server-proxy', 'gateway']).default('direct'),
  allowedHardware: z.array(HardwareChoice).min(1).max(10),
  minContextTokens: z.number().int().min(1),
  quality: z
    .strictObject({
      minCanaries: z.number().int().min(1).max(20).default(12),
      marginPoints: z.number().min(0).max(100).default(3),
      acceptedLosses: z
        .array(z.enum(['fp8-weights', 'int4-weights', 'fp8-kv', 'speculation']))
        .default([]),
    })
    .default({ minCanaries: 12, marginPoints: 3, acceptedLosses: [] }),
  chatTemplateArgs: z.record(z.string(), z.unknown()).default({}),
  sampling: z
    .strictObject({
      temperature: z.number().min(0).max(2).default(0),
      topP: z.number().gt(0).max(1).optional(),
    })
    .default({ temperature: 0 }),
  onPlateau: z.enum(['explore', 'stop']).default('explore'),
});
export type MeasurementTerms = z.infer<typeof MeasurementTerms>;

/** The frozen terms of a session, as written in contract.yml. Published as docs/contract.schema.json. */
export const Contract = z.strictObject({
  version: z.literal(1),
  terms: MeasurementTerms,
  budget: Budget,
});
export type Contract = z.infer<typeof Contract>;
