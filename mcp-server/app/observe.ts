import { AutodebugError } from '../core/errors.ts';
import type { EventData } from '../core/ledger/events.ts';
import { baselineTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import { ownDeployment } from '../core/next-step/facts.ts';
import type { ClientView, Observation } from '../core/playbook/observation.ts';
import { viewModel } from '../core/playbook/views.ts';
import type { Placement } from '../core/roofline/floors.ts';
import { readFlags } from '../core/service/flags.ts';
import { parseLaunch } from '../core/service/launch.ts';
import { parseServiceFile, type ServiceFile } from '../core/service/service-file.ts';
import type { Engine } from '../engines/engine.ts';
import { engineById } from '../engines/index.ts';
import { usableFlags } from '../engines/usable-flags.ts';
import type { App } from './app.ts';
import {
  observeEffective,
  observeLog,
  observeMetrics,
  observeProfile,
  observeRepeats,
  observeSharedRatio,
} from './observe-evidence.ts';
import { type HardwareFacts, observeFloors, observeHardware, placeOn } from './observe-hardware.ts';

type Measurement = EventData<'measurement_recorded'>;

/** Everything that ledger and evidence know of a trial, as the playbook reads it. */
export async function observe(
  app: Pick<App, 'evidence' | 'files'>,
  state: SessionState,
  subject: { readonly trial: TrialState; readonly run: Measurement | null },
): Promise<Observation> {
  const { trial, run } = subject;
  const engine = engineById(trial.planned.engine);
  const deployment = deploymentOf(trial, run);
  const version = deployment?.ready?.engineVersion ?? trial.planned.engineVersion;
  const requested = requestedFlags(trial.planned.command, engine);
  const client = run === null ? null : clientView(run);
  const facts = await hardwareFacts(app, state, { trial, deployment, requested });
  const hardware = observeHardware(facts);
  return {
    engine: engine.id,
    words: engine.words,
    version,
    requested,
    effective: await observeEffective(app, state, deployment),
    usableFlags: usableFlags(engine, version),
    client,
    reference: referenceOf(state, trial, run),
    metrics: await observeMetrics(app, state, run),
    profile: await observeProfile(app, state, run),
    log: await observeLog(app, state, { deployment, run, engine }),
    floors: observeFloors(facts, hardware, client),
    hardware,
    workload:
      run === null
        ? null
        : {
            ...workloadOf(run),
            sharedRatio: await observeSharedRatio(app, state, run),
            repeatedRatio: await observeRepeats(app, state, run),
          },
    model: viewModel({
      ...facts,
      gpu: hardware.gpu,
      quantization: requested.get('--quantization') ?? null,
    }),
    objective: state.contract.terms.objective.metric,
    minContextTokens: state.contract.terms.minContextTokens,
    spreads: state.calibration?.spreads ?? {},
    crash: crashOf(deployment),
  };
}

/** Model and GPU of a run. Null when: one of them is not in the tables. */
export async function placementOf(
  app: Pick<App, 'files'>,
  state: SessionState,
  subject: { readonly trial: TrialState; readonly run: Measurement },
): Promise<Placement | null> {
  const { trial, run } = subject;
  const requested = requestedFlags(trial.planned.command, engineById(trial.planned.engine));
  const deployment = deploymentOf(trial, run);
  const facts = await hardwareFacts(app, state, { trial, deployment, requested });
  return placeOn(facts, observeHardware(facts));
}

async function hardwareFacts(
  app: Pick<App, 'files'>,
  state: SessionState,
  place: {
    readonly trial: TrialState;
    readonly deployment: DeploymentState | null;
    readonly requested: ReadonlyMap<string, string | null>;
  },
): Promise<HardwareFacts> {
  const { model } = state.contract.terms;
  return {
    service: await readService(app, place.trial),
    instanceGpu: place.deployment?.ready?.instance.gpu ?? null,
    modelId: model.id,
    modelConfig: model.config ?? null,
    requested: place.requested,
  };
}

function deploymentOf(trial: TrialState, run: Measurement | null): DeploymentState | null {
  const own = trial.deployments.find((one) => one.deploymentId === run?.deploymentId);
  return own ?? ownDeployment(trial);
}

function crashOf(deployment: DeploymentState | null): Observation['crash'] {
  const failed = deployment?.failed ?? null;
  return failed === null ? null : { phase: failed.phase, crashClass: failed.crashClass };
}

/** Flags as written and by their one canonical name. */
export function requestedFlags(
  command: string,
  engine: Engine,
): ReadonlyMap<string, string | null> {
  const requested = new Map<string, string | null>();
  try {
    for (const { flag, value } of readFlags(parseLaunch(command).argv, engine)) {
      requested.set(flag, value);
      requested.set(engine.canonicalFlag(flag), value);
    }
  } catch (error) {
    // A launch that is no simple command was refused when it was planned; a log alone can still be read.
    if (!(error instanceof AutodebugError)) throw error;
  }
  return requested;
}

async function readService(
  app: Pick<App, 'files'>,
  trial: TrialState,
): Promise<ServiceFile | null> {
  const text = await app.files.readOutput(trial.planned.file);
  if (text === null) return null;
  try {
    return parseServiceFile(text);
  } catch (error) {
    if (error instanceof AutodebugError) return null;
    throw error;
  }
}

function clientView(run: Measurement): ClientView {
  return {
    measurementId: run.measurementId,
    summary: run.summary,
    loadPoint: run.loadPoint,
    flags: run.flags,
    engineTtftMeanMs: run.engineTtftMeanMs,
  };
}

/** The baseline's last measurement at the same load point. Null when: there is none, or it is the baseline itself. */
function referenceOf(
  state: SessionState,
  trial: TrialState,
  run: Measurement | null,
): ClientView | null {
  if (run === null || trial.planned.parentId === null) return null;
  const same = baselineTrial(state).measurements.findLast(
    ({ data }) =>
      data.loadPointIndex === run.loadPointIndex && data.workloadHash === run.workloadHash,
  );
  return same === undefined ? null : clientView(same.data);
}

function workloadOf(run: Measurement): {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
} {
  const { summary } = run;
  const per = (tokens: number): number | null =>
    summary.completed > 0 ? tokens / summary.completed : null;
  return { inputTokens: per(summary.inputTokens), outputTokens: per(summary.outputTokens) };
}
