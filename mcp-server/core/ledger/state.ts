import type { Budget, Contract } from '../contract/contract.ts';
import type { EventData } from './events.ts';
import type { Spread } from './vocabulary.ts';

export type TrialPhase =
  | 'planned'
  | 'deploying'
  | 'ready'
  | 'measured'
  | 'judged'
  | 'closed'
  | 'crashed'
  | 'aborted';

export interface DeploymentState {
  readonly deploymentId: string;
  readonly trialId: string;
  readonly intended: EventData<'deploy_intended'>;
  readonly intendedAt: string;
  readonly handle: Record<string, unknown> | null;
  readonly startedAt: string | null;
  readonly ready: EventData<'deploy_ready'> | null;
  readonly readyAt: string | null;
  readonly failed: EventData<'deploy_failed'> | null;
  readonly stopIntendedAt: string | null;
  readonly gone: EventData<'deployment_gone'> | null;
  readonly goneAt: string | null;
}

export interface MeasurementState {
  readonly at: string;
  readonly data: EventData<'measurement_recorded'>;
}

export interface TrialState {
  readonly trialId: string;
  readonly phase: TrialPhase;
  readonly planned: EventData<'trial_planned'>;
  readonly plannedAt: string;
  readonly deployments: readonly DeploymentState[];
  readonly measurements: readonly MeasurementState[];
  readonly quality: readonly EventData<'quality_checked'>[];
  readonly diagnoses: readonly EventData<'diagnosed'>[];
  /** Whether its diagnosis held, checked with each verdict; the last is in force. */
  readonly mechanisms: readonly EventData<'mechanism_checked'>[];
  /** Verdicts in order; the last is in force. */
  readonly judgements: readonly EventData<'trial_judged'>[];
  readonly closed: EventData<'trial_closed'> | null;
  readonly closedAt: string | null;
}

export interface JobState {
  readonly jobId: string;
  readonly startedAt: string;
  readonly started: EventData<'job_started'>;
  readonly ended: EventData<'job_ended'> | null;
  readonly endedAt: string | null;
}

/** State of a session: a pure fold of its ledger. */
export interface SessionState {
  readonly sessionId: string;
  readonly openedAt: string;
  readonly lastAt: string;
  readonly lastSeq: number;
  readonly contract: Contract;
  readonly contractHash: string;
  /** Folder that relative paths of the contract start from. */
  readonly baseDir: string;
  readonly budget: Budget;
  readonly trials: readonly TrialState[];
  readonly refusals: readonly EventData<'trial_refused'>[];
  readonly jobs: readonly JobState[];
  readonly evidence: ReadonlyMap<string, EventData<'evidence_stored'>>;
  readonly calibration: {
    readonly trialId: string;
    readonly spreads: Readonly<Record<string, Spread>>;
    /** Deployments of that trial that the spreads rest on; empty in ledgers that did not say. */
    readonly deployments: readonly string[];
  } | null;
  readonly bestId: string | null;
  readonly confirmed: EventData<'best_confirmed'> | null;
  readonly promoted: EventData<'promoted'> | null;
  /** The report that was written last; null again once something happened that it does not show. */
  readonly reported: EventData<'report_exported'> | null;
  readonly stopped: { readonly at: string; readonly data: EventData<'session_stopped'> } | null;
  /** Types of events that this version does not know, with their counts. */
  readonly unknownEvents: Readonly<Record<string, number>>;
}
