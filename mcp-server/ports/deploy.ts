import type { z } from 'zod';
import type {
  BackendId,
  Budget,
  HardwareChoice,
  MeasurementTerms,
} from '../core/contract/contract.ts';
import type { Endpoint, Instance, Room } from '../core/ledger/vocabulary.ts';

export type AllowedHardware = z.infer<typeof HardwareChoice>;

/** Everything a backend needs to start one deployment. The service text is the user's file as planned. */
export interface DeployRequest {
  readonly sessionId: string;
  readonly trialId: string;
  readonly deploymentId: string;
  readonly runName: string;
  readonly serviceYaml: string;
  /** Folder for logs and state of this deployment; exists. */
  readonly workDir: string;
  readonly budget: Budget;
  readonly deadlineAtMs: number;
  readonly idleMinutes: number;
  readonly allowedHardware: readonly AllowedHardware[];
  /** Seed of the launch, so that a simulated redeploy differs from the last as a real one would. */
  readonly launchSeed: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly modelConfig: Readonly<Record<string, unknown>> | null;
  /** How load reaches the service; a remote backend avoids a gateway unless it says `gateway`. */
  readonly loadPath?: MeasurementTerms['loadPath'] | undefined;
}

/** Serialisable identity of a deployment, written to the ledger; enough to find and stop it after a crash. */
export type DeployHandle = Readonly<Record<string, unknown>>;

export interface DeployPlan {
  /** Price of the hardware that would be taken; null when unknown. */
  readonly priceUsdPerHour: number | null;
  readonly notes: readonly string[];
}

/** `starting` covers provisioning, pulling, loading; `phase` says which, in the backend's own word. */
export type DeploymentStatus =
  | { readonly kind: 'starting'; readonly phase: string }
  | {
      readonly kind: 'ready';
      readonly endpoint: Endpoint;
      readonly instance: Instance;
      readonly priceUsdPerHour: number;
    }
  | {
      readonly kind: 'failed';
      readonly phase: string;
      /** Backend's own class, e.g. `exited`, `no_capacity`, `image_pull_failure`, `deadline`. */
      readonly reason: string;
      readonly exitCode: number | null;
      readonly message: string;
    }
  | { readonly kind: 'gone' };

export interface StopProof {
  readonly gone: boolean;
  /** What was looked at, e.g. `process group 4711: none`, `port 8000: closed`, `run status: terminated`. */
  readonly proof: readonly string[];
  /** Money by the backend's own books where it keeps any, else null and ours are used. */
  readonly costUsd: number | null;
}

export interface SetupFinding {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly message: string;
  readonly fix: string | null;
}

export interface SetupRequest {
  readonly serviceYaml: string | null;
  readonly budget: Budget | null;
  readonly sessionId: string | null;
}

/**
 * Where deployments live. One contract suite runs over every adapter (test/contracts/deploy.contract.ts).
 * Methods reject with DeployError only for what the caller cannot act on as data; all honour the signal.
 */
export interface Deploy {
  readonly backend: BackendId;
  /** True when its use costs real money. */
  readonly paid: boolean;
  /** Idempotent, creates nothing. */
  checkSetup(request: SetupRequest, signal: AbortSignal): Promise<readonly SetupFinding[]>;
  /** Validates and prices; creates nothing. */
  plan(request: DeployRequest, signal: AbortSignal): Promise<DeployPlan>;
  /** Starts and returns at once. The run name is in the ledger before this is called. */
  start(request: DeployRequest, signal: AbortSignal): Promise<DeployHandle>;
  /**
   * Whether one more deployment can run beside this one, as it would alone, so that two configurations can take turns. Asked once
   * the first one serves; creates nothing. The reason is a sentence for a person, without a full stop.
   */
  roomForSecond(running: DeployHandle, signal: AbortSignal): Promise<Room>;
  status(handle: DeployHandle, signal: AbortSignal): Promise<DeploymentStatus>;
  /** All output so far, capped to the last `maxBytes`, starting at a line. */
  logs(
    handle: DeployHandle,
    options: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<string>;
  /** Stops and proves it; idempotent; safe on a handle that never started or is long gone. */
  stop(handle: DeployHandle, signal: AbortSignal): Promise<StopProof>;
  /** Looks for a deployment whose start was intended but never confirmed (crash between the two). Null: none exists. */
  find(
    request: { readonly sessionId: string; readonly runName: string; readonly workDir: string },
    signal: AbortSignal,
  ): Promise<DeployHandle | null>;
  /** Ends what the session itself owns on the backend (its fleet); proves it. */
  releaseSession(sessionId: string, signal: AbortSignal): Promise<StopProof>;
  /** Headers that requests to the endpoint need (the bearer token); never stored or logged. */
  authHeaders(endpoint: Endpoint): Promise<Readonly<Record<string, string>>>;
}
