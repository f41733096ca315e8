import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Seeded choices: the same seed draws the same things for ever. */
export interface Draw {
  /** Whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** `count` different items, in drawn order. */
  sample<Item>(items: readonly Item[], count: number): readonly Item[];
}

/** A source of seeded choices. */
export function createDraw(seed: number): Draw {
  const generator = xoroshiro128plus(seed);
  const integer = (low: number, high: number): number => uniformInt(generator, low, high);
  return {
    integer,
    pick: (items) => items[integer(0, items.length - 1)] ?? items[0],
    sample: (items, count) => {
      const rest = [...items];
      return Array.from({ length: Math.min(count, items.length) }, () =>
        rest.splice(integer(0, rest.length - 1), 1),
      ).flat();
    },
  };
}
