/** A number as printed, with the smallest step that its digits can show. */
export interface PrintedNumber {
  readonly value: number;
  readonly step: number;
}

const PLAIN = /^[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?:e([-+]?\d{1,3}))?$/i;

/** Reads a printed number. Null when: the text is none. */
export function readPrinted(text: string): PrintedNumber | null {
  const match = PLAIN.exec(text);
  if (match === null) return null;
  const value = Number(text.replace(/,/g, '').replace('−', '-'));
  if (!Number.isFinite(value)) return null;
  const exponent = Number(match[2] ?? 0) - (match[1]?.length ?? 0);
  return { value, step: 10 ** exponent };
}

/** True when the exact value, rounded as the printed one is, gives the printed one. Half a step either way. */
export function roundsTo(exact: number, printed: PrintedNumber): boolean {
  const slack = printed.step / 2 + Math.abs(printed.value) * 1e-9;
  return Math.abs(exact - printed.value) <= slack;
}
