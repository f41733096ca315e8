import { type ClientView, type Observation } from '../core/playbook/observation.ts';
import {
  criticalBatch,
  decodeCeilingTokensPerS,
  decodeFloorMs,
  type Placement,
  prefillFloorMs,
} from '../core/roofline/floors.ts';
import { gpuFacts, readGpuSpec } from '../core/roofline/gpus.ts';
import { bytesPerWeight, modelFacts } from '../core/roofline/models.ts';
import type { ServiceFile } from '../core/service/service-file.ts';

export interface HardwareFacts {
  readonly service: ServiceFile | null;
  /** Where it landed; null when the backend does not tell. */
  readonly instanceGpu: string | null;
  readonly modelId: string;
  readonly modelConfig: Readonly<Record<string, unknown>> | null;
  readonly requested: ReadonlyMap<string, string | null>;
}

/** GPU and cores of a deployment: where it landed, else what its file asks for. */
export function observeHardware(facts: HardwareFacts): Observation['hardware'] {
  const resources = facts.service?.resources ?? {};
  const cores = leastNumber(resources['cpu']);
  if (/^cpu$/i.test(facts.instanceGpu ?? '')) return { gpu: null, gpuCount: 0, cores };
  const spec = readGpuSpec(resources['gpu']);
  return { gpu: facts.instanceGpu ?? spec?.name ?? null, gpuCount: spec?.count ?? 1, cores };
}

/** Lower bound of a dstack range: `8`, `8..`, `{min: 8}`. */
function leastNumber(value: unknown): number | null {
  const least = typeof value === 'object' && value !== null && 'min' in value ? value.min : value;
  if (typeof least !== 'string' && typeof least !== 'number') return null;
  const number = Number.parseInt(String(least), 10);
  return Number.isNaN(number) ? null : number;
}

/** What runs on what. Null when: GPU or model is not in the tables. */
export function placeOn(facts: HardwareFacts, hardware: Observation['hardware']): Placement | null {
  const gpu = hardware.gpu === null ? null : gpuFacts(hardware.gpu);
  const model = modelFacts(facts.modelId, facts.modelConfig);
  if (gpu === null || model === null) return null;
  const method = facts.requested.get('--quantization') ?? null;
  const weightBytesEach = method === null ? model.weightBytes : bytesPerWeight(method);
  const isKv8 = /fp8|int8|q8/.test(facts.requested.get('--kv-cache-dtype') ?? '');
  return {
    model,
    gpu,
    gpus: Math.max(1, hardware.gpuCount),
    weightBytesEach,
    kvBytesEach: isKv8 ? 1 : 2,
  };
}

/** Lower bounds for the measured work. Null when: GPU or model is not in the tables. */
export function observeFloors(
  facts: HardwareFacts,
  hardware: Observation['hardware'],
  client: ClientView | null,
): Observation['floors'] {
  const placement = placeOn(facts, hardware);
  if (placement === null) return null;
  const work = workOf(client);
  return {
    decodeStepMs: decodeFloorMs(placement, work.contextTokens).floorMs,
    prefillMs:
      work.promptTokens === null
        ? null
        : prefillFloorMs(placement, work.promptTokens - work.cachedTokens, work.cachedTokens)
            .floorMs,
    outputTokensPerS: ceilingOf(placement, client),
    criticalBatch: criticalBatch(placement),
    supportsFp8: placement.gpu.tflops8 !== null,
    weightsAreHalf: placement.weightBytesEach === 2,
  };
}

/** Null when: nothing was completed. */
function ceilingOf(placement: Placement, client: ClientView | null): number | null {
  const summary = client?.summary;
  if (summary === undefined || summary.completed === 0 || summary.concurrencyMean === null) {
    return null;
  }
  const contextTokens = (summary.inputTokens + summary.outputTokens / 2) / summary.completed;
  return decodeCeilingTokensPerS(placement, { batch: summary.concurrencyMean, contextTokens });
}

/** Sequences that decode at once: those in flight less those that wait or prefill. Source: Little's law over decode. */
function decodeBatch(summary: ClientView['summary']): number {
  const inFlight = summary.concurrencyMean ?? 1;
  const { outputTokensPerS, tbotMs } = summary;
  if (outputTokensPerS === null || tbotMs.mean === null) return inFlight;
  return Math.min(inFlight, (outputTokensPerS * tbotMs.mean) / 1000);
}

/** Mean prompt, its cached part, and the context that a decode step reads over its batch. */
function workOf(client: ClientView | null): {
  readonly promptTokens: number | null;
  readonly cachedTokens: number;
  readonly contextTokens: number;
} {
  const summary = client?.summary;
  if (summary === undefined || summary.completed === 0) {
    return { promptTokens: null, cachedTokens: 0, contextTokens: 0 };
  }
  const promptTokens = summary.inputTokens / summary.completed;
  const outputTokens = summary.outputTokens / summary.completed;
  return {
    promptTokens,
    cachedTokens: Math.min(promptTokens - 1, (summary.cachedTokens ?? 0) / summary.completed),
    contextTokens: decodeBatch(summary) * (promptTokens + outputTokens / 2),
  };
}
