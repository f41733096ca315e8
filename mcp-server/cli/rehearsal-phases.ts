import { z } from 'zod';
import type { ToolCaller, ToolReply } from '../app/autopilot.ts';

/** A server of ours as a child process, which a rehearsal may kill. */
export interface RehearsalServer {
  readonly callTool: ToolCaller;
  /** SIGKILL, as a crash would. */
  readonly kill: () => void;
  readonly close: () => Promise<unknown>;
}

export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** Null before anything that costs is known to run. */
  readonly usd: number | null;
  readonly note: string;
}

export interface Rehearsal {
  readonly ok: boolean;
  readonly phases: readonly Phase[];
  readonly problem: string | null;
  readonly priceUsdPerHour: number | null;
  readonly costUsd: number | null;
}

export interface RehearsalStage {
  readonly connect: () => Promise<RehearsalServer>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onPhase: (phase: Phase) => void;
  /** Arguments of open_session: the contract with its budget lowered. */
  readonly open: Record<string, unknown>;
  /** Load points of the contract, shortened. */
  readonly shortLoad: readonly Readonly<Record<string, unknown>>[];
}

/** A step that did not do what it must. */
class RehearsalFailure extends Error {}

const Job = z.looseObject({ jobId: z.string(), status: z.string(), summary: z.string() });
const Summary = z.looseObject({ summary: z.string() });
const Outcome = z.looseObject({ kind: z.string(), priceUsdPerHour: z.number().optional() });
const Deployed = z.looseObject({
  outcome: Outcome.nullable().optional(),
  result: Outcome.nullable().optional(),
});
const Stopped = z.looseObject({
  stopped: z.array(z.looseObject({ proof: z.array(z.string()), costUsd: z.number() })).optional(),
  result: z
    .looseObject({
      stopped: z.array(z.looseObject({ proof: z.array(z.string()), costUsd: z.number() })),
    })
    .nullable()
    .optional(),
});

/** How long a benchmark runs before our server is killed under it. */
const KILL_AFTER_MS = 1500;
const ERROR_CHARS = 400;

/**
 * Deploys, loads, reads telemetry, kills our own server once and goes on, then tears down with proof. Whatever fails, the
 * teardown is tried. Never rejects.
 */
export async function rehearse(stage: RehearsalStage): Promise<Rehearsal> {
  const hand = createHand(stage);
  const problem = await problemOf(() => playPhases(stage, hand));
  const left = await problemOf(() => tearDown(hand));
  await hand.close();
  return {
    ok: problem === null && left === null,
    problem: problem ?? left,
    phases: hand.phases,
    priceUsdPerHour: hand.price,
    costUsd: hand.cost,
  };
}

async function problemOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof RehearsalFailure ? error.message : `unexpected: ${String(error)}`;
  }
}

/** The one connection of a rehearsal, its clock and its books. */
interface Hand {
  readonly phases: Phase[];
  price: number | null;
  cost: number | null;
  /** Runs a named phase and notes its time and money. */
  phase(name: string, work: () => Promise<string>): Promise<void>;
  /** Calls a tool to its end; a refusal or failure ends the phase. */
  call(tool: string, args: Record<string, unknown>): Promise<unknown>;
  /** Server that is about to be killed; the next call starts another. */
  takeServer(): Promise<RehearsalServer>;
  close(): Promise<void>;
}

function createHand(stage: RehearsalStage): Hand {
  let server: RehearsalServer | null = null;
  const connected = async (): Promise<RehearsalServer> => {
    server ??= await stage.connect();
    return server;
  };
  const hand: Hand = {
    phases: [],
    price: null,
    cost: null,
    phase: async (name, work) => {
      const startedAt = stage.nowMs();
      const note = await work();
      const seconds = (stage.nowMs() - startedAt) / 1000;
      const usd = hand.price === null ? null : (hand.price * seconds) / 3600;
      const phase = { name, seconds, usd, note };
      hand.phases.push(phase);
      stage.onPhase(phase);
    },
    call: async (tool, args) => demand(tool, await callToEnd(await connected(), tool, args)),
    takeServer: async () => {
      const doomed = await connected();
      server = null;
      return doomed;
    },
    close: async () => {
      await server?.close().catch(() => undefined);
    },
  };
  return hand;
}

async function playPhases(stage: RehearsalStage, hand: Hand): Promise<void> {
  const probe = { purpose: 'probe', repeats: 1, load_points: stage.shortLoad };
  await hand.phase('open', async () => summaryOf(await hand.call('open_session', stage.open)));
  await hand.phase('deploy', async () => {
    const data = await hand.call('deploy', { trial_id: 'baseline' });
    const deployed = Deployed.parse(data);
    const outcome = deployed.outcome ?? deployed.result ?? null;
    hand.price = outcome?.priceUsdPerHour ?? null;
    if (outcome?.kind !== 'ready') throw new RehearsalFailure(summaryOf(data));
    return summaryOf(data);
  });
  await hand.phase('load', async () => summaryOf(await hand.call('benchmark', probe)));
  await hand.phase('telemetry', async () => summaryOf(await hand.call('fetch_telemetry', {})));
  await hand.phase('crash', async () => {
    const doomed = await hand.takeServer();
    void doomed.callTool('benchmark', { ...probe, wait_s: 0 }).catch(() => null);
    await stage.sleep(KILL_AFTER_MS);
    doomed.kill();
    await hand.call('get_status', {});
    const again = await hand.call('benchmark', probe);
    return `our server was killed under load and went on; ${summaryOf(again)}`;
  });
}

async function tearDown(hand: Hand): Promise<void> {
  await hand.phase('teardown', async () => {
    const data = await hand.call('stop_deployments', { final: true });
    const reply = Stopped.parse(data);
    const stopped = reply.stopped ?? reply.result?.stopped ?? [];
    hand.cost = stopped.reduce((sum, one) => sum + one.costUsd, 0);
    return summaryOf(data);
  });
}

function demand(tool: string, reply: ToolReply): unknown {
  if (reply.ok) return reply.data;
  throw new RehearsalFailure(`${tool}: ${reply.text.slice(0, ERROR_CHARS)}`);
}

function summaryOf(data: unknown): string {
  const parsed = Summary.safeParse(data);
  return parsed.success ? (parsed.data.summary.split('\n')[0] ?? '') : '';
}

/** Calls a tool and, while it answers with a running job, waits for that job. */
async function callToEnd(
  server: RehearsalServer,
  tool: string,
  args: Record<string, unknown>,
): Promise<ToolReply> {
  let reply = await server.callTool(tool, args);
  for (let job = readJob(reply); job?.status === 'running'; job = readJob(reply)) {
    reply = await server.callTool('wait_job', { job_id: job.jobId, wait_s: 45 });
  }
  const job = readJob(reply);
  if (job !== null && (job.status === 'interrupted' || job.status === 'cancelled')) {
    const what = `the job ${job.jobId} was ${job.status}: ${job.summary}`;
    return {
      ok: false,
      text: `E_JOB: ${what} Fix: rehearse again once nothing else ends its jobs.`,
    };
  }
  return reply;
}

function readJob(reply: ToolReply): z.infer<typeof Job> | null {
  if (!reply.ok) return null;
  const parsed = Job.safeParse(reply.data);
  return parsed.success ? parsed.data : null;
}
