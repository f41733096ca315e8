import { z } from 'zod';

/** One typed change of a service file. `plan_trial` accepts these and nothing else. */
export const Change = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('set_flag'),
    flag: z
      .string()
      .regex(/^--?[a-zA-Z][a-zA-Z0-9_.-]{0,79}$/)
      .describe('Engine flag, e.g. --mem-fraction-static.'),
    value: z
      .string()
      .max(2000)
      .nullable()
      .default(null)
      .describe('Null for a flag without a value.'),
  }),
  z.strictObject({
    kind: z.literal('remove_flag'),
    flag: z.string().regex(/^--?[a-zA-Z][a-zA-Z0-9_.-]{0,79}$/),
  }),
  z.strictObject({
    kind: z.literal('set_env'),
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,79}$/),
    value: z.string().max(2000),
  }),
  z.strictObject({
    kind: z.literal('remove_env'),
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,79}$/),
  }),
  z.strictObject({ kind: z.literal('set_image'), image: z.string().min(1).max(300) }),
  z.strictObject({
    kind: z.literal('set_resource'),
    resource: z.enum(['cpu', 'memory', 'disk', 'shm_size']),
    value: z.string().min(1).max(60),
  }),
  z.strictObject({
    kind: z.literal('set_gpu'),
    gpu: z.string().min(1).max(60).describe('dstack gpu spec, e.g. H100:80GB:1.'),
  }),
]);
export type Change = z.infer<typeof Change>;

/** One-line text of a change, e.g. `--max-running-requests 64`. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'set_flag':
      return change.value === null ? change.flag : `${change.flag} ${change.value}`;
    case 'remove_flag':
      return `without ${change.flag}`;
    case 'set_env':
      return `env ${change.name}=${change.value}`;
    case 'remove_env':
      return `without env ${change.name}`;
    case 'set_image':
      return `image ${change.image}`;
    case 'set_resource':
      return `${change.resource} ${change.value}`;
    case 'set_gpu':
      return `gpu ${change.gpu}`;
  }
}
