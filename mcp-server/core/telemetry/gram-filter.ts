/** Slots of the table; a power of two. Source: own reasoning, a few hundred texts in 65,536 slots seldom meet. */
const SLOTS = 65_536;
const GRAM_CHARS = 4;

export interface GramFilter {
  /** Ids of the entries of which a text stands in the line, in order; entries without a text are always among them. */
  candidates(line: string): readonly number[];
  /** True when a candidate stands in the line, or characters that may hide one: terminal sequences, invisible marks. */
  hasCandidate(line: string): boolean;
}

/** A text in its slot. */
interface Slotted {
  readonly id: number;
  readonly text: string;
  /** Where in the text its gram ends. */
  readonly gramEnd: number;
}

/** A letter of ASCII as the texts have it; any other character as it is. */
const small = (code: number): number => (code >= 65 && code <= 90 ? code | 32 : code);

const lower = (code: number): number => small(code) & 255;

const slotOf = (gram: number): number => Math.imul(gram, 2_654_435_761) >>> 16;

function gramAt(text: string, from: number): number {
  let gram = 0;
  for (let at = from; at < from + GRAM_CHARS; at += 1) {
    gram = (gram << 8) | lower(text.charCodeAt(at));
  }
  return gram;
}

/** Blank and the commonest letters, in order. Source: English letter order. */
const COMMON = ' etaoinshrdlu';

function commonness(text: string, from: number): number {
  let sum = 0;
  for (let at = from; at < from + GRAM_CHARS; at += 1) {
    const place = COMMON.indexOf((text[at] ?? '').toLowerCase());
    sum += place === -1 ? 0 : COMMON.length - place;
  }
  return sum;
}

function rarestGram(text: string): number {
  let rarest = 0;
  for (let at = 1; at + GRAM_CHARS <= text.length; at += 1) {
    if (commonness(text, at) < commonness(text, rarest)) rarest = at;
  }
  return rarest;
}

/** True when the text stands in the line such that its gram ends at a place. Copies nothing: it is asked very often. */
function standsAt(line: string, end: number, slotted: Slotted): boolean {
  const from = end - slotted.gramEnd;
  const { text } = slotted;
  if (from < 0 || from + text.length > line.length) return false;
  for (let at = 0; at < text.length; at += 1) {
    if (small(line.charCodeAt(from + at)) !== text.charCodeAt(at)) return false;
  }
  return true;
}

function anyStandsAt(line: string, end: number, slotted: readonly Slotted[]): boolean {
  for (const one of slotted) if (standsAt(line, end, one)) return true;
  return false;
}

/** Control characters and marks that show nothing. */
const isHidden = (code: number): boolean =>
  code < 32 ? code !== 9 : (code >= 127 && code < 160) || (code >= 0x200b && code <= 0x206f);

/**
 * Finds in one pass over a line which entries may match it: each text is known by its rarest four characters.
 * Entries are given by the texts of which a match holds one; null stands for any line.
 */
export function createGramFilter(entries: readonly (readonly string[] | null)[]): GramFilter {
  const slots: Slotted[][] = Array.from({ length: SLOTS }, () => []);
  const isTaken = new Uint8Array(SLOTS);
  const always = entries.flatMap((texts, id) => (texts === null ? [id] : []));
  entries.forEach((texts, id) => {
    for (const text of texts ?? []) {
      const at = rarestGram(text);
      const slot = slotOf(gramAt(text, at));
      isTaken[slot] = 1;
      slots[slot]?.push({ id, text, gramEnd: at + GRAM_CHARS - 1 });
    }
  });
  return {
    candidates: (line) => {
      const found = new Set(always);
      let gram = 0;
      for (let at = 0; at < line.length; at += 1) {
        gram = (gram << 8) | lower(line.charCodeAt(at));
        const slot = slotOf(gram);
        if (isTaken[slot] !== 1) continue;
        for (const one of slots[slot] ?? []) if (standsAt(line, at, one)) found.add(one.id);
      }
      return [...found].toSorted((a, b) => a - b);
    },
    hasCandidate: (line) => {
      let gram = 0;
      for (let at = 0; at < line.length; at += 1) {
        const code = line.charCodeAt(at);
        if (isHidden(code)) return true;
        gram = (gram << 8) | lower(code);
        const slot = slotOf(gram);
        if (isTaken[slot] === 1 && anyStandsAt(line, at, slots[slot] ?? [])) return true;
      }
      return always.length > 0;
    },
  };
}
