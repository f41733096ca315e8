import { z } from 'zod';
import { computeMetrics } from '../app/compute-metrics.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

const Values = z.object({
  mean: z.number().nullable(),
  sd: z.number().nullable(),
  n: z.number().int(),
});

export const computeMetricsTool = defineTool({
  name: 'compute_metrics',
  title: 'Table of a trial’s metrics',
  description:
    'The metrics of a trial over its runs, mean and sample sd per load point, client and engine side by side, beside baseline and best. Computed from the stored measurements; unknown is null, never 0. Lists each measurement with its flags, notes and evidence ids, for citations such as [m0007-02 ttftMs.p95=412.3].',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Default: the trial measured last.'),
  }),
  output: z.object({
    trialId: z.string(),
    baselineId: z.string().nullable(),
    bestId: z.string().nullable(),
    simulated: z.boolean(),
    rows: z.array(
      z.object({
        loadPointIndex: z.number().int(),
        loadPoint: z.string(),
        metric: z.string(),
        label: z.string(),
        unit: z.string(),
        trial: Values,
        engine: z.number().nullable(),
        baseline: Values.nullable(),
        best: Values.nullable(),
      }),
    ),
    floors: z.array(
      z.object({
        metric: z.string(),
        measured: z.number(),
        floor: z.number(),
        ratio: z.number(),
      }),
    ),
    measurements: z.array(
      z.object({
        measurementId: z.string(),
        purpose: z.string(),
        loadPoint: z.string(),
        repeat: z.number().int(),
        ttftSource: z.string(),
        flags: z.array(z.string()),
        notes: z.array(z.string()),
        evidence: z.array(z.string()),
      }),
    ),
  }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  handler: computeMetrics,
});
