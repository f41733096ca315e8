import { z } from 'zod';

/** Keys that dstack knows at the top of a service. Source: dstack 0.22 core/models/configurations.py, profiles.py. */
export const SERVICE_KEYS = [
  'type',
  'name',
  'image',
  'python',
  'nvcc',
  'docker',
  'commands',
  'entrypoint',
  'shell',
  'user',
  'working_dir',
  'env',
  'port',
  'model',
  'https',
  'gateway',
  'auth',
  'strip_prefix',
  'replicas',
  'scaling',
  'rate_limits',
  'probes',
  'resources',
  'volumes',
  'files',
  'repos',
  'registry_auth',
  'privileged',
  'single_branch',
  'dstack',
  'priority',
  'backends',
  'regions',
  'availability_zones',
  'instance_types',
  'reservation',
  'spot_policy',
  'retry',
  'max_price',
  'max_duration',
  'stop_duration',
  'idle_duration',
  'creation_policy',
  'utilization_policy',
  'schedule',
  'fleets',
  'instances',
  'tags',
  'backend_options',
  'startup_order',
  'stop_criteria',
] as const;

const EnvScalar = z.union([z.string(), z.number(), z.boolean()]).nullable();
const PORT_TEXT = /^(?:\d{1,5}:)?(\d{1,5})$/;

const Port = z
  .union(
    [z.number().int(), z.string().regex(PORT_TEXT, 'expected a port such as 8000 or "80:8000"')],
    {
      error: (issue) =>
        issue.input === undefined
          ? 'required, and missing'
          : 'expected a port such as 8000 or "80:8000"',
    },
  )
  .transform((port) => Number(typeof port === 'number' ? port : PORT_TEXT.exec(port)?.[1]))
  .pipe(z.number().int().min(1).max(65_535));

const Env = z.union([
  z
    .record(z.string(), EnvScalar)
    .transform((env) =>
      Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, value === null ? null : String(value)]),
      ),
    ),
  z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*(=|$)/, 'expected NAME or NAME=value'))
    .transform((lines) =>
      Object.fromEntries(
        lines.map((line): [string, string | null] => {
          const equals = line.indexOf('=');
          return equals === -1 ? [line, null] : [line.slice(0, equals), line.slice(equals + 1)];
        }),
      ),
    ),
]);

const Model = z
  .union([z.string().min(1), z.looseObject({ name: z.string().min(1) })])
  .transform((model) => (typeof model === 'string' ? model : model.name));

const orNull = <Value>(value: Value | null | undefined): Value | null => value ?? null;

/** The part of a service file that we read; everything else is carried along unread. */
export const ServiceFields = z.looseObject({
  type: z.literal('service', 'expected type: service, since autodebug deploys services only'),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,40}$/, 'expected 2 to 41 of a-z, 0-9 and -, beginning with a letter')
    .nullish()
    .transform(orNull),
  image: z.string().min(1).nullish().transform(orNull),
  commands: z
    .array(z.string(), 'expected a list of commands, the last of which starts the engine')
    .min(1, 'expected at least one command, the last of which starts the engine'),
  env: Env.nullish().transform((env) => env ?? {}),
  port: Port,
  model: Model.nullish().transform(orNull),
  resources: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((resources) => resources ?? {}),
  probes: z.array(z.unknown()).max(10).nullish().transform(orNull),
});
