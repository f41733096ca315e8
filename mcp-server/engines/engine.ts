import type { EngineId } from '../core/ledger/vocabulary.ts';
import type { EngineWords } from '../core/playbook/engine-words.ts';
import type { GpuFacts } from '../core/roofline/gpus.ts';
import type { MemorySettings } from '../core/roofline/memory-plan.ts';
import type { ModelFacts } from '../core/roofline/models.ts';
import type { Knob } from '../core/search/knob.ts';
import type { FlagSyntax } from '../core/service/flags.ts';
import type { LogPattern } from '../core/telemetry/log-pattern.ts';

/** How the value of a flag is written. */
export type FlagKind = 'bool' | 'int' | 'float' | 'str' | 'list' | 'json';

/** Choices of a flag in a span of versions; `adds` widens what held before. Null end: open. */
export interface VersionChoices {
  readonly from: string | null;
  readonly to: string | null;
  readonly adds: boolean;
  readonly choices: readonly string[];
}

/** One flag of an engine, as data (source: docs/dependencies.md, engine-flags.yaml; llama.cpp: its own --help). */
interface FlagFact {
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

/** A flag with what changes over versions. */
export interface InventoryFlag extends FlagFact {
  readonly kind: FlagKind;
  readonly choicesByVersion: readonly VersionChoices[];
  /** What the engine computes when the flag is left out; null when that is the default itself. */
  readonly resolvedDefault: string | null;
  /** Mark of the aliases that are not as old as the flag, by name. */
  readonly aliasSince?: Readonly<Record<string, string>>;
  /** Mark of the version from which on the flag still parses and changes nothing. */
  readonly noOpSince?: string;
  /** Older names that still work, with a warning. */
  readonly deprecatedAliases: readonly string[];
}

/** A flag that newer versions reject. */
export interface RemovedFlag {
  readonly flag: string;
  /** Last version or date in which it still worked, as the engine counts (version for SGLang, date for vLLM). */
  readonly last: string;
  readonly use: string;
}

/** What a check of one command line may look at. */
export interface CommandFacts {
  /** Canonical flag to its value in force; null for a flag without one. */
  readonly flags: ReadonlyMap<string, string | null>;
  readonly version: string | null;
  /** Attention heads of the model, when its configuration is known. */
  readonly attentionHeads: number | null;
}

/** Numbers of the memory settings that a flag sets. */
export type MemoryNumber = 'memoryShare' | 'stepTokens' | 'graphBatch' | 'maxSequences';

/** What a launch would run on. */
export interface EnginePlace {
  readonly model: ModelFacts;
  readonly gpu: GpuFacts;
  /** Context that must be served at least. */
  readonly minContextTokens: number;
}

/** A combination that stops the engine at start. */
export interface FatalCombination {
  readonly id: string;
  readonly message: string;
  readonly holds: (facts: CommandFacts) => boolean;
}

/** Something that the engine changes by itself, so that what was asked for is not what runs. */
export interface SilentAdjustment {
  readonly message: string;
  readonly holds: (facts: CommandFacts) => boolean;
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
type EngineMetricKey = (typeof ENGINE_METRIC_KEYS)[number];

/** Pure vendor knowledge of one engine. Adding an engine touches its folder, one line in engines/index.ts, and fixtures. */
export interface Engine extends FlagSyntax {
  readonly id: EngineId;
  readonly title: string;
  /** True when the argv (after wrappers) starts this engine. */
  matches(argv: readonly string[]): boolean;
  readonly flags: readonly InventoryFlag[];
  /** Removed flag to what to use instead. */
  readonly removedFlags: Readonly<Record<string, string>>;
  readonly removed: readonly RemovedFlag[];
  readonly fatalCombinations: readonly FatalCombination[];
  readonly silentAdjustments: readonly SilentAdjustment[];
  /** Newest version that the flag data was compared with. */
  readonly newestVersion: string;
  /** Version in an image reference, e.g. `0.5.9` in `lmsysorg/sglang:v0.5.9-cu126`. Null when: the tag names none. */
  versionOfImage(image: string): string | null;
  /** Orders two versions as the engine counts them: negative when `a` is older. */
  compareVersions(a: string, b: string): number;
  /** Version a `since` or `last` mark of the flag data means; null when it is older than all we compared. */
  readonly versionOfMark: (mark: string) => string | null;
  readonly metricNames: Readonly<Record<EngineMetricKey, readonly string[]>>;
  /** Fewest bytes per weight that a model file may hold, whatever its name tells. Null when: the name tells them. */
  readonly leastWeightBytes: number | null;
  /** What the search may turn. */
  readonly knobs: readonly Knob[];
  /** What the playbook reads by the engine's own names. */
  readonly words: EngineWords;
  readonly logPatterns: readonly LogPattern[];
  /** What its log is full of; global. Source: own reasoning over its names and prefixes. */
  readonly logMark: RegExp;
  readonly readyLine: RegExp;
  readonly healthPath: string;
  /** Paths whose answers show the effective configuration. */
  readonly infoPaths: readonly string[];
  readonly defaultPort: number;
  /** Flags whose change can alter outputs (weights, KV type, speculation, attention, sampling). */
  readonly qualityFlags: readonly string[];
  readonly contextFlag: string;
  readonly modelFlag: string | null;
  /** Longest sequence that the launch serves. Null when: the model's own limit holds. */
  contextTokens(facts: CommandFacts): number | null;
  /** GPUs that the launch takes in all. */
  gpusNeeded(facts: CommandFacts): number;
  /** Settings that decide the memory, defaults resolved. Null when: they cannot be foretold. */
  memorySettings(facts: CommandFacts, place: EnginePlace): MemorySettings | null;
  /** Flags that set the resolved numbers of `memorySettings`. */
  readonly memoryFlags: Readonly<Partial<Record<MemoryNumber, string>>>;
  /** Model that an argv serves, from the flag or the positional word. Null when: it names none. */
  modelOf(argv: readonly string[]): string | null;
}
