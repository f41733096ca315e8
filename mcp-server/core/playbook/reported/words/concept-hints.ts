import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';
import type { Term } from './concept-weights.ts';
import { CONCEPTS, type Concept } from './concepts.ts';
import { LOAD_CONCEPTS } from './load-concepts.ts';
import { lineAt } from './signal.ts';
import { START_CONCEPTS } from './start-concepts.ts';

const MAX_CHARS = 20_000;
const MAX_LOG_CHARS = 200_000;
/** Less than this is noise; more than that no words alone make sure. Source: own reasoning. */
const LEAST_WEIGHT = 0.2;
const MOST_WEIGHT = 0.72;

/** `no CUDA OOM, NCCL error or preemption`: what a report denies must not speak for a class. */
const DENIED =
  /\b(?:there (?:are|is|was|were) )?(?:no|without(?: any)?|neither|zero|not a single) (?:(?:sign|trace)s? of )?(?:[\w-]+ ){0,2}(?:preemptions?|retractions?|oom|errors?|crash(?:es)?|restarts?|swapping|speculation|proxy|hangs?|drafts?)\b(?:(?:, | or | nor |, or | and )(?:[\w-]+ ){0,2}(?:preemptions?|retractions?|oom|errors?|crash(?:es)?|restarts?|hangs?)\b)*/gi;

/** `retractions never occur`, `it does not crash`: denied by the verb. */
const NEVER =
  /\b(?:preemptions?|retractions?|oom|errors?|crash(?:es)?|restarts?|hangs?|swapping)\b (?:\w+ )?(?:never|(?:do|does|did|is|are|was|were)(?: not|n.t))\b(?: \w+)?|\b(?:never|(?:do|does|did|is|are|was|were)(?: not|n.t)) (?:\w+ )?(?:preempt(?:s|ed)?|retract(?:s|ed)?|swap(?:s|ped)?|crash(?:es|ed)?|hangs?|ooms?)\b/gi;

