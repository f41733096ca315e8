import { readFileSync } from 'node:fs';

/** A run as the fake server keeps it: what was applied, and how far its life has come. */
export interface FakeRun {
  readonly id: string;
  readonly name: string;
  readonly configuration: Record<string, unknown>;
  readonly env: Record<string, string>;
  readonly submittedAtMs: number;
  fate: 'healthy' | 'exits' | 'never' | 'no-capacity';
  stopAsked: 'stopped_by_user' | 'aborted_by_user' | null;
  stoppedAtMs: number | null;
  /** Replaces the state that the clock would give. */
  state: RunState | null;
  deleted: boolean;
  user: string;
}

export interface RunState {
  readonly status: string;
  readonly jobStatus: string;
  readonly terminationReason?: string | null;
  readonly jobReason?: string | null;
  readonly jobMessage?: string | null;
  readonly exitStatus?: number | null;
  readonly provisioned?: boolean;
  readonly streak?: number | null;
  readonly pull?: Record<string, unknown> | null;
}

const template = JSON.parse(
  readFileSync(new URL('../fixtures/dstack/run-failed-no-fleet.json', import.meta.url), 'utf8'),
);

/** Milliseconds after submission at which a healthy run is provisioned, pulls, runs, and has passed its probe. */
const PHASES = { provisioning: 40, pulling: 80, running: 120, probed: 200 } as const;

export function stateOf(run: FakeRun, nowMs: number, stopMs: number): RunState {
  if (run.state !== null) return run.state;
  if (run.stopAsked !== null) return stoppedState(run, nowMs, stopMs);
  const age = nowMs - run.submittedAtMs;
  if (run.fate === 'no-capacity' && age >= PHASES.provisioning) {
    return {
      status: 'failed',
      jobStatus: 'failed',
      terminationReason: 'job_failed',
      jobReason: 'failed_to_start_due_to_no_capacity',
      jobMessage: "No offers matching the run requirements in fleet 'f1'.",
    };
  }
  if (age < PHASES.provisioning) return { status: 'submitted', jobStatus: 'submitted' };
  if (age < PHASES.pulling)
    return { status: 'provisioning', jobStatus: 'provisioning', provisioned: true };
  if (age < PHASES.running)
    return { status: 'provisioning', jobStatus: 'pulling', provisioned: true };
  if (run.fate === 'exits' && age >= PHASES.probed) {
    return {
      status: 'failed',
      jobStatus: 'failed',
      terminationReason: 'job_failed',
      jobReason: 'container_exited_with_error',
      exitStatus: 3,
      provisioned: true,
    };
  }
  const passed = run.fate === 'healthy' && age >= PHASES.probed;
  return { status: 'running', jobStatus: 'running', provisioned: true, streak: passed ? 3 : 0 };
}

function stoppedState(run: FakeRun, nowMs: number, stopMs: number): RunState {
  const ended = run.stoppedAtMs !== null && nowMs - run.stoppedAtMs >= stopMs;
  if (!ended) return { status: 'terminating', jobStatus: 'terminating', provisioned: true };
  return {
    status: 'terminated',
    jobStatus: run.stopAsked === 'aborted_by_user' ? 'aborted' : 'terminated',
    terminationReason: run.stopAsked,
    jobReason: 'terminated_by_user',
    provisioned: true,
  };
}

const PROVISIONED = {
  backend: 'aws',
  instance_id: 'i-0123456789abcdef0',
  hostname: '192.0.2.10',
  region: 'us-east-1',
  price: 2.5,
  instance_type: {
    name: 'p5.4xlarge',
    resources: {
      cpus: 16,
      memory_mib: 262144,
      gpus: [{ name: 'H100', memory_mib: 81920 }],
      spot: false,
    },
  },
  gpu_driver: { vendor: 'nvidia', version: '570.86.15' },
  username: 'ubuntu',
  ssh_port: 22,
  dockerized: true,
};

/** The run as `run get --json` prints it: the recorded answer with this run's own facts in it. */
export function runJson(run: FakeRun, state: RunState): Record<string, unknown> {
  const json = structuredClone(template);
  const job = json.jobs[0];
  const finished = ['terminated', 'failed', 'done', 'aborted'].includes(state.jobStatus);
  Object.assign(job.job_submissions[0], {
    submitted_at: new Date(run.submittedAtMs).toISOString(),
    finished_at: finished ? new Date(run.submittedAtMs + 3_600_000).toISOString() : null,
    status: state.jobStatus,
    status_message:
      state.exitStatus === undefined || state.exitStatus === null
        ? state.jobStatus
        : `exited (${state.exitStatus})`,
    termination_reason: state.jobReason ?? null,
    termination_reason_message: state.jobMessage ?? null,
    exit_status: state.exitStatus ?? null,
    job_provisioning_data: state.provisioned === true ? PROVISIONED : null,
    probes:
      state.streak === undefined || state.streak === null ? [] : [{ success_streak: state.streak }],
    image_pull_progress: state.pull ?? null,
  });
  job.job_spec.env = run.env;
  Object.assign(json.run_spec, {
    run_name: run.name,
    configuration: { ...json.run_spec.configuration, ...run.configuration, env: run.env },
  });
  return {
    ...json,
    id: run.id,
    user: run.user,
    status: state.status,
    status_message: state.status,
    termination_reason: state.terminationReason ?? null,
    latest_job_submission: job.job_submissions[0],
    cost: state.provisioned === true ? 2.5 : 0,
    deleted: run.deleted,
    service: {
      url: `/proxy/services/main/${run.name}/`,
      model: { name: 'tiny', base_url: `/proxy/services/main/${run.name}/v1`, type: 'chat' },
      options: {},
    },
  };
}
