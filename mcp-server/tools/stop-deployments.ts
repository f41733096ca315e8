import { z } from 'zod';
import { stopDeployments } from '../app/stop-deployments.ts';
import { defineTool } from '../define-tool.ts';

const Stopped = z.object({
  deploymentId: z.string(),
  proof: z.array(z.string()),
  costUsd: z.number(),
});

export const stopDeploymentsTool = defineTool({
  name: 'stop_deployments',
  title: 'Stop deployments',
  description:
    'Stops the deployments that this session started and proves that they are gone. Stops all of them unless some are named; refuses a run that the session did not start. With final it also gives back what the session holds on the backend (its fleet).',
  input: z.strictObject({
    deployments: z
      .array(z.string().min(1).max(60))
      .min(1)
      .max(50)
      .optional()
      .describe('Deployment ids or run names of this session; default: all that it holds.'),
    final: z
      .boolean()
      .default(false)
      .describe('Also release what the session holds on the backend.'),
    wait_s: z.number().int().min(0).max(50).default(45).describe('Seconds to wait for the proof.'),
  }),
  output: z.object({
    jobId: z.string(),
    status: z.string(),
    stopped: z.array(Stopped),
    released: z.array(z.string()),
  }),
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: true },
  handler: async (app, args, call) => {
    const answer = await stopDeployments(app, args, call);
    return { ...answer, released: [...answer.released], stopped: answer.stopped.map(copyProof) };
  },
});

function copyProof<Row extends { readonly proof: readonly string[] }>(
  row: Row,
): Omit<Row, 'proof'> & { proof: string[] } {
  return { ...row, proof: [...row.proof] };
}
