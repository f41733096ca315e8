import type { Fault } from '../plausibility/input.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type GateFinding, type GateInput, sampleRecords, validRecords } from './gate-run.ts';
import { ownPairs, type Pair, pairsOf } from './pairs.ts';

/** What every gate works on. */
export interface GateContext extends GateInput {
  readonly now: readonly RequestRecord[];
  readonly before: readonly RequestRecord[];
  /** Empty where the seeds differ, as in a confirmation. */
  readonly pairs: readonly Pair[];
  /** The baseline's answers on one deployment beside its answers on another; empty where it had one alone. */
  readonly own: readonly Pair[];
  readonly sampleNow: readonly RequestRecord[];
  readonly sampleBefore: readonly RequestRecord[];
}

export type Gate = (context: GateContext) => readonly GateFinding[];

export function gateContext(input: GateInput): GateContext {
  return {
    ...input,
    now: validRecords(input.trial),
    before: validRecords(input.baseline),
    pairs: pairsOf(input.trial.runs, input.baseline.runs),
    own: ownPairs(input.baseline.runs),
    sampleNow: sampleRecords(input.trial),
    sampleBefore: sampleRecords(input.baseline),
  };
}

export function invalid(name: string, fault: Fault): GateFinding {
  return { name, ...fault, weight: 'invalid' };
}

export function doubtful(name: string, fault: Fault): GateFinding {
  return { name, ...fault, weight: 'quality' };
}

/** A part of the requests that a fault may hide in while the rest look well. */
export interface Slice<Item> {
  readonly where: string;
  readonly items: readonly Item[];
}

/** All, then the longest answers, the longest prompts and the later half: faults like to sit there. */
export function slicesOf<Item>(
  items: readonly Item[],
  recordOf: (item: Item) => RequestRecord,
): readonly Slice<Item>[] {
  const longest = (read: (record: RequestRecord) => number): readonly Item[] => {
    const sorted = items.toSorted((a, b) => read(recordOf(b)) - read(recordOf(a)));
    const [first] = sorted;
    const last = sorted.at(-1);
    if (first === undefined || last === undefined) return [];
    const differ = read(recordOf(first)) > LONGER * read(recordOf(last));
    return differ ? sorted.slice(0, Math.ceil(sorted.length / 3)) : [];
  };
  const later = items
    .toSorted((a, b) => recordOf(a).index - recordOf(b).index)
    .slice(Math.floor(items.length / 2));
  return [
    { where: '', items },
    { where: ' on the longest answers', items: longest((one) => one.requestedOutputTokens) },
    { where: ' on the longest prompts', items: longest((one) => one.requestedInputTokens) },
    { where: ' in the later half', items: later },
  ];
}

/** Lengths must differ so much before the long ones are looked at apart. Source: own reasoning. */
const LONGER = 1.5;
