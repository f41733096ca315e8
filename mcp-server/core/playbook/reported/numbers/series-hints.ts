import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';

const MAX_CHARS = 20_000;

const NUMBER = String.raw`(\d+(?:\.\d+)?)`;

const msOf = (value: string | undefined, unit: string | undefined): number =>
  Number(value ?? Number.NaN) * (unit === 's' ? 1000 : 1);

const START_AND_END = new RegExp(
  `\\bfirst (?:byte|line|token|chunk|event|word)s?\\b[^\\n;\\d]{0,16}${NUMBER} ?(ms|s)\\b[^\\n;\\d]{0,24}\\b(?:last|done|end|ends|total|complete|finished|all)\\b[^\\n;\\d]{0,16}${NUMBER} ?(ms|s)\\b`,
  'gi',
);
const MEAN_OF = (name: string): RegExp =>
  new RegExp(`${name} \\(ms\\)\\W{0,4}(?:avg|mean)?\\W{0,4}${NUMBER}`, 'i');
const FIRST = MEAN_OF('time to first token');
const WHOLE = MEAN_OF('request latency');
const GAP = MEAN_OF('inter[- ]token latency');
/** Gaps between tokens below this no model has. Source: own reasoning. */
const LEAST_GAP_MS = 0.3;

/** The first of a stream comes when its last comes, so that something on the way keeps it. Source: playbook row 1. */
function wholeAtOnce(words: string): readonly Hint[] {
  const told = [...words.matchAll(START_AND_END)].find(
    ([, first, a, last, b]) => msOf(first, a) > 0.95 * msOf(last, b) && msOf(last, b) > 500,
  )?.[0];
  const [first, whole, gap] = [FIRST, WHOLE, GAP].map((name) => Number(name.exec(words)?.[1]));
  const isRead =
    (first ?? Number.NaN) > 0.97 * (whole ?? Number.NaN) && (gap ?? Number.NaN) < LEAST_GAP_MS;
  const evidence = told ?? `first token after ${first} of ${whole} ms, then ${gap} ms a token`;
  return told !== undefined || isRead ? [{ cls: 'proxy_buffering', weight: 0.85, evidence }] : [];
}

const AGAIN =
  /\b(?:identical|the same|exact same|same)\b[^.;\n]{0,40}\b(?:twice|again|second time|two times|back[- ]to[- ]back)/i;
const THEN = new RegExp(
  `\\b(?:ttft|first token|prompt|prefill)\\w*\\b[^\\n;\\d]{0,20}${NUMBER} ?(ms|s)\\b,? (?:and )?then (?:again )?${NUMBER} ?(ms|s)\\b`,
  'gi',
);

/** The same prompt is read anew the second time. Source: playbook row 22. */
function readAnew(words: string): readonly Hint[] {
  if (!AGAIN.test(words)) return [];
  const rows = [...words.matchAll(THEN)].map(([line, first, a, next, b]) => ({
    line,
    first: msOf(first, a),
    share: msOf(next, b) / msOf(first, a),
  }));
  const anew = rows.find(({ first, share }) => first >= 500 && share > 0.85);
  if (anew === undefined) return [];
  // Another setting keeps it, so that this one loses it.
  const isKept = rows.some(({ share }) => share < 0.5);
  return [{ cls: 'prefix_cache_miss', weight: isKept ? 0.93 : 0.8, evidence: anew.line }];
}

const LIST = new RegExp(`${NUMBER} ?(ms|s)((?:, ${NUMBER} ?(?:ms|s)){2,})`, 'gi');
const NEW_PROCESS =
  /\b(?:fresh|new|cold|restart\w*|just started)\b[^.\n]{0,24}\b(?:instance|server|process|engine|start|container|pod)?/i;
const SAME = /\b(?:identical|same|repeated) (?:prompts?|requests?|questions?|documents?)\b/i;

/** Different requests to a process that has just begun: the first takes longer than all after it. Source: playbook row 2. */
function firstOfSeries(words: string): readonly Hint[] {
  if (!NEW_PROCESS.test(words) || SAME.test(words)) return [];
  const slow = [...words.matchAll(LIST)].find(([, first, unit, rest = '']) => {
    const later = [...rest.matchAll(/(\d+(?:\.\d+)?) ?(ms|s)/gi)].map(([, v, u]) => msOf(v, u));
    const [least, most] = [Math.min(...later), Math.max(...later)];
    return most < 1.2 * least && msOf(first, unit) > 1.3 * most;
  });
  return slow === undefined
    ? []
    : [{ cls: 'cold_jit_in_window', weight: 0.75, evidence: slow[0].slice(0, 300) }];
}

/** Something is compiled that the warm-up should have compiled. Source: vLLM v1/worker/tpu_model_runner.py _check_num_xla_graphs. */
const LATE =
  /[Rr]ecompilation after warm[- ]?up is detected|\bcompil\w+ after (?:the )?warm-?up\b|\b(?:new|another) (?:xla |hpu )?graphs? (?:gets?|is|are|was|were) (?:built|compiled|captured|traced)\b/i;

function compiledLate(told: string): readonly Hint[] {
  const line = LATE.exec(told)?.[0];
  return line === undefined ? [] : [{ cls: 'cold_jit_in_window', weight: 0.85, evidence: line }];
}

