import { z } from 'zod';

const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? null);
const Number_ = z
  .number()
  .nullish()
  .transform((value) => value ?? null);

const RawProvisioning = z.looseObject({
  instance_id: Text,
  region: Text,
  price: Number_,
  instance_type: z
    .looseObject({
      resources: z
        .looseObject({ gpus: z.array(z.looseObject({ name: Text })).nullish() })
        .nullish(),
    })
    .nullish(),
  gpu_driver: z.looseObject({ version: Text }).nullish(),
});

/** The machine: incomplete while provisioning. */
const Provisioning = RawProvisioning.transform((data) => ({
  instanceId: data.instance_id,
  region: data.region,
  price: data.price,
  gpu: data.instance_type?.resources?.gpus?.[0]?.name ?? 'cpu',
  driver: data.gpu_driver?.version ?? null,
}));

const PullProgress = z.looseObject({ downloaded_bytes: Number_, total_bytes: Number_ });

const Submission = z.looseObject({
  id: z.string(),
  submission_num: Number_,
  deployment_num: Number_,
  submitted_at: Text,
  finished_at: Text,
  status: z.string(),
  status_message: Text,
  termination_reason: Text,
  termination_reason_message: Text,
  exit_status: Number_,
  error: Text,
  job_provisioning_data: Provisioning.nullish().transform((data) => data ?? null),
  probes: z
    .array(z.looseObject({ success_streak: z.number() }))
    .nullish()
    .transform((probes) => probes ?? []),
  image_pull_progress: PullProgress.nullish().transform((progress) => progress ?? null),
});
export type Submission = z.infer<typeof Submission>;

const Job = z.looseObject({
  job_spec: z.looseObject({
    replica_num: Number_,
    job_num: Number_,
    env: z.record(z.string(), z.unknown()).nullish(),
    probes: z
      .array(z.looseObject({ ready_after: z.number().nullish() }))
      .nullish()
      .transform((probes) => probes ?? []),
  }),
  job_submissions: z.array(Submission),
});
export type Job = z.infer<typeof Job>;

/** A run as `dstack run get --json` and the REST API give it; what we read, the rest is carried along unread. */
export const Run = z.looseObject({
  id: z.string(),
  user: Text,
  submitted_at: Text,
  status: z.string(),
  status_message: Text,
  termination_reason: Text,
  cost: Number_,
  deployment_num: Number_,
  deleted: z.boolean().nullish(),
  run_spec: z.looseObject({
    run_name: Text,
    configuration: z.looseObject({
      tags: z.record(z.string(), z.unknown()).nullish(),
      env: z.unknown(),
      auth: z.boolean().nullish(),
    }),
  }),
  jobs: z.array(Job),
  service: z
    .looseObject({
      url: z.string(),
      model: z.looseObject({ name: Text, base_url: Text }).nullish(),
    })
    .nullish()
    .transform((service) => service ?? null),
});
export type Run = z.infer<typeof Run>;

/** Null when: the value is not a run that we can read. */
export function parseRun(value: unknown): Run | null {
  const parsed = Run.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Terminal states of a run; every other word, also one nobody knows yet, means that it may still bill. */
const TERMINAL = ['terminated', 'failed', 'done'];
const JOB_FINISHED = ['terminated', 'aborted', 'failed', 'done'];

export function isTerminal(run: Run): boolean {
  return TERMINAL.includes(run.status);
}

/** True when the run and each submission of each of its jobs has ended. */
export function isFullyFinished(run: Run): boolean {
  return (
    isTerminal(run) &&
    run.jobs.every((job) =>
      job.job_submissions.every(({ status }) => JOB_FINISHED.includes(status)),
    )
  );
}

/** Last submission of each job, in the order of replicas. */
export function lastSubmissions(run: Run): readonly Submission[] {
  return run.jobs.flatMap((job) => job.job_submissions.at(-1) ?? []);
}

export function tagOf(run: Run, key: string): string | null {
  const value = run.run_spec.configuration.tags?.[key];
  return typeof value === 'string' ? value : null;
}
