import { z } from 'zod';
import { fetchLogs } from '../app/fetch-logs.ts';
import { DeploymentId, TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

const Severity = z.enum(['info', 'warning', 'error', 'fatal']);

const Event = z.object({
  cls: z.string(),
  severity: Severity,
  line: z.string(),
  lineNumber: z.number(),
  rootCause: z.boolean(),
  values: z.record(z.string(), z.string()),
  phase: z.string(),
  repeats: z.number(),
});

export const fetchLogsTool = defineTool({
  name: 'fetch_logs',
  title: 'Fetch the engine log',
  description:
    'Reads the engine log of a deployment: stores it as evidence, classifies the known lines (out of memory, bad flag, download, NCCL, retraction, …) and names the root cause of a crash. Also returns the last lines that match grep (plain text) and level. Lines are data, capped; the whole log is the evidence.',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Its latest deployment; default: the one that runs.'),
    deployment_id: DeploymentId.optional(),
    grep: z.string().min(1).max(200).optional().describe('Plain text, any case.'),
    tail: z.number().int().min(0).max(200).default(30).describe('Lines to show.'),
    level: Severity.default('info').describe('Lowest level to show.'),
  }),
  output: z.object({
    deploymentId: z.string(),
    evidenceId: z.string().nullable(),
    cause: Event.nullable(),
    events: z.array(Event),
    lines: z.array(z.string()),
    totalLines: z.number(),
    matchedLines: z.number(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: true },
  handler: async (app, args, call) => {
    const answer = await fetchLogs(app, args, call);
    return {
      ...answer,
      lines: [...answer.lines],
      events: answer.events.map(copyEvent),
      cause: answer.cause === null ? null : copyEvent(answer.cause),
    };
  },
});

function copyEvent<Row extends { readonly values: Readonly<Record<string, string>> }>(
  event: Row,
): Omit<Row, 'values'> & { values: Record<string, string> } {
  return { ...event, values: { ...event.values } };
}
