import { z } from 'zod';
import type { SetupFinding, SetupRequest } from '../../../ports/deploy.ts';
import { fail, ok, warn } from './finding.ts';
import { Fleet } from './fleet.ts';
import { fleetNameOf } from './names.ts';
import { readSeconds } from './render.ts';
import type { RestAnswer } from './rest.ts';
import type { Connection } from './start.ts';

const Project = z.looseObject({ backends: z.array(z.unknown()).nullish() });
const Gateways = z.array(z.looseObject({ name: z.string(), default: z.boolean().nullish() }));

const LOGIN_FIX =
  'Log in again: `dstack project add --name P --url U --token T -y`, or set DSTACK_SERVER_URL, DSTACK_TOKEN and DSTACK_PROJECT.';

/** Token, project, backends, fleets and gateways of the server that the login names. */
export async function checkServer(
  connection: Connection,
  request: SetupRequest,
  signal: AbortSignal,
): Promise<readonly SetupFinding[]> {
  const { rest, credentials } = connection;
  const user = await rest.post('/api/users/get_my_user', {}, signal);
  const login = judgeLogin(user, credentials.source);
  if (login.level === 'fail') return [login];
  const name = encodeURIComponent(credentials.project);
  const project = await rest.post(`/api/projects/${name}/get`, {}, signal);
  if (project.kind !== 'ok') {
    return [
      login,
      fail(
        'dstack_project',
        'The dstack server does not show the project of the login.',
        'Run `dstack project list` and set DSTACK_PROJECT to one of them.',
      ),
    ];
  }
  const fleets = await rest.post(`/api/project/${name}/fleets/list`, {}, signal);
  const gateways = await rest.post(`/api/project/${name}/gateways/list`, {}, signal);
  const backends = Project.safeParse(project.value).data?.backends ?? [];
  return [
    login,
    judgeBackends(backends.length),
    ...judgeFleets(fleets, request),
    ...judgeGateways(gateways, request),
    ...judgeHost(credentials.url, backends.length),
  ];
}

function judgeLogin(answer: RestAnswer, source: 'environment' | 'config'): SetupFinding {
  const where = source === 'environment' ? 'the environment' : '~/.dstack/config.yml';
  if (answer.kind === 'ok')
    return ok('dstack_login', `The dstack server accepts the token of ${where}.`);
  if (answer.kind === 'unreachable') {
    return fail(
      'dstack_login',
      `The dstack server named in ${where} does not answer.`,
      'Start it (`dstack server`), or correct its URL.',
    );
  }
  return fail('dstack_login', `The dstack server refuses the token of ${where}.`, LOGIN_FIX);
}

function judgeBackends(count: number): SetupFinding {
  if (count > 0) return ok('dstack_backends', `${count} backend(s) in the project.`);
  return fail(
    'dstack_backends',
    'The project has no backend, so nothing can be rented.',
    'Configure a cloud in ~/.dstack/server/config.yml of the server, see `reference/server/config.yml` in the documentation of dstack.',
  );
}

/** A fleet's own default. Source: dstack 0.22.5, core/models/profiles.py DEFAULT_FLEET_TERMINATION_IDLE_TIME. */
const DEFAULT_IDLE_S = 3 * 86_400;

function judgeFleets(answer: RestAnswer, request: SetupRequest): readonly SetupFinding[] {
  const parsed = answer.kind === 'ok' ? z.array(Fleet).safeParse(answer.value) : null;
  if (parsed === null || !parsed.success) {
    return [
      warn(
        'dstack_fleet',
        'The fleets of the project could not be read.',
        'Run `dstack fleet` by hand.',
      ),
    ];
  }
  const own = request.sessionId === null ? 'ad-<session>' : fleetNameOf(request.sessionId);
  const findings: SetupFinding[] =
    parsed.data.length === 0
      ? [
          warn(
            'dstack_fleet',
            `The project has no fleet, and dstack places runs only in fleets; autodebug makes ${own} itself.`,
            'Nothing to do for a session. A plain `dstack apply` of the service needs a fleet: `{type: fleet, name: f1, nodes: 0..1, idle_duration: 10m}`.',
          ),
        ]
      : [
          ok(
            'dstack_fleet',
            `${parsed.data.length} fleet(s) in the project; trials use ${own} alone.`,
          ),
        ];
  const longS = (request.budget?.maxWallHours ?? 24) * 3600;
  return [...findings, ...parsed.data.flatMap((fleet) => judgeIdle(fleet, { own, longS }))];
}

function judgeIdle(
  fleet: Fleet,
  limit: { readonly own: string; readonly longS: number },
): readonly SetupFinding[] {
  const how = fleet.name === limit.own ? null : lingering(fleet, limit.longS);
  if (how === null) return [];
  return [
    warn(
      'dstack_fleet_idle',
      `The fleet ${fleet.name} ${how}, which bills by night too.`,
      `Set idle_duration (e.g. 10m) and nodes: 0..N in its file and apply it, or delete it with \`dstack fleet delete ${fleet.name}\`.`,
    ),
  ];
}

/** How a fleet of rented machines outlives a session. Null when: it does not, or its machines are the user's own. */
function lingering(fleet: Fleet, longS: number): string | null {
  const { ssh_config: ssh, nodes, idle_duration: idle } = fleet.spec.configuration;
  if (ssh !== null && ssh !== undefined) return null;
  if ((nodes?.min ?? 0) > 0) return 'always keeps nodes';
  const idleS = idle === 0 ? 0 : (readSeconds(idle ?? DEFAULT_IDLE_S) ?? Number.POSITIVE_INFINITY);
  return idleS > longS ? 'keeps an idle machine longer than the session lasts' : null;
}

function judgeGateways(answer: RestAnswer, request: SetupRequest): readonly SetupFinding[] {
  const parsed = answer.kind === 'ok' ? Gateways.safeParse(answer.value) : null;
  const gateways = parsed?.success === true ? parsed.data : [];
  const asks = /^gateway:\s*(?!false\b|null\b|~)\S/m.test(request.serviceYaml ?? '');
  if (!asks && gateways.length === 0) return [];
  const which = asks ? 'The service file asks for a gateway' : 'The project has a gateway';
  return [
    warn(
      'dstack_gateway',
      `${which}; it buffers streams, so first-token times through it are wrong.`,
      asks
        ? 'Write `gateway: false` in the service file.'
        : 'Nothing to do: trials are applied with `gateway: false`, unless the contract says loadPath: gateway.',
    ),
  ];
}

function judgeHost(url: string, backends: number): readonly SetupFinding[] {
  const isHere = /^https?:\/\/(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(url);
  if (!isHere || backends === 0) return [];
  return [
    warn(
      'dstack_server_here',
      'The dstack server runs on this machine and rents from a paid backend: while the machine sleeps, nothing stops an idle instance.',
      'Run the dstack server on a machine that stays up, or keep this one awake until stop_deployments has proven the end.',
    ),
  ];
}
