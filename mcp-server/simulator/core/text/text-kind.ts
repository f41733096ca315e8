/** What a prompt is made of; decides how well drafts are accepted. */
export type TextKind = 'copy' | 'code' | 'natural' | 'random';

const FUNCTION_WORDS = new Set(
  'the of and to a in is it that for on with as was at by an be this from or are not have you i we'.split(
    ' ',
  ),
);
/** Share of function words that natural English exceeds and a list of random words does not. Source: about 35-45 % in prose; own reasoning for the cut. */
const NATURAL_SHARE = 0.16;
const SAMPLE_WORDS = 400;

/** Chance that one drafted token is accepted. Source: copying 0.7-0.9, chat 0.5-0.7, random tokens about 0. */
export const ACCEPTANCE: Readonly<Record<TextKind, number>> = {
  copy: 0.82,
  code: 0.7,
  natural: 0.6,
  random: 0.03,
};

/** Kind of a prompt by its words. */
export function textKind(prompt: string): TextKind {
  if (/\b(repeat|copy|rewrite|echo)\b/i.test(prompt.slice(0, 400))) return 'copy';
  if (/```|\bdef |\bfunction\b|;\n/.test(prompt)) return 'code';
  const words =
    prompt
      .toLowerCase()
      .match(/[a-z]+/g)
      ?.slice(0, SAMPLE_WORDS) ?? [];
  if (words.length < 6) return 'natural';
  const hits = words.filter((word) => FUNCTION_WORDS.has(word)).length;
  return hits / words.length >= NATURAL_SHARE ? 'natural' : 'random';
}
