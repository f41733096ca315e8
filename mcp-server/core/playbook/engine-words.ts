export type SettingKey =
  | 'maxRunning'
  | 'chunk'
  | 'prefillBatch'
  | 'memoryFraction'
  | 'conservativeness'
  | 'graphMaxBatch'
  | 'contextLength'
  | 'kvDtype'
  | 'quantization'
  | 'dtype'
  | 'tensorParallel'
  | 'dataParallel'
  | 'pipelineParallel'
  | 'threads'
  | 'threadsBatch'
  | 'batch'
  | 'microBatch'
  | 'speculation'
  | 'draftTokens';

export type LevelKey = 'running' | 'queue' | 'kvUsage';

/** Where an engine tells a setting: its flags, newest first; its own answer about itself; its log events. */
export interface SettingNames {
  readonly flags: readonly string[];
  readonly effective: readonly string[];
  readonly logValue: string | null;
}

/** What the playbook has to know of an engine, so that no rule asks for its name. */
export interface EngineWords {
  readonly settings: Readonly<Partial<Record<SettingKey, SettingNames>>>;
  /** Names of levels in the lines that it logs while it works. Null when: it logs none. */
  readonly logLevels: Readonly<Record<LevelKey, string>> | null;
  /** Counter of prompt tokens that its prefix cache dropped. Null when: it counts none. */
  readonly evictedTokens: string | null;
  /** Share of GPU memory that it takes, and a careful step up. Ratios 0..1. Null when: it has no such setting. */
  readonly memoryShare: { readonly usual: number; readonly step: number } | null;
}

export const setting = (
  flags: readonly string[],
  effective: readonly string[] = [],
  logValue: string | null = null,
): SettingNames => ({ flags, effective, logValue });
