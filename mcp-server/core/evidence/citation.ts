import type { AtomCitation, Citation } from './citation-types.ts';

/**
 * Citations stand in square brackets, one value each:
 *
 *     [e000123 sglang:num_queue_reqs=14]                        a value in a stored artefact
 *     [m0007-02 ttftMs.p95=412.3]                               a metric, recomputed from the request records
 *     [m0007-02 ttftMs.p95=412.3 / m0000-01 ttftMs.p95=824.6 = 0.5]   the ratio of two of these
 *
 * The name is exactly as received; the value is what the stored one rounds to.
 */
export const CITATION_FORM =
  '[e000123 name=value], [m0007-02 ttftMs.p95=412.3] or [m0007-02 a=10 / m0000-01 a=20 = 0.5]';

const ATOM = /^(e\d{6}|m\d{4}-\d{2,3}) (.{1,200})=([^=\]]{1,100})$/s;
/** Anything in brackets that begins as a citation does, right or wrong. Names may hold one level of brackets. */
const BRACKET = /\[((?:e|m)\d[^[\]]*(?:\[[^[\]]*\][^[\]]*)*)\]/g;
const RATIO = /^(.+?) \/ ((?:e\d{6}|m\d{4}-\d{2,3}) .+) = ([^=\]]{1,40})$/s;

export interface CitedText {
  /** The text without its citations, each replaced by a space. */
  readonly prose: string;
  readonly citations: readonly Citation[];
  /** Brackets that look like citations and are none. */
  readonly malformed: readonly string[];
  /** True when nothing but punctuation follows the last citation. */
  readonly endsCited: boolean;
}

/** Splits a text into prose and citations. */
export function readCitations(text: string): CitedText {
  const citations: Citation[] = [];
  const malformed: string[] = [];
  let end = 0;
  for (const match of text.matchAll(BRACKET)) {
    const citation = parseCitation(match[1] ?? '');
    if (citation === null) malformed.push(match[0]);
    else {
      citations.push(citation);
      end = match.index + match[0].length;
    }
  }
  return {
    prose: text.replace(BRACKET, ' '),
    citations,
    malformed,
    endsCited: citations.length > 0 && /^[\s.;,]*$/.test(text.slice(end)),
  };
}

/** One citation without its brackets. Null when: it has not the form. */
export function parseCitation(text: string): Citation | null {
  const ratio = RATIO.exec(text);
  if (ratio !== null) {
    const top = parseAtom(ratio[1] ?? '');
    const bottom = parseAtom(ratio[2] ?? '');
    const said = (ratio[3] ?? '').trim();
    if (top !== null && bottom !== null && /^-?\d/.test(said)) {
      return { kind: 'ratio', top, bottom, said };
    }
  }
  return parseAtom(text);
}

function parseAtom(text: string): AtomCitation | null {
  const match = ATOM.exec(text.trim());
  if (match === null) return null;
  const [, source = '', name = '', said = ''] = match;
  if (name.trim() === '' || said.trim() === '') return null;
  return { kind: 'atom', source, name: name.trim(), said: said.trim() };
}

/** The citation as it is written, brackets included. */
export function formatCitation(citation: Citation): string {
  const atom = ({ source, name, said }: AtomCitation): string => `${source} ${name}=${said}`;
  return citation.kind === 'atom'
    ? `[${atom(citation)}]`
    : `[${atom(citation.top)} / ${atom(citation.bottom)} = ${citation.said}]`;
}
