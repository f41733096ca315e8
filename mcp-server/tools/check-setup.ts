import { z } from 'zod';
import { checkSetup } from '../app/check-setup.ts';
import { defineTool } from '../define-tool.ts';

export const checkSetupTool = defineTool({
  name: 'check_setup',
  title: 'Check the setup',
  description:
    'Checks every prerequisite of a loop and tells the fix of each that is missing: contract, service file, environment names, literal secrets, unpinned image, backend login and fleet, price limits, telemetry login, speed of this client. Creates nothing that costs money. Call it first.',
  input: z.strictObject({
    contract_file: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Contract to check, relative to the project; default: contract.yml.'),
  }),
  output: z.object({
    ready: z.boolean(),
    findings: z.array(
      z.object({
        check: z.string(),
        level: z.enum(['ok', 'warn', 'fail']),
        message: z.string(),
        fix: z.string().nullable(),
      }),
    ),
  }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: true },
  handler: async (app, args, call) => {
    const answer = await checkSetup(app, { ...args, nodeVersion: process.versions.node }, call);
    return { ...answer, findings: [...answer.findings] };
  },
});
