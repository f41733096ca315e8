import { type Grader, isJsonText } from '../graders.ts';

type Rule = (text: string) => boolean;

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

const partsOf = (text: string, divider: string): readonly string[] =>
  text
    .split(divider)
    .map((part) => part.trim())
    .filter((part) => part !== '');

const HAS_LETTER = /\p{L}/u;

const isQuoted = (text: string): boolean => /^"[\s\S]+"$/.test(text);

/** Times that the word stands in the text, also inside another, whatever the case. */
const timesOf = (text: string, word: string): number =>
  text.toLowerCase().split(word.toLowerCase()).length - 1;

function hasOften(text: string, wish: string): boolean {
  const at = wish.lastIndexOf(':');
  return timesOf(text, wish.slice(0, at)) >= Number(wish.slice(at + 1));
}

const isWithout = (text: string, word: string): boolean =>
  !text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .includes(word);

function endsWith(text: string, phrase: string): boolean {
  return text.replace(/"+$/, '').trimEnd().toLowerCase().endsWith(phrase.toLowerCase());
}

/** What each rule asks of an answer; `wish` is what stands behind the rule's colon. */
const RULES: Readonly<Record<string, (text: string, wish: string) => boolean>> = {
  no_comma: (text) => !text.includes(','),
  lower: (text) => HAS_LETTER.test(text) && text === text.toLowerCase(),
  upper: (text) => HAS_LETTER.test(text) && text === text.toUpperCase(),
  json: isJsonText,
  quoted: isQuoted,
  title: (text) => /<<[^<>\n]+>>/.test(text),
  two: (text) => new Set(partsOf(text, '******')).size === 2,
  parts: (text, count) => partsOf(text, '***').length === Number(count),
  bullets: (text, count) => countOf(text, /^\s*[*-]\s+\S/gm) === Number(count),
  marks: (text, count) => countOf(text, /\*{1,2}[^*\n]+\*{1,2}/g) >= Number(count),
  slots: (text, count) => countOf(text, /\[[^\][]+\]/g) >= Number(count),
  fewer_words: (text, count) => countOf(text, /\S+/g) < Number(count),
  has: hasOften,
  without: isWithout,
  ends: endsWith,
};

function readRule(text: string): Rule | null {
  const [name = '', ...rest] = text.split(':');
  const rule = RULES[name];
  return rule === undefined ? null : (answer) => rule(answer, rest.join(':'));
}

/** Every rule of a list like `no_comma, bullets:3` holds, and something was said. Null when: one of them is unknown. */
export function followsRules(list: string): Grader | null {
  const rules = list.split(', ').map(readRule);
  const known = rules.filter((rule) => rule !== null);
  if (known.length < rules.length) return null;
  return ({ text }) => {
    const answer = text.trim();
    return answer !== '' && known.every((rule) => rule(answer));
  };
}