const NOT_FULL =
  /\b(?:far from|not|never|nowhere near|is(?:n't| not)|not yet|well below|far below) (?:being )?(?:full|exhausted|saturated|busy|100 ?%)(?!\w)/gi;

/** A cache that is off explains no hits of it, and different prompts hit nothing. */
const CACHE_OFF =
  /\b(?:with |and |the )*(?:prefix(?: ca\w+)?|radix(?: cache)?|prompt cache) (?:is |was |switched |turned )*(?:off|disabled)\b|\b(?:different|unique|fresh|new|random) (?:prompts?|inputs?|text) (?:each|every|per)\b/gi;

/** What stands still for some seconds is no hang. */
const TRANSIENT =
  /\b(?:freez\w*|froze|hangs?|stands? still|stops?|blocks?|gets? stuck)(?= (?:for|during) (?:about |some |around |up to |a few |several )?(?:a (?:few )?|\d[\d.]*(?: ?(?:to|-) ?\d+)? ?|two |three |five |ten |twenty |thirty )?s(?:ec(?:ond)?s?)?\b)/gi;

/** What it looked like at first, and what a setting was made for, are not what is. */
const SEEMED =
  /\b(?:it |that |this )?(?:looked|looks|seemed) like (?:a |an |the )?[\w-]+(?: [\w-]+)?|\bas (?:if|though) (?:the |it |a )?(?:\w+ )?(?:were|was) \w+|\b(?:so that|in order that|to (?:avoid|prevent|keep|stop))\b[^.;\n]{0,60}(?:out of (?:gpu |cuda )?memory|\boom\b|preempt\w*|retract\w*)/gi;

/** `it is not the prefill work`, `it is no straggler`: denied by a noun. */
const NO_SUCH =
  /\b(?:it|this|that) (?:is|was)(?: not|n.t) (?:the |an? |about )(?:\w+[ -]?){1,4}|\b(?:it|this|that) (?:is|was) no \w+(?: \w+)?/gi;

/** Decoding that is told to be as it should. */
export const DECODE_FINE =
  /\b(?:decod\w*|generation|generating|writing|token generation|tg)(?: itself| speed| rate)* (?:is |are |was )?(?:ok|okay|fine|good|equal|normal|unaffected|unchanged|the same|not affected)\b[^.;\n]{0,12}/gi;

/** What stands at a number is no hang. */
const STUCK_AT = /\bstuck at (?=\d)/gi;

/** What hangs around a number stands there, and a slot hangs off a bus: neither is a hang. */
const HOVERS =
  /\bhang(?:s|ing)? (?=(?:around|at|near|about|between) (?:about )?\d|(?:directly |straight )?off\b)/gi;

/** Cores that cannot be filled wait for something. */
const NOT_FILLED =
  /\b(?:cannot|can.t|could not|never)\b[^.;\n]{0,30}\b(?:to|at|reach(?:es)?) (?:100 ?%|full load)/gi;

/** A program that is made with its switches is compiled before it runs. */
const BUILT =
  /\b(?:re-?)?compil\w+(?=[^.;\n]{0,80}(?:cmake|\bmake\b|-D[A-Z]|from source|(?:LLAMA|GGML)_\w+|llama[-_.]cpp))/gi;

/** Drafts that are accepted as ever explain nothing. */
const ACCEPTED_AS_EVER =
  /\baccept\w*(?: rate| length)? (?:is|are|was|were|stays?|looks?) (?:the same|equal|identical|unchanged|fine|ok(?:ay)?|good|healthy)\b/gi;

/** What differs from one request to the next is told, not complained of. */
const DIFFERS =
  /\bhow (?:many|much|long) (?:\w+ ){1,6}(?:differs?|var(?:y|ies)|depends?)\b[^.,;\n]{0,40}/gi;

/** Words of a report without what they say is not so. */
export const toldWords = (report: Report): string =>
  withoutThousands(wordsOf(report).slice(0, MAX_CHARS))
    .replaceAll(SEEMED, ' ')
    .replaceAll(NO_SUCH, ' ')
    .replaceAll(DIFFERS, ' ')
    .replaceAll(DECODE_FINE, ' ')
    .replaceAll(STUCK_AT, 'limited to ')
    .replaceAll(DENIED, ' ')
    .replaceAll(NEVER, ' ')
    .replaceAll(NOT_FULL, ' low ')
    .replaceAll(TRANSIENT, ' stalls ')
    .replaceAll(HOVERS, 'stands ')
    .replaceAll(NOT_FILLED, 'with cores to spare')
    .replaceAll(BUILT, 'built')
    .replaceAll(ACCEPTED_AS_EVER, ' ')
    .replaceAll(CACHE_OFF, ' ');

function weigh(terms: readonly Term[], found: ReadonlyMap<Concept, string>): Hint | null {
  let weight = 0;
  let evidence = '';
  for (const [share, ...ideas] of terms) {
    if (!ideas.every((idea) => found.has(idea))) continue;
    weight += share;
    const first = ideas[0];
    if (evidence === '' && share > 0 && first !== undefined) evidence = found.get(first) ?? '';
  }
  if (weight < LEAST_WEIGHT || evidence === '') return null;
  return { cls: '', weight: Math.min(MOST_WEIGHT, weight), evidence };
}

const OOM_LINE = /[^\n]{0,80}(?:out of memory|OutOfMemory)[^\n]{0,120}/;

/** Ideas that a launch states whatever the words say. */
const LAUNCH_IDEAS: readonly (readonly [Concept, RegExp])[] = [
  ['manyGpus', /(?:--tp(?:-size)?|--tensor-parallel-size|-tp)[ =]+(?:[2-9]|\d\d)\b/],
  ['cap', /(?:--max-running-requests|--max-num-seqs|--parallel|(?<![\w-])-np)[ =]+\d+/],
  ['speculates', /--spec(?:ulative)?[-_]\S+|--model-draft\b/],
  ['onCpu', /--cpu-moe|--n-cpu-moe|--cpu-offload-gb[ =]+(?!0\b)|exps\S*=CPU/],
];

/** The ideas of a report with the text that states each: its words, then its launch and its log. */
function ideasOf(report: Report, words: string): ReadonlyMap<Concept, string> {
  const told = Object.entries(CONCEPTS).flatMap(([idea, pattern]) => {
    const match = pattern.exec(words);
    return match === null || !isConcept(idea) ? [] : [[idea, lineAt(words, match.index)] as const];
  });
  const launch = report.input.launch_command ?? '';
  const log = (report.input.log ?? '').slice(-MAX_LOG_CHARS);
  const others = [
    ...LAUNCH_IDEAS.map(([idea, pattern]) => [idea, pattern.exec(launch)?.[0]] as const),
    ['oom', OOM_LINE.exec(log)?.[0]] as const,
  ].flatMap(([idea, said]) => (said === undefined ? [] : [[idea, said] as const]));
  return new Map([...others, ...told]);
}

/** What the ideas in the words of a report speak for together, in whatever phrases they are put. */
export function conceptHints(report: Report): readonly Hint[] {
  const words = toldWords(report);
  if (words.trim() === '') return [];
  const found = ideasOf(report, words);
  return Object.entries({ ...START_CONCEPTS, ...LOAD_CONCEPTS }).flatMap(([cls, terms]) => {
    const hint = weigh(terms, found);
    return hint === null ? [] : [{ ...hint, cls }];
  });
}

/** Lines with which a log complains, whatever the program. */
const COMPLAINT =
  /error|exception|fail|denied|refus|cannot|could not|unable|invalid|not found|warn|fatal/i;
const MAX_COMPLAINTS = 12;

/** Nobody complains: no words, and a log of which no line does. */
export const isQuiet = (report: Report): boolean =>
  wordsOf(report).trim() === '' && !COMPLAINT.test((report.input.log ?? '').slice(-MAX_LOG_CHARS));

/** Ideas in a line that nobody knows say less than words of a person. Source: own reasoning. */
const UNKNOWN_LINE_SHARE = 0.7;

/** What the complaints of a log speak for whose lines nobody knows. */
export function complaintHints(report: Report): readonly Hint[] {
  const lines = (report.input.log ?? '').slice(-MAX_LOG_CHARS).split('\n');
  const words = lines
    .filter((line) => COMPLAINT.test(line))
    .slice(-MAX_COMPLAINTS)
    .map((line) => line.slice(0, 500))
    .join('\n');
  if (words === '') return [];
  const found = ideasOf(report, words);
  return Object.entries(START_CONCEPTS).flatMap(([cls, terms]) => {
    const hint = weigh(terms, found);
    return hint === null ? [] : [{ ...hint, cls, weight: UNKNOWN_LINE_SHARE * hint.weight }];
  });
}

const isConcept = (name: string): name is Concept => name in CONCEPTS;
