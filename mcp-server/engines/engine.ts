import type { EngineId } from '../core/ledger/vocabulary.ts';

/** One flag of an engine, as data (source: docs/dependencies.md, engine-flags.yaml; llama.cpp: its own --help). */
export interface FlagFact {
  readonly flag: string;
  readonly category: string;
  readonly type: string;
  readonly default: string | number | boolean | null;
  readonly choices: readonly string[] | null;
  readonly meaning: string;
  readonly affects: readonly string[];
  readonly since: string | null;
  readonly aliases: readonly string[];
  readonly constraints: readonly string[];
  /** True for a flag that parses and changes nothing. */
  readonly noOp: boolean;
}

/** Canonical keys of engine metrics; the engine tells its own name for each, or null. */
export const ENGINE_METRIC_KEYS = [
  'running',
  'queueDepth',
  'kvUsageRatio',
  'promptTokens',
  'cachedTokens',
  'generationTokens',
  'ttftSeconds',
  'tbotSeconds',
  'e2eSeconds',
  'queueSeconds',
  'preemptions',
  'requests',
] as const;
export type EngineMetricKey = (typeof ENGINE_METRIC_KEYS)[number];

/** A log line that an engine prints for a reason we know. */
export interface LogPattern {
  readonly cls: string;
  readonly severity: 'info' | 'warning' | 'error' | 'fatal';
  readonly pattern: RegExp;
  /** A root cause outranks the symptoms that follow it. */
  readonly rootCause: boolean;
}

/** Pure vendor knowledge of one engine. Adding an engine touches its folder, one line in engines/index.ts, and fixtures. */
export interface Engine {
  readonly id: EngineId;
  /** True when the argv (after wrappers) starts this engine. */
  matches(argv: readonly string[]): boolean;
  /** Index in argv of the first engine flag (behind `python -m sglang.launch_server`, `vllm serve MODEL`, …). */
  flagsStart(argv: readonly string[]): number;
  readonly flags: readonly FlagFact[];
  readonly removedFlags: Readonly<Record<string, string>>;
  readonly metricNames: Readonly<Record<EngineMetricKey, readonly string[]>>;
  readonly logPatterns: readonly LogPattern[];
  readonly readyLine: RegExp;
  readonly healthPath: string;
  /** Paths whose answers show the effective configuration. */
  readonly infoPaths: readonly string[];
  readonly defaultPort: number;
  /** Flags whose change can alter outputs (weights, KV type, speculation, attention, sampling). */
  readonly qualityFlags: readonly string[];
  readonly contextFlag: string;
  readonly modelFlag: string | null;
  /** Flags that only take a `1`/`0`-like presence. */
  isBooleanFlag(flag: string): boolean;
}
