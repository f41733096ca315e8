import type { EngineId, Spread } from '../ledger/vocabulary.ts';
import type { MeasurementSummary } from '../metrics/summary.ts';
import type { ToldSettings } from '../telemetry/effective-settings.ts';
import type { ContextOperation } from '../telemetry/graphsignal-types.ts';
import type { LogEvent } from '../telemetry/log-event.ts';
import type { Level, LogLoad } from '../telemetry/log-load.ts';
import type { EngineReading } from '../telemetry/prometheus.ts';
import type { LoadPoint } from '../workload/workload.ts';
import type { EngineWords } from './engine-words.ts';

/** One measurement as its client saw it. */
export interface ClientView {
  readonly measurementId: string;
  readonly summary: MeasurementSummary;
  readonly loadPoint: LoadPoint;
  readonly flags: readonly string[];
  readonly engineTtftMeanMs: number | null;
}

/** A gauge over the window, from the profiler's points. */
export interface GaugeLevel extends Level {
  readonly name: string;
  readonly evidenceId: string;
}

/** Lower bounds of the hardware. Null when: the GPU or the model is not known. */
interface Floors {
  /** Units: ms per decode step at batch 1. */
  readonly decodeStepMs: number | null;
  /** Units: ms to compute the mean uncached prompt. */
  readonly prefillMs: number | null;
  /** Most output tokens per second at the measured load, without speculation; absent where it was not computed. */
  readonly outputTokensPerS?: number | null | undefined;
  /** Batch at which decode turns from bandwidth- to compute-bound. */
  readonly criticalBatch: number | null;
  readonly supportsFp8: boolean | null;
  readonly weightsAreHalf: boolean | null;
}

/** What a rule has to know of the model. */
export interface ModelView {
  /** Weights as run over the memory of one GPU; above 1 they need several. Null when: the GPU is unknown. */
  readonly weightsPerGpu: number | null;
  readonly isMoe: boolean;
  /** True when the KV cache is a latent that splitting over GPUs copies (MLA). */
  readonly hasLatentKv: boolean;
}

/** Everything that the rules may look at. Null parts were not observed; rules that need them say so. */
export interface Observation {
  readonly engine: EngineId;
  readonly words: EngineWords;
  readonly version: string | null;
  /** Canonical flags of the launch, null for a flag without a value. */
  readonly requested: ReadonlyMap<string, string | null>;
  /** Settings that the running engine tells, by its own names: in its answer about itself, then in its start-up lines. */
  readonly effective: readonly ToldSettings[] | null;
  /** Flags that this engine version takes and that do something. */
  readonly usableFlags: ReadonlySet<string>;
  readonly client: ClientView | null;
  /** The measurement that this one is compared with: the baseline's at the same load point. */
  readonly reference: ClientView | null;
  readonly metrics: {
    readonly readings: Readonly<Record<string, EngineReading>>;
    /** Increase of any other counter by its exact name, all its series added; labels as `name{key=value}`. */
    readonly counters: ReadonlyMap<string, number>;
    readonly means: ReadonlyMap<string, number>;
    /** Increase of a counter by data-parallel rank, where it tells one: counter to rank to value. */
    readonly byRank: ReadonlyMap<string, ReadonlyMap<string, number>>;
    /** Gauges sampled during the run; absent where it was only scraped around it. */
    readonly gauges?: readonly GaugeLevel[] | undefined;
    readonly evidenceId: string;
  } | null;
  readonly profile: {
    readonly gauges: ReadonlyMap<string, GaugeLevel>;
    readonly operations: readonly ContextOperation[];
    readonly evidenceId: string;
  } | null;
  readonly log: {
    readonly events: readonly LogEvent[];
    readonly load: LogLoad | null;
    readonly evidenceId: string;
  } | null;
  readonly floors: Floors | null;
  readonly hardware: {
    readonly gpu: string | null;
    readonly gpuCount: number;
    readonly cores: number | null;
  };
  readonly workload: {
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    /** Share of prompt tokens that the workload itself repeats, ratio 0..1. */
    readonly sharedRatio: number;
    /** Share of the output that repeats itself, ratio 0..1. Null when: no output was kept. */
    readonly repeatedRatio: number | null;
  } | null;
  readonly model: ModelView | null;
  /** Metric that the session improves, e.g. `outputTokensPerS`. Null when: no contract tells. */
  readonly objective: string | null;
  readonly minContextTokens: number;
  /** Spread of the A/A runs; key `<metric>.<quantile>@<load point index>`. */
  readonly spreads: Readonly<Record<string, Spread>>;
  /** Set when the deployment never served, or died. */
  readonly crash: { readonly phase: string; readonly crashClass: string } | null;
}

/** Parts that may not have been observed. */
export type ObservationPart =
  | 'client'
  | 'metrics'
  | 'profile'
  | 'log'
  | 'floors'
  | 'effective'
  | 'reference';
