import type { RequestRecord } from '../workload/request-record.ts';

/** Letter groups of the baseline's answers, and in how many of them each stands. */
export interface Shapes {
  /** In how many answers beside the one that was left out. */
  count(group: string): number;
  readonly size: number;
  /** The same without one answer of the baseline, so that it is no witness for itself or for its pair. */
  without(record: RequestRecord): Shapes;
}

const GROUP = 3;
/** Groups of letters below which an answer says nothing of a language. Source: own reasoning. */
const LEAST_GROUPS = 500;

export function shapesOf(records: readonly RequestRecord[]): Shapes {
  const counts = new Map<string, number>();
  const known = new Set(records);
  for (const record of records) {
    for (const group of new Set(groupsOf(record))) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const size = counts.size;
  const count = (group: string): number => counts.get(group) ?? 0;
  const without = (record: RequestRecord): Shapes => {
    // The groups of every answer at once would fill the memory; most are asked for by one trait alone.
    let groups: ReadonlySet<string> | null = null;
    return {
      size,
      without,
      count: (group) => {
        groups ??= new Set(known.has(record) ? groupsOf(record) : []);
        return count(group) - (groups.has(group) ? 1 : 0);
      },
    };
  };
  return { size, count, without };
}

function groupsOf({ textSample, answer }: RequestRecord): readonly string[] {
  // the last word of a sample may be cut, and so may the first of a tail
  const head = textSample.replace(/\S+$/, '');
  const tail = (answer?.tail ?? '').replace(/^\S+/, '');
  const text = ` ${head} ${tail} `.replace(/\s+/g, ' ').toLowerCase();
  return Array.from({ length: Math.max(0, text.length - GROUP + 1) }, (_, at) =>
    text.slice(at, at + GROUP),
  );
}

/** Part of an answer's letter groups that no answer of the baseline has. Null when: too little is known of them. */
export function noveltyOf(record: RequestRecord, shapes: Shapes): number | null {
  if (shapes.size < LEAST_GROUPS) return null;
  const groups = groupsOf(record);
  if (groups.length === 0) return null;
  return groups.filter((group) => shapes.count(group) === 0).length / groups.length;
}
