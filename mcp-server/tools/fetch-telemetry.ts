import { z } from 'zod';
import { fetchTelemetry } from '../app/fetch-telemetry.ts';
import { MeasurementId, TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

const Reading = z.object({
  key: z.string(),
  name: z.string(),
  kind: z.enum(['level', 'count', 'mean']),
  value: z.number(),
  observations: z.number().nullable(),
});
const Operation = z.object({
  operation: z.string(),
  cumtimeMs: z.number(),
  calls: z.number().nullable(),
  shareOfWall: z.number().nullable(),
  caution: z.string().nullable(),
});
const Metric = z.object({
  name: z.string(),
  statistic: z.enum(['last', 'sum', 'mean']),
  value: z.number(),
  points: z.number(),
});
const Sampled = z.object({
  name: z.string(),
  min: z.number(),
  mean: z.number(),
  max: z.number(),
  last: z.number(),
  n: z.number(),
  shareAboveZero: z.number(),
});
const Digest = z.object({
  measurementId: z.string(),
  metricsEvidenceId: z.string().nullable(),
  engine: z.array(Reading),
  sampled: z.array(Sampled),
  profilerEvidenceId: z.string().nullable(),
  profilerMissing: z.string().nullable(),
  generation: z.number().nullable(),
  operations: z.array(Operation),
  metrics: z.array(Metric),
  notes: z.array(z.string()),
});

export const fetchTelemetryTool = defineTool({
  name: 'fetch_telemetry',
  title: 'Fetch telemetry',
  description:
    'Fetches what the engine and its profiler know of measured windows: Graphsignal context as evidence, and window deltas of the engine’s own metrics. Answers a digest with evidence ids to cite: engine readings, the operations that took most time (inclusive: never add them), profiler metrics. No data is an answer with its reason. Waits for late data; returns a job id when that takes longer.',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Default: the trial deployed last.'),
    measurement_id: MeasurementId.optional().describe(
      'One measurement; default: all of the trial without a profile.',
    ),
    wait_s: z.number().int().min(0).max(50).default(45).describe('Seconds to wait for the end.'),
  }),
  output: z.object({ jobId: z.string(), status: z.string(), digests: z.array(Digest) }),
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: true },
  handler: async (app, args, call) => {
    const answer = await fetchTelemetry(app, args, call);
    return {
      ...answer,
      digests: answer.digests.map((digest) => ({
        ...digest,
        engine: [...digest.engine],
        sampled: [...digest.sampled],
        operations: [...digest.operations],
        metrics: [...digest.metrics],
        notes: [...digest.notes],
      })),
    };
  },
});
