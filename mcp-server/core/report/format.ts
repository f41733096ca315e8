import { describeProbability } from '../judge/describe-comparison.ts';
import { percent, signedPercent } from '../percent.ts';

/** Up to three significant digits without an exponent: `0.45`, `0.032`, `1530`. */
export function threeDigits(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** Milliseconds as seconds: `0.45s`; `n/a` for null. */
export function asSeconds(ms: number | null): string {
  return ms === null ? 'n/a' : `${threeDigits(ms / 1000)}s`;
}

/** `412 ms`, `n/a` for null. */
export function asMs(ms: number | null): string {
  return ms === null ? 'n/a' : `${threeDigits(ms)} ms`;
}

export function asRate(value: number | null, unit: string): string {
  return value === null ? 'n/a' : `${threeDigits(value)} ${unit}`;
}

/** `+8.1 % [+6.0 %, +10.2 %]`; `n/a` for null. */
export function asDelta(
  deltaRatio: number | null,
  interval: readonly [number, number] | null,
): string {
  if (deltaRatio === null) return 'n/a';
  const range =
    interval === null ? '' : ` [${signedPercent(interval[0])}, ${signedPercent(interval[1])}]`;
  return `${signedPercent(deltaRatio)}${range}`;
}

/** `, better with 97.0 %, noise floor 2.3 %`: what a difference is worth; only what is known. */
export function asStanding(delta: {
  readonly probabilityBetter: number | null;
  readonly noiseFloorRatio: number | null;
}): string {
  const { probabilityBetter, noiseFloorRatio } = delta;
  const parts = [
    ...(probabilityBetter === null
      ? []
      : [`better with ${describeProbability(probabilityBetter)}`]),
    ...(noiseFloorRatio === null ? [] : [`noise floor ${percent(noiseFloorRatio)}`]),
  ];
  return parts.map((part) => `, ${part}`).join('');
}

/** Dollars with the digits that a small number needs: `$0.042`, `$12.30`. */
export function asUsd(usd: number | null): string {
  if (usd === null) return 'n/a';
  return `$${usd !== 0 && Math.abs(usd) < 1 ? usd.toFixed(3) : usd.toFixed(2)}`;
}

/** UTC second as it stands in file names: `2026-03-22T15:00:00Z`. */
export function stampOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
