import { keyedRandom } from '../workload/keyed-random.ts';
import type { PlannedRequest } from '../workload/planned-request.ts';
import type { TextSizer } from '../workload/sized-text.ts';

/** A request that repeats an earlier one: exactly, or but for its last words. */
export interface Trap {
  readonly index: number;
  readonly of: number;
  readonly kind: 'exact' | 'near';
}

/** Part of the requests that repeat, of each kind. Source: docs/load.md, check 5. */
const SHARE = 0.05;
/** Fewest of each kind, so that a median says something. Source: own reasoning. */
const LEAST = 4;

/** Where the traps of a run lie: in its second half, each repeating one of the first. Follows from count and seed. */
export function trapPlaces(count: number, seed: number): readonly Trap[] {
  const half = Math.floor(count / 2);
  const each = Math.min(Math.max(LEAST, Math.round(count * SHARE)), Math.floor(half / 2));
  const random = keyedRandom(['traps', seed]);
  const places = shuffled(half, random).slice(0, 2 * each);
  const sources = shuffled(half, random);
  return places
    .map((place, number) => ({
      index: count - half + place,
      of: sources[number] ?? 0,
      kind: number < each ? ('exact' as const) : ('near' as const),
    }))
    .toSorted((a, b) => a.index - b.index);
}

/** A list has one word at least of a cost; that it is drawn again and again is beyond chance. Source: own reasoning. */
const MOST_TRIES = 8;

function shuffled(count: number, random: { int(from: number, to: number): number }): number[] {
  return Array.from({ length: count }, (_, item) => ({ item, order: random.int(0, 2 ** 30) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** The plan with its traps set. A near repeat ends in words of its own, as long as the one they replace. Conversations are left alone. */
export function setTraps(
  plan: readonly PlannedRequest[],
  traps: readonly Trap[],
  sizer: TextSizer,
): readonly PlannedRequest[] {
  const byIndex = new Map(traps.map((trap) => [trap.index, trap]));
  return plan.map((planned) => {
    const trap = byIndex.get(planned.index);
    const source = trap === undefined ? undefined : plan[trap.of];
    if (trap === undefined || source === undefined || planned.turn !== null) return planned;
    const prompt =
      trap.kind === 'exact' ? source.prompt : withOtherEnd(source.prompt, trap.index, sizer);
    const tokenIds = sizer.idsOf(prompt.split(' '));
    return { ...source, index: planned.index, prompt, tokenIds, sharedTokens: source.inputTokens };
  });
}

function withOtherEnd(prompt: string, nonce: number, sizer: TextSizer): string {
  const words = prompt.split(' ');
  const last = words.at(-1) ?? '';
  for (let tries = 0; ; tries += 1) {
    const end = sizer.text(sizer.tokensOf(last), ['other end', nonce, tries]).words;
    if (end.join(' ') !== last || tries === MOST_TRIES)
      return [...words.slice(0, -1), ...end].join(' ');
  }
}
