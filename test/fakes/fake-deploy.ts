import type { Room } from '../../mcp-server/core/ledger/vocabulary.ts';
import type {
  Deploy,
  DeployHandle,
  DeploymentStatus,
  DeployRequest,
  StopProof,
} from '../../mcp-server/ports/deploy.ts';

/** A backend whose deployments live in memory and follow a script of statuses; the last one stays. */
export interface FakeDeploy extends Deploy {
  readonly started: DeployRequest[];
  readonly stopped: string[];
  /** Run names of what runs now. */
  readonly alive: Set<string>;
}

export interface FakeDeployScript {
  readonly backend?: Deploy['backend'];
  readonly statuses?: readonly DeploymentStatus[];
  readonly paid?: boolean;
  readonly priceUsdPerHour?: number;
  readonly log?: string;
  readonly startError?: Error;
  /** The start throws after something was created. */
  readonly startsBeforeError?: boolean;
  /** What it says of another deployment beside the first; default: it holds two. */
  readonly second?: Room;
  readonly stopProofs?: readonly StopProof[];
}

export const READY: DeploymentStatus = {
  kind: 'ready',
  endpoint: { baseUrl: 'http://127.0.0.1:1', model: 'tiny', auth: 'none' },
  instance: { id: 'i-1', gpu: 'H100', driver: null, region: null },
  priceUsdPerHour: 3.6,
};

export function createFakeDeploy(script: FakeDeployScript = {}): FakeDeploy {
  const started: DeployRequest[] = [];
  const stopped: string[] = [];
  const alive = new Set<string>();
  const statuses = [...(script.statuses ?? [READY])];
  const proofs = [...(script.stopProofs ?? [])];
  const runNameOf = (handle: DeployHandle): string => String(handle['runName']);
  return {
    started,
    stopped,
    alive,
    backend: script.backend ?? 'simulated',
    paid: script.paid ?? false,
    checkSetup: async () => [],
    plan: async () => ({ priceUsdPerHour: script.priceUsdPerHour ?? 3.6, notes: [] }),
    start: async (request) => {
      started.push(request);
      if (script.startError === undefined || script.startsBeforeError === true) {
        alive.add(request.runName);
      }
      if (script.startError !== undefined) throw script.startError;
      return { runName: request.runName };
    },
    roomForSecond: async () => script.second ?? { holds: true, reason: 'it is a fake' },
    status: async (handle) => {
      if (!alive.has(runNameOf(handle))) return { kind: 'gone' };
      return (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? READY;
    },
    logs: async () => script.log ?? 'The server is fired up and ready to roll!\n',
    stop: async (handle) => {
      stopped.push(runNameOf(handle));
      const proof = proofs.shift() ?? { gone: true, proof: ['fake: none'], costUsd: null };
      if (proof.gone) alive.delete(runNameOf(handle));
      return proof;
    },
    find: async ({ runName }) => (alive.has(runName) ? { runName } : null),
    releaseSession: async () => ({ gone: true, proof: ['fake: released'], costUsd: 0 }),
    authHeaders: async () => ({}),
  };
}
