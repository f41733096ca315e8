import { canonicalJson } from '../core/contract/canonical-json.ts';
import type { MeasurementTerms } from '../core/contract/contract.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { type GpuFacts, type GpuSpec, gpuFacts, readGpuSpec } from '../core/roofline/gpus.ts';
import { type ModelFacts, modelFacts } from '../core/roofline/models.ts';
import { normalConfig } from '../core/service/normal-config.ts';
import { commandFacts } from '../engines/command-facts.ts';
import type { CommandFacts } from '../engines/engine.ts';
import { type EngineService, readEngineService } from '../engines/read-launch.ts';
import type { App } from './app.ts';

/** A service text with all that a plan needs to know of it. */
export interface PlanSubject extends EngineService {
  readonly text: string;
  readonly configHash: string;
  /** Version of the engine. Null when: neither the image nor an earlier deployment tells. */
  readonly version: string | null;
  readonly facts: CommandFacts;
  readonly model: ModelFacts | null;
  readonly gpuSpec: GpuSpec | null;
  readonly gpu: GpuFacts | null;
}

/** Reads a service text as a plan sees it. Throws: InvalidInputError for a file or launch that cannot be used. */
export function readPlanSubject(
  app: Pick<App, 'hash'>,
  state: SessionState,
  text: string,
): PlanSubject {
  const read = readEngineService(text);
  const { service, launch, engine } = read;
  const { terms } = state.contract;
  const model = modelOf(read, terms);
  const version = versionOf(state, read);
  const gpuSpec = readGpuSpec(service.resources['gpu']);
  return {
    ...read,
    text,
    configHash: app.hash(canonicalJson(normalConfig(service, launch, engine))),
    version,
    facts: commandFacts(engine, launch.argv, { version, attentionHeads: model?.heads ?? null }),
    model,
    gpuSpec,
    gpu: gpuOf(gpuSpec, terms),
  };
}

function modelOf(
  { engine, launch, service }: EngineService,
  terms: MeasurementTerms,
): ModelFacts | null {
  const served = engine.modelOf(launch.argv) ?? service.modelName ?? terms.model.id;
  return modelFacts(served, terms.model.config ?? null) ?? modelFacts(terms.model.id);
}

/** The GPU that is asked for, else the first of the contract. */
function gpuOf(spec: GpuSpec | null, terms: MeasurementTerms): GpuFacts | null {
  const name = spec?.name ?? terms.allowedHardware[0]?.gpu ?? '';
  const memoryGb = spec?.memoryGb ?? null;
  return gpuFacts(memoryGb === null ? name : `${name}:${memoryGb}GB`);
}

/** By the image's tag, else as the last deployment of the same engine told (local installations have no tag). */
function versionOf(state: SessionState, read: EngineService): string | null {
  const { service, engine } = read;
  const byImage = service.image === null ? null : engine.versionOfImage(service.image);
  if (byImage !== null || service.image !== null) return byImage;
  const told = state.trials
    .filter((trial) => trial.planned.engine === engine.id)
    .flatMap((trial) => trial.deployments)
    .map((deployment) => deployment.ready?.engineVersion ?? null)
    .findLast((version) => version !== null);
  return /\d+(?:\.\d+)*/.exec(told ?? '')?.[0] ?? null;
}
