/** Answer of a source. "No data" carries its reason and never stops the loop. */
export type TelemetryAnswer =
  | {
      readonly kind: 'data';
      readonly raw: string;
      readonly client: string;
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'none';
      readonly reason: string;
      readonly raw: string | null;
      readonly client: string | null;
    };

export interface TelemetryWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** Tag filters `key → value`, e.g. the deployment's own tag. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Reads what the engine and the profiler know. No method throws for an absent or failing source. */
export interface Telemetry {
  /** `GET /metrics` of the engine: Prometheus text. */
  scrapeMetrics(
    endpoint: { readonly baseUrl: string; readonly headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<TelemetryAnswer>;
  /** Effective configuration: `/server_info` (SGLang), `/version` and `/v1/models` (vLLM), `/props` (llama.cpp), as JSON text. */
  serverInfo(
    endpoint: {
      readonly baseUrl: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly paths: readonly string[];
    },
    signal: AbortSignal,
  ): Promise<TelemetryAnswer>;
  /** Profiler context of a window: Graphsignal's CLI or HTTP, or the simulated source; waits and retries inside. */
  profilerContext(
    window: TelemetryWindow,
    options: {
      readonly simulatedBaseUrl: string | null;
      readonly signal: AbortSignal;
      readonly onWait?: (text: string) => void;
    },
  ): Promise<TelemetryAnswer>;
  /** Login state of the profiler's client, for check_setup. */
  profilerStatus(signal: AbortSignal): Promise<{
    readonly loggedIn: boolean;
    readonly client: string | null;
    readonly detail: string;
  }>;
}
