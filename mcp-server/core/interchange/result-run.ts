/** Who defined the numbers of a file. Numbers of two dialects are never compared. */
export type Dialect = 'autodebug' | 'vllm' | 'sglang' | 'aiperf' | 'guidellm';

/** Metrics of a run that have one value. Names as `vllm bench serve` writes them. */
export const RATE_NAMES = [
  'output_throughput',
  'total_token_throughput',
  'input_throughput',
  'request_throughput',
  'request_goodput',
] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** Latencies, each with statistics. `tpot` is our TBOT, `e2el` our TTLT, `icl` the gap between chunks. */
export const LATENCY_NAMES = ['ttft', 'tpot', 'itl', 'icl', 'e2el'] as const;
export type LatencyName = (typeof LATENCY_NAMES)[number];

/** A fact of the workload. Absent: the file does not say. Numbers named `…PerRequest` are compared with a tolerance. */
export type Workload = Readonly<Record<string, string | number>>;

/** One run as a result file tells it. */
export interface ResultRun {
  /** File, and line where the file has several runs, e.g. `a.jsonl:2`. */
  readonly source: string;
  readonly dialect: Dialect;
  /** What else the meaning of a number depends on, by family, e.g. chat or completions for TTFT. */
  readonly variants: Readonly<Partial<Record<LatencyName | RateName, string>>>;
  /** By canonical name (`output_throughput`, `median_ttft_ms`). Units: per second, or ms. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Values of single requests where the file has them. Units: ms. */
  readonly samples: Readonly<Partial<Record<LatencyName, readonly number[]>>>;
  /** Null when: the file does not say. */
  readonly completed: number | null;
  readonly failed: number | null;
  readonly workload: Workload;
}

/** A run before its dialect's facts are known to be complete. */
export type RunFacts = Omit<ResultRun, 'source' | 'dialect'>;
