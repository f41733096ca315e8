import { mix } from '../random.ts';

const SUBJECTS = [
  'The team',
  'A reader',
  'The system',
  'Every request',
  'The model',
  'An engineer',
  'The garden',
  'This method',
  'The river',
  'A small change',
  'The second part',
  'Most people',
  'The old map',
  'A careful test',
  'The answer',
  'Our neighbour',
] as const;
const VERBS = [
  'shows',
  'keeps',
  'follows',
  'changes',
  'explains',
  'brings',
  'holds',
  'measures',
  'needs',
  'finds',
  'opens',
  'carries',
  'leaves',
  'repeats',
  'joins',
  'marks',
] as const;
const OBJECTS = [
  'the first result',
  'a longer path',
  'two simple rules',
  'the same idea',
  'a quiet place',
  'more than one cause',
  'the whole story',
  'a useful limit',
  'the next step',
  'many small parts',
  'a clear reason',
  'the open question',
  'an early sign',
  'the common case',
  'a better plan',
  'the last word',
] as const;
const TAILS = [
  'in the morning',
  'for a while',
  'with some care',
  'at the end',
  'without delay',
  'as expected',
  'by hand',
  'over time',
  'in most cases',
  'after the rain',
  'under load',
  'on purpose',
  'near the coast',
  'for that reason',
  'from the start',
  'in plain words',
] as const;

/** Everything that prose is made of. */
export const PROSE_PARTS: readonly string[] = [...SUBJECTS, ...VERBS, ...OBJECTS, ...TAILS];

const pick = (list: readonly string[], hash: number): string => list[hash % list.length] ?? '';

/** One sentence that depends only on its arguments, with its leading space unless it is the first. */
function sentence(seed: number, index: number): string {
  const subject = pick(SUBJECTS, mix(seed, index, 1));
  const verb = pick(VERBS, mix(seed, index, 2));
  const object = pick(OBJECTS, mix(seed, index, 3));
  const tail = pick(TAILS, mix(seed, index, 4));
  return `${index === 0 ? '' : ' '}${subject} ${verb} ${object} ${tail}.`;
}

/** Plain sentences without an end: the text of an answer that no solver knows better. */
export function* proseSentences(seed: number): Generator<string> {
  for (let index = 0; ; index += 1) yield sentence(seed, index);
}

/** Words that a damaged model puts in place of the right ones. */
export function strayWord(seed: number, position: number): string {
  const strays = [
    ' the',
    ' of',
    '!!',
    ' und',
    ' 0',
    ' assistant',
    ' ..',
    ' tre',
    ' quux',
    '##',
  ] as const;
  return pick(strays, mix(seed, position, 9));
}
