import { z } from 'zod';
import { openSession } from '../app/open-session.ts';
import { Forced } from '../core/ledger/vocabulary.ts';
import { defineTool } from '../define-tool.ts';

export const openSessionTool = defineTool({
  name: 'open_session',
  title: 'Open a session',
  description:
    'Creates a tuning session from a contract, or goes on with the open session of the same measurement terms. Fills every safe default and says which. Answers with the brief and the next step. Without arguments it goes on with the open session, else reads contract.yml. The contract is frozen: other measurement terms make another session, and only a person changes the budget, in the file. Refuses an incomplete contract, and a paid backend without a budget or rehearsal. Writes files; deploys nothing.',
  input: z.strictObject({
    contract_file: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('YAML contract inside the project (docs/contract.schema.json).'),
    contract: z
      .record(z.string(), z.unknown())
      .optional()
      .describe(
        'Instead of a file: {terms: {model, backend, serviceFile, objective, slo, workload, loadPoints, …}, budget: {maxTotalUsd, maxUsdPerHour, …}}.',
      ),
    client_session: z
      .string()
      .max(100)
      .optional()
      .describe("The client's conversation id; switches its never-stop hooks on."),
    force: z
      .array(Forced)
      .max(5)
      .default([])
      .describe('Overrides with cause; known check: rehearsal.'),
  }),
  output: z.object({
    sessionId: z.string(),
    resumed: z.boolean(),
    contractHash: z.string(),
    filledDefaults: z.array(z.string()),
  }),
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
  handler: (app, args) => openSession(app, args),
});
