import { CITATION_FORM, formatCitation, readCitations } from './citation.ts';
import type { Citation, Resolution } from './citation-types.ts';
import { proseNumbers } from './prose-numbers.ts';
import { isSupported } from './support.ts';

/** One thing that is wrong with a bullet. */
export interface BulletFault {
  readonly evidence: string;
  readonly name: string;
  readonly said: string;
  readonly found: string;
  readonly fix: string;
}

/** What a bullet cites; read before it is checked, so that the artefacts can be fetched. */
export function citationsOf(bullet: string): readonly Citation[] {
  return readCitations(bullet).citations;
}

/** Everything that is wrong with one analysis bullet; empty when each number in it can be defended. */
export function checkBullet(
  bullet: string,
  resolve: (citation: Citation) => Resolution,
): readonly BulletFault[] {
  const read = readCitations(bullet);
  const resolved = read.citations.map(resolve);
  return [
    ...read.malformed.map((text) =>
      fault({ said: text, found: 'not a citation' }, `Write it as ${CITATION_FORM}.`),
    ),
    ...(read.endsCited ? [] : [uncited()]),
    ...resolved.flatMap(failedCitation),
    ...unsupported(read.prose, resolved),
  ];
}

function uncited(): BulletFault {
  return fault(
    { said: '', found: 'no citation at the end of the bullet' },
    `End the bullet with what it rests on: ${CITATION_FORM}.`,
  );
}

function failedCitation(resolution: Resolution): readonly BulletFault[] {
  if (resolution.ok) return [];
  const { evidence, name, said, found } = resolution;
  const fix = `Correct ${formatCitation(resolution.citation)} to what is stored, or leave the claim out.`;
  return [{ evidence, name, said, found, fix }];
}

function unsupported(prose: string, resolved: readonly Resolution[]): readonly BulletFault[] {
  return proseNumbers(prose)
    .filter((number) => !isSupported(number, resolved))
    .map((number) =>
      fault(
        { said: number.text, found: 'no citation of this bullet gives this number' },
        'Cite the value it comes from in the same bullet, or say it without a number.',
      ),
    );
}

function fault(what: { readonly said: string; readonly found: string }, fix: string): BulletFault {
  return { evidence: '', name: '', ...what, fix };
}
