import type { ContextRecords } from './graphsignal-types.ts';

interface Facts {
  readonly names: readonly string[];
  readonly profiles: readonly string[];
  readonly categories: readonly string[];
  readonly sdkNames: readonly (string | undefined)[];
  readonly topKeys: ReadonlySet<string>;
}

const any = (texts: readonly (string | undefined)[], pattern: RegExp): boolean =>
  texts.some((text) => text !== undefined && pattern.test(text));

const TESTS: readonly (readonly [1 | 2 | 3, (facts: Facts) => boolean])[] = [
  [3, ({ names, profiles }) => any([...names, ...profiles], /^cuda_\w+_(?:nanoseconds|bytes)$/)],
  [
    3,
    ({ topKeys }) => topKeys.has('metrics') && (topKeys.has('profiler') || topKeys.has('platform')),
  ],
  [2, ({ categories }) => any(categories, /^cuda\./)],
  [2, ({ names }) => any(names, /^(?:sglang|vllm):/)],
  [1, ({ sdkNames }) => any(sdkNames, /^graphsignal-python$/)],
  [1, ({ profiles }) => any(profiles, /^profile\.python$/)],
  [1, ({ categories }) => any(categories, /^(?:sglang|vllm|pytorch|gpu)\./)],
  [1, ({ names }) => any(names, /^(?:sglang|vllm)\./)],
];

/**
 * Which generation of the profiler wrote the records. Null when: nothing tells.
 * Source: tag `sdk.name`, metric names and top-level keys of Graphsignal 0.19, 0.20 and 1.0.
 */
export function detectGeneration(
  records: ContextRecords,
  topKeys: ReadonlySet<string>,
): 1 | 2 | 3 | null {
  const facts: Facts = {
    names: records.metrics.map((metric) => metric.name),
    profiles: records.operations.map((operation) => operation.profile),
    categories: records.operations.map((operation) => operation.category),
    sdkNames: [...records.metrics, ...records.spans].map((one) => one.tags['sdk.name']),
    topKeys,
  };
  return TESTS.find(([, holds]) => holds(facts))?.[0] ?? null;
}
