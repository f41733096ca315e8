import { parse } from 'yaml';
import { z } from 'zod';
import { DeployError } from '../../../core/errors.ts';
import { isRecord } from '../../../core/parse.ts';
import type { DeployPlan } from '../../../ports/deploy.ts';
import type { Environment } from '../child-env.ts';
import { classifyFailure, failureError } from './errors.ts';
import type { AppliedText } from './render.ts';
import type { DstackRest, RestAnswer } from './rest.ts';
import { isTerminal, parseRun } from './run-json.ts';

const Plan = z.looseObject({
  action: z.string().nullish(),
  current_resource: z.unknown(),
  job_plans: z.array(
    z.looseObject({
      total_offers: z.number().nullish(),
      offers: z.array(z.looseObject({ price: z.number(), availability: z.string().nullish() })),
    }),
  ),
});
type Plan = z.infer<typeof Plan>;

export interface PlanRequest {
  readonly rest: DstackRest;
  readonly project: string;
  readonly applied: AppliedText;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** Price of the machine that dstack would take first, asked of the whole market since no fleet exists yet. Creates nothing. */
export async function priceRun(request: PlanRequest): Promise<DeployPlan> {
  const spec = runSpecOf(request);
  const { fleets: _, ...configuration } = spec.configuration;
  const plan = await getPlan(request, {
    run_spec: { ...spec, configuration },
    for_offers_only: true,
  });
  const offers = plan.job_plans.flatMap((job) => job.offers).filter(isUsable);
  const prices = offers.map(({ price }) => price);
  const limit = `max_price holds it at or below ${String(configuration['max_price'])} USD per hour`;
  if (prices.length === 0) {
    return {
      priceUsdPerHour: null,
      notes: [
        'dstack has no offer for this hardware at this price now',
        limit,
        ...request.applied.notes,
      ],
    };
  }
  return {
    priceUsdPerHour: Math.min(...prices),
    notes: [`${prices.length} offers`, limit, ...request.applied.notes],
  };
}

/**
 * Refuses where applying would touch a run that exists: dstack would update it, or stop it and start anew.
 * Throws: DeployError `E_RUN_EXISTS`.
 */
export async function refuseExistingRun(request: PlanRequest): Promise<void> {
  const plan = await getPlan(request, { run_spec: runSpecOf(request), max_offers: 1 });
  const current = plan.current_resource === null ? null : parseRun(plan.current_resource);
  const isLive = current !== null && !isTerminal(current);
  if (plan.action !== 'update' && !isLive) return;
  throw new DeployError(
    'A run of this name is active on dstack, and applying would change or stop it.',
    {
      code: 'E_RUN_EXISTS',
      fix: 'Look at it with `dstack ps`; stop it there if it is yours, then plan another trial.',
    },
  );
}

/** Usable now or worth a try. Source: dstack 0.22.5, InstanceAvailability. */
function isUsable({
  availability,
}: {
  readonly availability?: string | null | undefined;
}): boolean {
  return ['unknown', 'available', 'idle'].includes(availability ?? 'unknown');
}

async function getPlan(request: PlanRequest, body: Record<string, unknown>): Promise<Plan> {
  const path = `/api/project/${encodeURIComponent(request.project)}/runs/get_plan`;
  const answer = await request.rest.post(path, body, request.signal);
  if (answer.kind !== 'ok') throw planError(answer);
  const parsed = Plan.safeParse(answer.value);
  if (parsed.success) return parsed.data;
  throw new DeployError('dstack described its plan in a form that is not known.', {
    code: 'E_DSTACK',
    fix: 'Run `dstack apply -f FILE` by hand and answer n; use a dstack version between 0.20 and 0.22.',
  });
}

function planError(answer: Exclude<RestAnswer, { readonly kind: 'ok' }>): Error {
  if (answer.kind === 'unreachable') {
    return failureError(said('Failed to connect to dstack server'), 'no answer', []);
  }
  if (answer.status === 401 || answer.status === 403) {
    return failureError(said('is denied. Please check your access token'), answer.said, []);
  }
  if (answer.status === 404)
    return failureError(said('Status code 404 when requesting'), answer.said, []);
  const text = answer.status === 422 ? 'validation error' : answer.said;
  return failureError(said(text), answer.said, []);
}

function said(text: string): ReturnType<typeof classifyFailure> {
  return classifyFailure({
    exitCode: 1,
    stdout: text,
    stderr: '',
    timedOut: false,
    notFound: false,
    durationMs: 0,
  });
}

function runSpecOf({ applied, environment }: PlanRequest): {
  readonly run_name: unknown;
  readonly configuration: Record<string, unknown>;
} {
  const value: unknown = parse(applied.text);
  const configuration = isRecord(value) ? value : {};
  return {
    run_name: configuration['name'],
    configuration: {
      ...configuration,
      env: resolveEnv(configuration['env'], environment),
      ...interpolateAuth(configuration['registry_auth'], environment),
    },
  };
}

/** The server cannot look into our environment, so bare names get their values here, as the CLI does it. */
function resolveEnv(lines: unknown, environment: Environment): Record<string, string> {
  const list = Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
  return Object.fromEntries(
    list.map((line): [string, string] => {
      const equals = line.indexOf('=');
      if (equals === -1) return [line, environment[line] ?? ''];
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

function interpolateAuth(auth: unknown, environment: Environment): Record<string, unknown> {
  if (!isRecord(auth)) return {};
  const filled = Object.entries(auth).map(([key, value]) => [
    key,
    typeof value === 'string'
      ? value.replaceAll(
          /\$\{\{\s*env\.(\w+)\s*\}\}/g,
          (_, name: string) => environment[name] ?? '',
        )
      : value,
  ]);
  return { registry_auth: Object.fromEntries(filled) };
}
