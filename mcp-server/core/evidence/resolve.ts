import type { AtomCitation, Citation, FoundValue, Resolution } from './citation-types.ts';
import { type Artefact, describeFound } from './lookup.ts';
import { readPrinted, roundsTo } from './rounding.ts';

/** Artefact of a source id, or why there is none. */
export type Sources = ReadonlyMap<string, Artefact | { readonly missing: string }>;

/** Looks a citation up in what is stored. */
export function resolveCitation(citation: Citation, sources: Sources): Resolution {
  if (citation.kind === 'atom') return resolveAtom(citation, citation, sources);
  const top = resolveAtom(citation.top, citation, sources);
  if (!top.ok) return top;
  const bottom = resolveAtom(citation.bottom, citation, sources);
  if (!bottom.ok) return bottom;
  return resolveRatio(citation, top.values, bottom.values);
}

function resolveAtom(atom: AtomCitation, citation: Citation, sources: Sources): Resolution {
  const artefact = sources.get(atom.source) ?? { missing: 'no such id in this session' };
  const failed = (found: string): Resolution => ({
    ok: false,
    citation,
    evidence: atom.source,
    name: atom.name,
    said: atom.said,
    found,
  });
  if ('missing' in artefact) return failed(artefact.missing);
  const values = artefact.valuesOf(atom.name, atom.said);
  const matching = values.filter((value) => isSaid(value, atom.said));
  if (matching.length === 0) return failed(describeFound(values));
  return { ok: true, citation, values: matching.filter((value) => typeof value === 'number') };
}

/** Numbers agree as rounded; anything else agrees as text, case aside. */
function isSaid(value: FoundValue, said: string): boolean {
  const printed = readPrinted(said);
  if (typeof value === 'number') return printed !== null && roundsTo(value, printed);
  return value.toLowerCase() === said.toLowerCase();
}

function resolveRatio(
  citation: Extract<Citation, { kind: 'ratio' }>,
  tops: readonly number[],
  bottoms: readonly number[],
): Resolution {
  const printed = readPrinted(citation.said);
  const ratios = tops
    .slice(0, 50)
    .flatMap((top) => bottoms.slice(0, 50).map((bottom) => top / bottom))
    .filter((ratio) => Number.isFinite(ratio));
  const matching = printed === null ? [] : ratios.filter((ratio) => roundsTo(ratio, printed));
  if (matching.length === 0) {
    const { top, bottom } = citation;
    return {
      ok: false,
      citation,
      evidence: `${top.source} / ${bottom.source}`,
      name: `${top.name} / ${bottom.name}`,
      said: citation.said,
      found: ratios.length === 0 ? 'no finite ratio' : describeFound(ratios.slice(0, 4)),
    };
  }
  return {
    ok: true,
    citation,
    values: [...matching.slice(0, 1), ...tops.slice(0, 1), ...bottoms.slice(0, 1)],
  };
}
