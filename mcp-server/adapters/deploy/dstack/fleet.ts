import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { DeployError } from '../../../core/errors.ts';
import type { DstackCli } from './cli.ts';
import { classifyFailure, collapseOutput, failureError } from './errors.ts';
import { fleetNameOf, SESSION_TAG } from './names.ts';
import { writeApplied } from './write-applied.ts';

/** Instances that a session may hold at once. */
const MAX_NODES = 1;

/** Why a session runs one deployment at a time here. */
export const ONE_AT_A_TIME = `the fleet of a session holds ${MAX_NODES} instance (nodes: 0..${MAX_NODES}), and a run takes all of it`;

const FleetInstance = z.looseObject({
  name: z.string().nullish(),
  instance_num: z.number().nullish(),
  status: z.string(),
  price: z.number().nullish(),
});

export const Fleet = z.looseObject({
  name: z.string(),
  status: z.string().nullish(),
  spec: z.looseObject({
    configuration: z.looseObject({
      ssh_config: z.unknown(),
      idle_duration: z.union([z.number(), z.string()]).nullish(),
      nodes: z.looseObject({ min: z.number().nullish(), max: z.number().nullish() }).nullish(),
      tags: z.record(z.string(), z.unknown()).nullish(),
    }),
  }),
  instances: z.array(FleetInstance),
});
export type Fleet = z.infer<typeof Fleet>;

/** Null when: no fleet of that name exists. Throws: DeployError `E_DSTACK` when the answer is no fleet. */
export async function readFleet(
  cli: DstackCli,
  at: { readonly project: string; readonly name: string; readonly signal: AbortSignal },
): Promise<Fleet | null> {
  const value = await cli.json({
    args: ['fleet', '--project', at.project, 'get', at.name, '--json'],
    signal: at.signal,
  });
  if (value === null) return null;
  const parsed = Fleet.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DeployError('dstack described a fleet in a form that is not known.', {
    code: 'E_DSTACK',
    fix: 'Run `dstack fleet get NAME --json` by hand; use a dstack version between 0.20 and 0.22.',
  });
}

/** Instances that still exist, one line each; a terminated one bills no more. */
export function liveInstances(fleet: Fleet): readonly string[] {
  return fleet.instances
    .filter(({ status }) => status !== 'terminated')
    .map(
      ({ name, instance_num: number, status }) =>
        `${name ?? `instance ${number ?? '?'}`} ${status}`,
    );
}

export function isOurFleet(fleet: Fleet, sessionId: string): boolean {
  return (
    fleet.name === fleetNameOf(sessionId) &&
    fleet.spec.configuration.tags?.[SESSION_TAG] === sessionId
  );
}

/**
 * Makes the session's own fleet: no node until used, one at most, gone from the books of the cloud after the idle time.
 * Idempotent. Throws: DeployError `E_FLEET_FOREIGN` when the name belongs to somebody else.
 */
export async function ensureFleet(
  cli: DstackCli,
  request: {
    readonly project: string;
    readonly sessionId: string;
    readonly idleMinutes: number;
    readonly workDir: string;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { project, sessionId, signal } = request;
  const name = fleetNameOf(sessionId);
  const existing = await readFleet(cli, { project, name, signal });
  if (existing !== null) {
    if (isOurFleet(existing, sessionId)) return name;
    throw foreignFleet();
  }
  const file = 'dstack-fleet.yml';
  writeApplied(join(request.workDir, file), fleetText(request));
  const result = await cli.call({
    args: ['apply', '-f', file, '-y', '-d', '--project', project],
    cwd: request.workDir,
    signal,
  });
  if (result.exitCode !== 0)
    throw failureError(classifyFailure(result), collapseOutput(result), []);
  const made = await readFleet(cli, { project, name, signal });
  if (made !== null) return name;
  throw new DeployError(`dstack accepted the fleet ${name}, but does not list it.`, {
    code: 'E_FLEET',
    fix: `Run \`dstack fleet get ${name} --json\` and try again.`,
    retryable: true,
  });
}

/** The fleet as a file: `nodes` from 0, so that it costs nothing until a trial runs. */
function fleetText(request: { readonly sessionId: string; readonly idleMinutes: number }): string {
  return stringify({
    type: 'fleet',
    name: fleetNameOf(request.sessionId),
    nodes: `0..${MAX_NODES}`,
    idle_duration: `${Math.round(request.idleMinutes * 60)}s`,
    tags: { [SESSION_TAG]: request.sessionId },
  });
}

function foreignFleet(): DeployError {
  return new DeployError("A fleet with the session's name exists and does not carry its tag.", {
    code: 'E_FLEET_FOREIGN',
    fix: 'Find out whose fleet it is with `dstack fleet`; delete it there, or open another session.',
  });
}
