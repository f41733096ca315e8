/** One element of a JSON array as text, and the line where it begins. */
export interface ArrayElement {
  readonly text: string;
  readonly line: number;
}

/**
 * The elements of a top-level JSON array without reading them, so that one broken element spoils no other and each can
 * be named by its line. Null when: the text does not begin as an array.
 */
export function splitArray(text: string): readonly ArrayElement[] | null {
  const open = /^\s*\[/.exec(text);
  if (open === null) return null;
  const scan: Scan = { elements: [], depth: 0, inString: false, startAt: open[0].length };
  let line = text.slice(0, scan.startAt).split('\n').length;
  let startLine = line;
  for (let at = scan.startAt; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '\n') line += 1;
    if (isBlankSoFar(text, scan.startAt, at)) startLine = line;
    at = skipEscape(scan, char, at);
    if (step(scan, { text, at, char, startLine })) return scan.elements;
  }
  take(scan, { text, at: text.length, startLine, isLast: true });
  return scan.elements;
}

interface Scan {
  readonly elements: ArrayElement[];
  depth: number;
  inString: boolean;
  startAt: number;
}

function isBlankSoFar(text: string, from: number, at: number): boolean {
  return at - from < 64 && text.slice(from, at).trim() === '';
}

function skipEscape(scan: Scan, char: string, at: number): number {
  return scan.inString && char === '\\' ? at + 1 : at;
}

interface Place {
  readonly text: string;
  readonly at: number;
  readonly char: string;
  readonly startLine: number;
}

/** True when: the array has ended. */
function step(scan: Scan, { text, at, char, startLine }: Place): boolean {
  if (char === '"') scan.inString = !scan.inString;
  if (scan.inString) return false;
  const ends = char === ']' && scan.depth === 0;
  if (ends || (char === ',' && scan.depth === 0)) {
    take(scan, { text, at, startLine, isLast: ends });
  }
  scan.depth += DEPTH_CHANGE[char] ?? 0;
  return ends;
}

const DEPTH_CHANGE: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

function take(
  scan: Scan,
  end: {
    readonly text: string;
    readonly at: number;
    readonly startLine: number;
    readonly isLast: boolean;
  },
): void {
  const element = end.text.slice(scan.startAt, end.at).trim();
  if (element !== '' || !end.isLast) {
    scan.elements.push({ text: element, line: end.startLine });
  }
  scan.startAt = end.at + 1;
}
