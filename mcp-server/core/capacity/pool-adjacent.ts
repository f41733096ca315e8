export interface FitPoint {
  readonly x: number;
  readonly y: number;
}

/** One value of x after the fit. */
export interface FittedPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * Least-squares fit that never falls with x: one fitted value for each distinct x, ascending.
 * Source: pool-adjacent-violators, Barlow and others 1972.
 */
export function fitRising(points: readonly FitPoint[]): readonly FittedPoint[] {
  const blocks: { xs: number[]; sum: number; weight: number }[] = [];
  for (const [x, ys] of groupByX(points)) {
    let block = { xs: [x], sum: ys.reduce((total, y) => total + y, 0), weight: ys.length };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.weight <= block.sum / block.weight) break;
      blocks.pop();
      block = {
        xs: [...last.xs, ...block.xs],
        sum: last.sum + block.sum,
        weight: last.weight + block.weight,
      };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ xs, sum, weight }) => xs.map((x) => ({ x, y: sum / weight })));
}

function groupByX(points: readonly FitPoint[]): readonly (readonly [number, readonly number[]])[] {
  const groups = new Map<number, number[]>();
  for (const { x, y } of points) groups.set(x, [...(groups.get(x) ?? []), y]);
  return [...groups].toSorted(([a], [b]) => a - b);
}

/**
 * Where a rising fit crosses a level, between points in a straight line.
 * Null when: all of it lies on one side.
 */
export function crossingOf(fit: readonly FittedPoint[], level: number): number | null {
  for (const [index, right] of fit.entries()) {
    const left = fit[index - 1];
    if (left === undefined || left.y > level || right.y <= level) continue;
    return left.x + ((level - left.y) / (right.y - left.y)) * (right.x - left.x);
  }
  return null;
}
