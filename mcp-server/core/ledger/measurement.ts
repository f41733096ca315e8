import { z } from 'zod';
import { MeasurementSummary } from '../metrics/summary.ts';
import { PromptsSent } from '../workload/prompts-sent.ts';
import { LoadPoint } from '../workload/workload.ts';
import { BlockId, DeploymentId, EvidenceId, MeasurementId, TrialId } from './ids.ts';
import { MeasurementFlag, Purpose } from './vocabulary.ts';

/** A run of a block, in which trial and incumbent ran one after the other with the same prompts. */
const Turn = z.object({
  block: BlockId,
  /** 1 for the run that went first in its block, 2 for the other. */
  place: z.number().int().min(1).max(2),
});

/** One run as the ledger keeps it: its terms, its figures, and where its evidence lies. */
export const MeasurementRecorded = z.object({
  measurementId: MeasurementId,
  trialId: TrialId,
  deploymentId: DeploymentId,
  purpose: Purpose,
  workloadId: z.string(),
  workloadHash: z.string(),
  loadPoint: LoadPoint,
  loadPointIndex: z.number().int().nullable(),
  repeat: z.number().int(),
  seed: z.number().int(),
  windowStartMs: z.number(),
  windowEndMs: z.number(),
  summary: MeasurementSummary,
  /** Absent in older records. */
  prompts: PromptsSent.optional(),
  rttMs: z.object({ p50: z.number().nullable(), jitter: z.number().nullable() }),
  /** `engine` when the path's round trip is too large to judge TTFT at the client (over 10 % of its median). */
  ttftSource: z.enum(['client', 'engine']),
  engineTtftMeanMs: z.number().nullable(),
  flags: z.array(MeasurementFlag),
  notes: z.array(z.string().max(300)).default([]),
  evidence: z.array(EvidenceId),
  /** Set where the run took turns with one of the other configuration; absent elsewhere and in older ledgers. */
  turn: Turn.optional(),
});
