import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Chance that follows from a key alone: the same key gives the same draws, another key gives unrelated ones. */
export interface KeyedRandom {
  /** Uniform integer, both ends included. */
  int(from: number, to: number): number;
  /** Uniform in [0, 1). */
  unit(): number;
  /** Standard normal. */
  normal(): number;
  /** Gamma with mean `shape` (scale 1). */
  gamma(shape: number): number;
}

/** One 32-bit word of the key. Source: FNV-1a, then the finaliser of MurmurHash3. */
function hashWord(text: string, salt: number): number {
  let hash = (0x811c9dc5 ^ salt) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** Draws keyed by the parts, e.g. `['prompt', seed, repeat, index]`. */
export function keyedRandom(parts: readonly (string | number)[]): KeyedRandom {
  const key = parts.join('\u0000');
  const words = [0x9e3779b9, 0x7f4a7c15, 0xf39cc060, 0x5cedc834].map((salt) => hashWord(key, salt));
  const generator = xoroshiro128plusFromState(
    words.every((word) => word === 0) ? [1, 0, 0, 0] : words,
  );
  const unit = (): number => uniformFloat64(generator);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  return {
    int: (from, to) => uniformInt(generator, from, to),
    unit,
    normal,
    gamma: (shape) => drawGamma(shape, unit, normal),
  };
}

/** Source: Marsaglia and Tsang 2000, with their boost for shapes below 1. */
function drawGamma(shape: number, unit: () => number, normal: () => number): number {
  if (shape < 1) return drawGamma(shape + 1, unit, normal) * (1 - unit()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - unit()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
