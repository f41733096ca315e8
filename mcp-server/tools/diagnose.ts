import { z } from 'zod';
import { diagnoseTrial } from '../app/diagnose.ts';
import { MeasurementId, TrialId } from '../core/ledger/ids.ts';
import { Cause, RuledOut } from '../core/ledger/vocabulary.ts';
import { defineTool } from '../define-tool.ts';

const Floor = z.object({
  metric: z.string(),
  measured: z.number(),
  floor: z.number(),
  ratio: z.number(),
});

export const diagnoseTool = defineTool({
  name: 'diagnose',
  title: 'Diagnose a trial',
  description:
    'Ranks what limits a measured trial, or why it crashed, by the playbook over the stored evidence: metrics deltas, log, profile, client, physical limits. Each cause cites its evidence and names changes that this engine version takes, the expected effect, what would confirm and what would refute it. Says what it is not, and which evidence is missing. Read fetch_logs and fetch_telemetry first: it looks only at what is stored.',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Default: the trial deployed last.'),
    measurement_id: MeasurementId.optional().describe('Default: the trial’s last.'),
  }),
  output: z.object({
    diagnosisId: z.string(),
    trialId: z.string(),
    measurementId: z.string().nullable(),
    causes: z.array(Cause),
    floor: z.array(Floor),
    missing: z.array(z.string()),
    ruledOut: z.array(RuledOut).optional(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: false },
  handler: diagnoseTrial,
});
