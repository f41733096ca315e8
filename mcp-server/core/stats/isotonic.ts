/** One observation of a response at a place, e.g. a latency at a load. Weight: how many measurements stand behind it. */
export interface IsotonicPoint {
  readonly x: number;
  readonly y: number;
  readonly weight?: number;
}

interface Block {
  readonly y: number;
  readonly weight: number;
  readonly members: number;
}

/**
 * Least-squares fit that never falls with x. Shape: ascending x, one fitted y each; equal x share one block.
 * Source: pool-adjacent-violators, Barlow et al. 1972.
 */
export function fitIsotonic(points: readonly IsotonicPoint[]): { x: number; y: number }[] {
  const places = mergeEqual(points.toSorted((a, b) => a.x - b.x));
  const blocks: Block[] = [];
  for (const { y, weight } of places) {
    let block: Block = { y, weight, members: 1 };
    for (let last = blocks.at(-1); last !== undefined && last.y >= block.y; last = blocks.at(-1)) {
      blocks.pop();
      block = pool(last, block);
    }
    blocks.push(block);
  }
  const fitted = blocks.flatMap((block) => Array.from({ length: block.members }, () => block.y));
  return places.map((place, index) => ({ x: place.x, y: fitted[index] ?? place.y }));
}

function mergeEqual(sorted: readonly IsotonicPoint[]): Required<IsotonicPoint>[] {
  const places: Required<IsotonicPoint>[] = [];
  for (const { x, y, weight = 1 } of sorted) {
    const last = places.at(-1);
    if (last?.x !== x) {
      places.push({ x, y, weight });
      continue;
    }
    const total = last.weight + weight;
    places[places.length - 1] = {
      x,
      y: (last.y * last.weight + y * weight) / total,
      weight: total,
    };
  }
  return places;
}

function pool(left: Block, right: Block): Block {
  const weight = left.weight + right.weight;
  return {
    y: (left.y * left.weight + right.y * right.weight) / weight,
    weight,
    members: left.members + right.members,
  };
}

/**
 * Where a fit that never falls first exceeds a limit, by linear interpolation between its places.
 * Null when: the fit is empty, or exceeds the limit at its first place already. The last x when it never does.
 */
export function isotonicCrossing(
  fit: readonly { readonly x: number; readonly y: number }[],
  limit: number,
): number | null {
  const index = fit.findIndex((point) => point.y > limit);
  const after = fit[index];
  if (after === undefined) return fit.at(-1)?.x ?? null;
  const before = fit[index - 1];
  if (before === undefined) return null;
  return before.x + ((limit - before.y) / (after.y - before.y)) * (after.x - before.x);
}
