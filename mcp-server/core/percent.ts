/** A ratio in words, e.g. `2.0 %`. */
export const percent = (ratio: number, digits = 1): string => `${(ratio * 100).toFixed(digits)} %`;

/** The same of a difference, always with its sign; what rounds to nothing has none below 0. */
export function signedPercent(ratio: number, digits = 1): string {
  const text = percent(ratio, digits);
  if (ratio >= 0) return `+${text}`;
  return /[1-9]/.test(text) ? text : text.replace('-', '');
}
