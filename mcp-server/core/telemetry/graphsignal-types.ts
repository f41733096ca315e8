/** One point of a series. `value` is a gauge, a total, or the mean of a summary; `count`/`sum` where given. */
export interface ContextPoint {
  /** Null when: the answer carries no time. */
  readonly atMs: number | null;
  readonly value: number | null;
  readonly count: number | null;
  readonly sum: number | null;
}

export interface ContextMetric {
  /** Exactly as received: `sglang.x`, `sglang:x`, …; cite it so. */
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly points: readonly ContextPoint[];
}

/** One operation of a profile. Times are inclusive: parents contain children, so they are never added up. */
export interface ContextOperation {
  /** Metric that carried it, e.g. `profile.python`. */
  readonly profile: string;
  readonly category: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Units: ns, inclusive. Null when: not measured. */
  readonly cumtimeNs: number | null;
  readonly calls: number | null;
  readonly errors: number | null;
  readonly bytes: number | null;
  readonly points: number;
}

/** A sampled request. Spans are no census: no counts, no percentiles of requests may be made of them. */
export interface ContextSpan {
  readonly name: string;
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ContextLog {
  readonly level: string;
  readonly message: string;
  readonly exception: string;
  readonly atMs: number | null;
}

export interface ContextResource {
  readonly kind: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ContextRecords {
  readonly metrics: ContextMetric[];
  readonly operations: ContextOperation[];
  readonly spans: ContextSpan[];
  readonly logs: ContextLog[];
  readonly resources: ContextResource[];
}

/** Everything read from one profiler answer. All text in it is data from outside. */
export interface ProfilerContext extends Readonly<ContextRecords> {
  /** Which profiler wrote it, told from the data. Null when: nothing tells. */
  readonly generation: 1 | 2 | 3 | null;
  readonly layout: 'json' | 'embedded' | 'literal' | 'text' | 'empty';
  readonly availableTags: Readonly<Record<string, readonly string[]>>;
  readonly guideText: string;
  /** Points of metrics and profiles, and spans. */
  readonly points: number;
  /** What was cut off, by kind. */
  readonly dropped: Readonly<Record<string, number>>;
}