const PACE = String.raw`(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps|tokens per second)`;
/** Up to a pace of the same number of threads. */
const REST = String.raw`(?:(?!threads)[^\n;])*?${PACE}`;
const BY_THREADS = [
  new RegExp(
    `(?:--threads|(?<![\\w-])-t|(?<!\\d )\\bthreads)[ =:]+(\\d+)\\b(?! threads)${REST}`,
    'gi',
  ),
  new RegExp(`\\b(\\d+) threads\\b${REST}`, 'gi'),
];

/** Twice the threads and the same speed: not the cores but what they read from is at its end. Null when: the report tells no such rows. Source: playbook row 30. */
export function threadsFlat(words: string): string | null {
  const rows = BY_THREADS.flatMap((pattern) => [...words.matchAll(pattern)])
    .map(([line, at, speed]) => ({ line, at: Number(at), speed: Number(speed) }))
    .toSorted((a, b) => a.at - b.at);
  const pair = rows
    .slice(1)
    .map((b, i) => [rows[i] ?? b, b] as const)
    .find(
      ([a, b]) =>
        a.at >= 4 && b.at >= 1.5 * a.at && b.speed < 1.12 * a.speed && b.speed > 0.9 * a.speed,
    );
  return pair === undefined ? null : `${pair[0].line}; ${pair[1].line}`.slice(0, 300);
}

/** Faster than whoever measured can believe: nobody complains of slowness. */
export const TOO_FAST =
  /(?<!(?:not|n't|never) )\b(?:too|astonishing\w*|surprising\w*|suspicious\w*|unbelievab\w*|impossibl\w*|implausibl\w*|unrealistic\w*|incredibl\w*) (?:fast|quick|low|good|short)\b/i;
const REPEATS =
  /\b(?:repeats?|re-?sends?|sends?|asks?|ran|runs?)\b[^.;\n]{0,30}\b(?:same|identical)\b[^.;\n]{0,30}\b(?:prompts?|questions?|requests?|documents?|texts?|inputs?|book|file)\b/i;

/** What was asked before is measured again, and comes too fast. Source: playbook row 3. */
function repeated(words: string): readonly Hint[] {
  const said = REPEATS.exec(words)?.[0];
  return said === undefined || !TOO_FAST.test(words)
    ? []
    : [{ cls: 'warm_prefix_cache_in_benchmark', weight: 0.85, evidence: said }];
}

const FIRST_AND_NEXT =
  /\bfirst (?:request|prompt|user|run|call|round|query|conversation)\b[^\n;\d]{0,24}(\d+(?:\.\d+)?) ?(ms|s)\b[^\n;\d]{0,16}\b(?:second|next|others?|rest|later|after|following)\b[^\n;\d]{0,24}(\d+(?:\.\d+)?) ?(ms|s)\b/gi;
/** So many times as long takes what nothing is kept of. Source: own reasoning. */
const NOT_KEPT = 5;

/** The first of a run comes many times sooner than the next: its prompt had been read before. Null when: not so. Source: playbook row 3. */
export function firstWasKnown(words: string): string | null {
  const found = [...words.matchAll(FIRST_AND_NEXT)].find(
    ([, first, a, next, b]) => NOT_KEPT * msOf(first, a) < msOf(next, b),
  );
  return found !== undefined && /ttft|first token|prompt/i.test(words) ? found[0] : null;
}

const TEXT_MAKING =
  /\b(?:perf(?: top| record)?|py-?spy|profil\w+|flame ?graphs?|stacks?|strace)\b[^\n]{0,120}(?:\bdecode\(\)[^\n]{0,30}\btokenizers?\b|\btokenizers?(?:::|\.)[\w:.]*decode|\bbatch_decode\b|\bdetokenizer(?:_manager)?\.py\b|\bdetokenize_incrementally\b|\bdecode_next\b|\bDecodeStream\b|\bdecode_stream\b|\bconvert_ids_to_tokens\b)/i;

/** A profile that is full of what turns tokens into text. Source: Hugging Face tokenizers Tokenizer::decode, DecodeStream; vLLM v1/engine/detokenizer.py; SGLang detokenizer_manager.py. */
function textMaking(words: string): readonly Hint[] {
  const line = TEXT_MAKING.exec(words)?.[0];
  return line === undefined ? [] : [{ cls: 'detokenizer_bound', weight: 0.85, evidence: line }];
}

/** What a row of measurements of the same thing shows. */
export function seriesHints(report: Report): readonly Hint[] {
  const words = withoutThousands(wordsOf(report).slice(0, MAX_CHARS));
  const flat = threadsFlat(words);
  const known = firstWasKnown(words);
  return [
    ...wholeAtOnce(words),
    ...readAnew(words),
    ...firstOfSeries(words),
    ...compiledLate(`${words}\n${(report.input.log ?? '').slice(-MAX_CHARS)}`),
    ...repeated(words),
    ...textMaking(words),
    ...(known === null
      ? []
      : [{ cls: 'warm_prefix_cache_in_benchmark', weight: 0.88, evidence: known }]),
    ...(flat === null ? [] : [{ cls: 'decode_bandwidth_bound', weight: 0.85, evidence: flat }]),
  ];
}
