import type { DatasetRow } from '../core/dataset/row.ts';
import type { PromptsSent } from '../core/workload/prompts-sent.ts';
import type { RequestRecord } from '../core/workload/request-record.ts';
import type { TokenCalibration } from '../core/workload/token-calibration.ts';
import type { LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';

/** A prompt that stands in no workload. Units: tokens; the length of the prompt is about so. */
export interface ExtraPrompt {
  readonly prompt: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** One load run. Prompts follow from (workload, seed, repeat) alone, so that trials pair by repeat. */
export interface LoadRequest {
  /** Root of the service, without `/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly workload: WorkloadSpec;
  /** Imported requests of a workload with a `dataset`. */
  readonly rows?: readonly DatasetRow[] | undefined;
  readonly loadPoint: LoadPoint;
  readonly seed: number;
  readonly repeat: number;
  readonly sampling: { readonly temperature: number; readonly topP?: number | undefined };
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** Whole run, warm-up included; at the deadline what is in flight is `timed_out` and the run ends. */
  readonly deadlineMs: number;
  /** Longest silence of one stream. */
  readonly stallMs: number;
  readonly warmup: boolean;
  /** Sends some prompts again, exactly or nearly, so that answers from a cache betray themselves. */
  readonly traps?: boolean | undefined;
  /** Prompts sent after those of the plan, in order, e.g. tasks whose right answer is known. */
  readonly extra?: readonly ExtraPrompt[] | undefined;
  /** Ends an open loop early once its queue grows without end; what was in flight is then censored. */
  readonly stopWhenSaturated?: boolean | undefined;
}

export interface LoadProgress {
  readonly phase: 'warmup' | 'measure';
  readonly completed: number;
  readonly total: number;
  readonly failed: number;
}

export interface LoadRun {
  readonly records: readonly RequestRecord[];
  /** Wall clock of the first and last measured event. */
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly cancelled: boolean;
  readonly rttMs: { readonly p50: number | null; readonly jitter: number | null };
  /** Health of the client itself: event-loop utilisation and lag over the measured phase. */
  readonly client: {
    readonly loopUtilisation: number;
    readonly loopLagP99Ms: number;
    readonly workers: number;
    /** Open loop: how late requests left, against the arrival table. Null in closed loop. */
    readonly sendLagP99Ms: number | null;
    /** Content events per network read, over the measured phase; well above 1 means that something buffers. */
    readonly eventsPerRead: number | null;
  };
  /** Part of the measured prompts that the workload itself shares (template, common prefix, repeats); null when unknown. */
  readonly sharedPromptRatio: number | null;
  readonly notes: readonly string[];
  /** What was sent, and what was known of the service's tokens when it was made. Absent: nobody looked. */
  readonly prompts?: PromptsSent | undefined;
  readonly calibration?: TokenCalibration | undefined;
  /** True when the run ended early because its queue grew without end. */
  readonly overSaturated?: boolean | undefined;
}

/**
 * Sends load. Failures of single requests are records, never exceptions. On abort it stops sending within 1 s and
 * returns what it has with `cancelled`.
 * Throws: LoadError `E_ENDPOINT` only when the endpoint cannot be reached at all before the first request.
 */
export interface LoadGenerator {
  run(
    request: LoadRequest,
    options: {
      readonly signal: AbortSignal;
      readonly onProgress?: (progress: LoadProgress) => void;
      /** Awaited after the warm-up and before the first measured request (the scrape of `metrics_before`). */
      readonly onMeasureStart?: () => Promise<void>;
    },
  ): Promise<LoadRun>;
  /** One small non-streaming chat completion, for canaries and readiness. Text is data: capped at 20,000 characters. */
  complete(
    request: {
      /** Another route that takes one JSON body, e.g. `/generate`. Absent: `/v1/chat/completions`. */
      readonly path?: string | undefined;
      readonly baseUrl: string;
      readonly model: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Readonly<Record<string, unknown>>;
      readonly timeoutMs: number;
    },
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: unknown; readonly text: string }>;
}
