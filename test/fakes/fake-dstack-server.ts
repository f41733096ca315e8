import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type {
  ProcessRunner,
  RunRequest,
  RunResult,
} from '../../mcp-server/ports/process-runner.ts';
import { type FakeRun, runJson, stateOf } from './fake-dstack-run.ts';

export const FAKE_DSTACK = fileURLToPath(new URL('./fake-dstack.mjs', import.meta.url));
export const FAKE_TOKEN = 'fake-token-0123456789';

export interface CliAnswer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  readonly hangMs?: number;
}

export interface CliRecord {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly file: string | null;
}

export interface FakeFleet {
  readonly name: string;
  configuration: Record<string, unknown>;
  instances: Record<string, unknown>[];
}

type Json = Record<string, unknown>;
const FATES = ['healthy', 'exits', 'never', 'no-capacity'] as const;

/** A dstack server of the shapes of 0.22.5: enough of its REST API, its proxy, and what its CLI would print. */
export class FakeDstackServer {
  readonly runs: FakeRun[] = [];
  readonly fleets: FakeFleet[] = [];
  readonly calls: CliRecord[] = [];
  readonly posts: { readonly path: string; readonly body: Json }[] = [];
  backends: unknown[] = [{ name: 'aws', config: {} }];
  gateways: unknown[] = [];
  offers: unknown[] = [{ price: 2.5, availability: 'available' }];
  logLines = ['INFO: loading weights\n', 'INFO: Application startup complete\n'];
  /** Asked before a call is answered; an answer replaces the usual one. */
  onCli: ((call: CliRecord) => CliAnswer | null) | null = null;
  /** Asked before a REST call is answered; `[status, body]` replaces the usual one. */
  onPost: ((path: string, body: Json) => readonly [number, unknown] | null) | null = null;
  /** How long a stopped run terminates; Infinity: it never ends by `stop`, only by `stop -x`. */
  stopMs = 30;
  health = 200;
  version = '0.22.5';
  url = '';
  private readonly server = createServer((request, response) => {
    void this.answer(request, response);
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The environment under which the adapter meets this server. */
  environment(more: Record<string, string> = {}): Record<string, string | undefined> {
    return {
      PATH: process.env['PATH'],
      DSTACK_BIN: FAKE_DSTACK,
      DSTACK_SERVER_URL: this.url,
      DSTACK_TOKEN: FAKE_TOKEN,
      DSTACK_PROJECT: 'main',
      ...more,
    };
  }

  /** Runs the fake command without starting a program, for tests that need no real process. */
  runner(): ProcessRunner {
    return { run: async (request) => this.runInside(request) };
  }

  private async runInside(request: RunRequest): Promise<RunResult> {
    const base = { stdout: '', stderr: '', timedOut: false, notFound: false, durationMs: 1 };
    const { args, cwd = '/', env = {} } = request;
    if (args[0] === '--version') return { ...base, exitCode: 0, stdout: `${this.version}\n` };
    const at = args.indexOf('-f');
    const file = at === -1 ? null : readFileSync(join(cwd, args[at + 1] ?? ''), 'utf8');
    const answer = this.answerCli({ argv: args, cwd, env, file });
    if ((answer.hangMs ?? 0) > request.timeoutMs)
      return { ...base, exitCode: null, timedOut: true };
    return {
      ...base,
      exitCode: answer.exitCode ?? 0,
      stdout: answer.stdout ?? '',
      stderr: answer.stderr ?? '',
    };
  }

  /** Calls of one command, e.g. `stop`. */
  callsOf(command: string): readonly CliRecord[] {
    return this.calls.filter(({ argv }) => argv[0] === command);
  }

  addRun(configuration: Json, change: Partial<FakeRun> = {}): FakeRun {
    const env = envOf(configuration['env']);
    const run: FakeRun = {
      id: randomUUID(),
      name: String(configuration['name']),
      configuration,
      env,
      submittedAtMs: Date.now(),
      fate: FATES.find((fate) => fate === env['FAKE_FATE']) ?? 'healthy',
      stopAsked: null,
      stoppedAtMs: null,
      state: null,
      deleted: false,
      user: 'admin',
      ...change,
    };
    this.runs.push(run);
    return run;
  }

  private find(by: { readonly name?: unknown; readonly id?: unknown }): FakeRun | null {
    if (by.id !== undefined) return this.runs.find(({ id }) => id === by.id) ?? null;
    return this.runs.findLast(({ name, deleted }) => name === by.name && !deleted) ?? null;
  }

  private json(run: FakeRun): Json {
    return runJson(run, stateOf(run, Date.now(), this.stopMs));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '';
    const text = await readBody(request);
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (url === '/healthcheck') return send(200, { status: 'running' });
    if (url === '/fake-cli') return send(200, this.answerCli(JSON.parse(text) as CliRecord));
    if (url.startsWith('/proxy/services/')) return this.answerProxy(request, send);
    if (request.headers.authorization !== `Bearer ${FAKE_TOKEN}`) {
      return send(403, { detail: { msg: 'Invalid token', code: null } });
    }
    const body = JSON.parse(text === '' ? '{}' : text) as Json;
    this.posts.push({ path: url, body });
    const [status, value] = this.onPost?.(url, body) ?? this.answerPost(url, body);
    send(status, value);
  }

  private answerProxy(
    request: IncomingMessage,
    send: (status: number, body: unknown) => void,
  ): void {
    const [, , , project, name, ...rest] = (request.url ?? '').split('/');
    const run = this.find({ name });
    const state = run === null ? null : stateOf(run, Date.now(), this.stopMs);
    if (state?.status !== 'running' || (state.streak ?? 0) < 1) {
      return send(404, { detail: `Service ${project}/${name} not found` });
    }
    if (request.headers.authorization !== `Bearer ${FAKE_TOKEN}`) {
      return send(403, { detail: `Unauthenticated or unauthorized to access project ${project}` });
    }
    const path = `/${rest.join('/')}`;
    if (path === '/v1/models') return send(200, { data: [{ id: 'tiny' }] });
    return send(path === '/health' ? this.health : 200, { ok: true });
  }

  private answerPost(path: string, body: Json): readonly [number, unknown] {
    if (path === '/api/users/get_my_user')
      return [200, { username: 'admin', creds: { token: FAKE_TOKEN } }];
    if (path === '/api/projects/main/get')
      return [200, { project_name: 'main', backends: this.backends }];
    const call = /^\/api\/project\/main\/(.+)$/.exec(path)?.[1];
    if (call === 'fleets/list') return [200, this.fleets.map((fleet) => this.fleetJson(fleet))];
    if (call === 'gateways/list') return [200, this.gateways];
    if (call === 'runs/get_plan') return [200, this.planOf(body['run_spec'] as Json)];
    if (call === 'logs/poll') return [200, this.pageOf(body)];
    return [404, { detail: { msg: 'Not found', code: null } }];
  }

  private planOf(spec: Json): Json {
    const current = this.find({ name: spec['run_name'] });
    const json = current === null ? null : this.json(current);
    const isLive =
      json !== null && !['terminated', 'failed', 'done'].includes(String(json['status']));
    return {
      project_name: 'main',
      user: 'admin',
      run_spec: spec,
      job_plans: [{ offers: this.offers, total_offers: this.offers.length }],
      current_resource: json,
      action: isLive ? 'update' : 'create',
    };
  }

  private pageOf(body: Json): Json {
    const at = Number(body['next_token'] ?? 0);
    const lines = this.logLines.slice(at, at + 2);
    const next = at + 2 < this.logLines.length ? String(at + 2) : null;
    const logs = lines.map((line) => ({
      timestamp: new Date().toISOString(),
      log_source: 'stdout',
      message: Buffer.from(line).toString('base64'),
    }));
    return { logs, external_url: null, next_token: next };
  }

  private fleetJson(fleet: FakeFleet): Json {
    return {
      id: fleet.name,
      name: fleet.name,
      project_name: 'main',
      spec: { configuration: { ssh_config: null, ...fleet.configuration } },
      status: 'active',
      instances: fleet.instances,
    };
  }

  private answerCli(call: CliRecord): CliAnswer {
    this.calls.push(call);
    const special = this.onCli?.(call) ?? null;
    if (special !== null) return special;
    if (call.env['DSTACK_TOKEN'] !== FAKE_TOKEN) {
      return {
        exitCode: 1,
        stdout: `Access to ${this.url}/api/runs/list is denied. Please check your access token\n`,
      };
    }
    const words = call.argv.filter(
      (word, at) => word !== '--project' && call.argv[at - 1] !== '--project',
    );
    switch (words[0] ?? '') {
      case 'apply':
        return this.apply(call);
      case 'run':
        return this.getRun(words);
      case 'stop':
        return this.stop(words);
      case 'fleet':
        return this.fleet(words);
      case 'logs':
        return { stdout: this.logLines.join('') };
      default:
        return { exitCode: 2, stderr: `usage: dstack\n` };
    }
  }

  private apply({ file, env }: CliRecord): CliAnswer {
    const configuration = parse(file ?? '') as Json;
    if (configuration['type'] === 'fleet') {
      const name = String(configuration['name']);
      this.fleets.push({
        name,
        configuration: { ...configuration, nodes: { min: 0, max: 1 } },
        instances: [],
      });
      return { stdout: 'Fleet configuration submitted. Exiting...\n' };
    }
    const lines = (configuration['env'] ?? []) as string[];
    const bare = lines.find((line) => !line.includes('=') && env[line] === undefined);
    if (bare !== undefined)
      return { exitCode: 1, stdout: `Environment variable ${bare} is not set\n` };
    const values = lines.map((line) => (line.includes('=') ? line : `${line}=${env[line]}`));
    const run = this.addRun({ ...configuration, env: values });
    const fleet = this.fleets.find(
      ({ name }) => name === (configuration['fleets'] as string[] | undefined)?.[0],
    );
    fleet?.instances.push({ name: `${fleet.name}-0`, instance_num: 0, status: 'busy', price: 2.5 });
    return { stdout: `Run ${run.name} submitted, detaching...\n` };
  }

  private getRun(words: readonly string[]): CliAnswer {
    const at = words.indexOf('--id');
    const run = this.find(at === -1 ? { name: words[2] } : { id: words[at + 1] });
    if (run === null) return { exitCode: 1, stdout: `Run ${words[2] ?? ''} not found\n` };
    return { stdout: `${JSON.stringify(this.json(run), null, 2)}\n` };
  }

  private stop(words: readonly string[]): CliAnswer {
    const run = this.find({ name: words[1] });
    if (run === null) return { exitCode: 1, stdout: `Run ${words[1]} not found\n` };
    const abort = words.includes('-x');
    run.stopAsked = abort ? 'aborted_by_user' : 'stopped_by_user';
    if (abort && !Number.isFinite(this.stopMs)) this.stopMs = 0;
    run.stoppedAtMs ??= Date.now();
    for (const fleet of this.fleets)
      for (const instance of fleet.instances) instance['status'] = 'idle';
    return { stdout: abort ? 'Aborted\n' : 'Stopped\n' };
  }

  private fleet(words: readonly string[]): CliAnswer {
    const [, verb, name = ''] = words;
    const at = this.fleets.findIndex((fleet) => fleet.name === name);
    const fleet = this.fleets[at];
    if (verb === 'get') {
      if (fleet === undefined)
        return { exitCode: 1, stdout: `Fleet project=None name='${name}' not found\n` };
      return { stdout: `${JSON.stringify(this.fleetJson(fleet), null, 2)}\n` };
    }
    if (fleet === undefined) return { exitCode: 1, stdout: `Fleet ${name} does not exist\n` };
    this.fleets.splice(at, 1);
    return { stdout: `Fleet ${name} deleted\n` };
  }
}

function envOf(value: unknown): Record<string, string> {
  const lines = Array.isArray(value) ? value.map(String) : [];
  return Object.fromEntries(
    lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
