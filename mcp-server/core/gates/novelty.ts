import type { RequestRecord } from '../workload/request-record.ts';

/** Letter groups of the baseline's answers, and in how many of them each stands. */
export interface Shapes {
  /** In how many answers beside the one that was left out. */
  count(group: number): number;
  readonly size: number;
  /** The same without one answer of the baseline, so that it is no witness for itself or for its pair. */
  without(record: RequestRecord): Shapes;
}

const GROUP = 3;
/** Groups of letters below which an answer says nothing of a language. Source: own reasoning. */
const LEAST_GROUPS = 500;

export function shapesOf(records: readonly RequestRecord[]): Shapes {
  const counts = new Map<number, number>();
  const known = new Set(records);
  for (const record of records) {
    for (const group of new Set(groupsOf(record))) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const size = counts.size;
  const count = (group: number): number => counts.get(group) ?? 0;
  const without = (record: RequestRecord): Shapes => {
    // The groups of every answer at once would fill the memory; most are asked for by one trait alone.
    let groups: ReadonlySet<number> | null = null;
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

/** Each three letters as one small number: half a million short strings a verdict would fill the memory. */
function groupsOf({ textSample, answer }: RequestRecord): readonly number[] {
  // the last word of a sample may be cut, and so may the first of a tail
  const head = textSample.replace(/\S+$/, '');
  const tail = (answer?.tail ?? '').replace(/^\S+/, '');
  const text = ` ${head} ${tail} `.replace(/\s+/g, ' ').toLowerCase();
  const groups: number[] = [];
  for (let at = 0; at + GROUP <= text.length; at += 1) {
    const [a, b, c] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
    groups.push((Math.imul(Math.imul(a, 31_337) + b, 31_337) + c) & 0x3f_ff_ff_ff);
  }
  return groups;
}

/** Part of an answer's letter groups that no answer of the baseline has. Null when: too little is known of them. */
export function noveltyOf(record: RequestRecord, shapes: Shapes): number | null {
  if (shapes.size < LEAST_GROUPS) return null;
  const groups = groupsOf(record);
  if (groups.length === 0) return null;
  return groups.filter((group) => shapes.count(group) === 0).length / groups.length;
}
