/** A value of one artefact (`e000123`) or measurement (`m0007-02`), as a text says it. */
export interface AtomCitation {
  readonly kind: 'atom';
  readonly source: string;
  readonly name: string;
  readonly said: string;
}

/** The ratio of two such values, as a text says it. */
interface RatioCitation {
  readonly kind: 'ratio';
  readonly top: AtomCitation;
  readonly bottom: AtomCitation;
  readonly said: string;
}

export type Citation = AtomCitation | RatioCitation;

/** A value that stands in an artefact under a name: a number, or a text such as `True`. */
export type FoundValue = number | string;

/** What became of a citation. */
export type Resolution =
  | { readonly ok: true; readonly citation: Citation; readonly values: readonly number[] }
  | {
      readonly ok: false;
      readonly citation: Citation;
      readonly evidence: string;
      readonly name: string;
      readonly said: string;
      /** What stands there instead, or why nothing does; data, capped. */
      readonly found: string;
    };
