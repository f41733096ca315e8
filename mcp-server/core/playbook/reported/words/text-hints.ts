import type { Hint, Report } from '../report.ts';
import { BOUND_SIGNALS } from './bound-signals.ts';
import { toldWords } from './concept-hints.ts';
import { FAILURE_SIGNALS } from './failure-signals.ts';
import { LOAD_SIGNALS } from './load-signals.ts';
import { MEMORY_SIGNALS } from './memory-signals.ts';
import { PLACE_SIGNALS } from './place-signals.ts';
import { lineAt, type Signal } from './signal.ts';
import { SPEED_SIGNALS } from './speed-signals.ts';
import { START_SIGNALS } from './start-signals.ts';

const SIGNALS: readonly Signal[] = [
  ...START_SIGNALS,
  ...MEMORY_SIGNALS,
  ...LOAD_SIGNALS,
  ...SPEED_SIGNALS,
  ...PLACE_SIGNALS,
  ...BOUND_SIGNALS,
  ...FAILURE_SIGNALS,
];
const MAX_CHARS = 60_000;

/** Words of two sentences belong together less than those of one. */
const SENTENCE_END = /(?<=[a-z)\d%]{2})[.!?] (?=[A-Z("'`-])/g;

/** What the words of a report, its launch and its log speak for. */
export function textHints(report: Report): readonly Hint[] {
  const cut = (text: string): string => text.slice(0, MAX_CHARS);
  const words = cut(toldWords(report)).replaceAll(SENTENCE_END, '.\n');
  const launch = cut(report.input.launch_command ?? '');
  const log = cut(report.input.log ?? '');
  const places = { words, launch, log, any: cut(`${words}\n${log}`) };
  return SIGNALS.flatMap(({ cls, weight, place, pattern }) => {
    const text = places[place];
    const found = text === '' ? null : pattern.exec(text);
    return found === null ? [] : [{ cls, weight, evidence: lineAt(text, found.index) }];
  });
}
