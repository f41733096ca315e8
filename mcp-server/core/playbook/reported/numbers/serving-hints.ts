import { type Hint, numbersOf, type Report, withoutThousands, wordsOf } from '../report.ts';

const MAX_CHARS = 200_000;
const NONE: readonly Hint[] = [];

const IN_FLIGHT =
  /\b(\d+) (?:\w+ ){0,2}requests?\b[^.;\n\d]{0,12}\b(?:in flight|at once|at the same time|at a time|outstanding|in (?:a|one) burst)\b|\b(\d+)[- ](?:concurrent|parallel|simultaneous|in[- ]flight)\b/gi;
const RUNNING = /(?:Running: |#running-req: |num_requests_running(?:\{[^}]*\})? )(\d+)/g;
const WAITING = /(?:Waiting: |#queue-req: |num_requests_waiting(?:\{[^}]*\})? )(\d+)/g;
const MEDIA =
  /\b(?:images?|pictures?|photos?|screenshots?|videos?|audio|page scans|multi-?modal|pdf pages)\b|--limit-mm-per-prompt|--mm-processor/i;

/** Requests in flight at the client and at most running in the engine, while none waits there. Null when: not so. */
function heldBefore(report: Report): { readonly offered: number; readonly most: number } | null {
  const { log, metrics_text: metrics } = report.input;
  const shown = `${(log ?? '').slice(-MAX_CHARS)}\n${(metrics ?? '').slice(0, MAX_CHARS)}`;
  const offered = Math.max(0, ...numbersOf(wordsOf(report).slice(0, MAX_CHARS), IN_FLIGHT));
  const [running, waiting] = [numbersOf(shown, RUNNING), numbersOf(shown, WAITING)];
  const isIdle = waiting.length > 0 && waiting.every((at) => at === 0);
  const most = Math.max(0, ...running);
  return isIdle && most > 0 && offered >= HELD * most ? { offered, most } : null;
}
/** So many times what runs is on its way. Source: own reasoning. */
const HELD = 3;

const hasMedia = (report: Report): boolean =>
  MEDIA.test(`${report.input.launch_command ?? ''}\n${wordsOf(report)}`);

/** Media are made ready before a request is counted anywhere, so neither client nor prompt is what is waited for. Source: vLLM v1/engine/async_llm.py, SGLang tokenizer_manager.py. */
export const isHeldBefore = (report: Report): boolean =>
  heldBefore(report) !== null && hasMedia(report);

function heldHints(report: Report): readonly Hint[] {
  const held = heldBefore(report);
  if (held === null || !hasMedia(report)) return NONE;
  const evidence = `${held.offered} requests in flight, ${held.most} running at most, none waiting, with media`;
  return [{ cls: 'cpu_or_frontend_bound', weight: 0.9, evidence }];
}

const ASKED_CAP = /--max-running-requests[ =]+(\d+)/;
const TAKEN_CAP = /max_running_requests=(\d+)/;

/** The engine took less than it was asked for, and stands there. Source: SGLang model_runner.py, `max_running_requests` of its start-up line. */
function capCutShort(report: Report): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  const asked = Number(ASKED_CAP.exec(report.input.launch_command ?? '')?.[1]);
  const taken = TAKEN_CAP.exec(log);
  const cap = Number(taken?.[1]);
  const isThere = numbersOf(log, RUNNING).some((at) => at >= 0.95 * cap);
  const isWaiting = numbersOf(log, WAITING).some((at) => at > 0);
  if (!(cap < asked) || !isThere || !isWaiting) return NONE;
  const evidence = `${asked} asked for, ${taken?.[0] ?? ''}`;
  return [{ cls: 'batch_cap_binding', weight: 0.9, evidence }];
}

const CHUNK = /--(?:chunked-prefill-size|max-num-batched-tokens)[ =]+(\d+)/;
/** Source: vLLM config/scheduler.py. */
const LOGGED_CHUNK = /Chunked prefill is enabled with max_num_batched_tokens=(\d+)/;
/** Steps of fewer tokens cost about as much as larger ones. Source: vLLM docs optimization, chunked prefill; SGLang's smallest default is 2048. */
const SMALL_CHUNK = 512;
const OF_PROMPTS = /\bprompts?\b|ttft|first token|prefill|\bisl\b|input tokens/i;
const OF_GAPS = /\bitl\b|\btpot\b|inter-?token|running (?:streams|requests)|stall|other users/i;

/** Long prompts in pieces so small that each step's own cost is most of it. */
function smallChunks(report: Report, words: string): readonly Hint[] {
  const asked =
    CHUNK.exec(report.input.launch_command ?? '') ?? LOGGED_CHUNK.exec(report.input.log ?? '');
  const isSmall = asked !== null && Number(asked[1]) > 0 && Number(asked[1]) <= SMALL_CHUNK;
  if (!isSmall || !OF_PROMPTS.test(words) || OF_GAPS.test(words)) return NONE;
  return [{ cls: 'prefill_bound', weight: 0.65, evidence: asked[0] }];
}

const PACE = /(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps)\b/i;
const DRAFTS = String.raw`(?:mtp|specul\w*|eagle\d?|drafts?|spec)\b`;
const EAGER = String.raw`(?:enforce[-_ ])?eager\b`;

/** Whether a line of a table is about an arm with or without something. Null when: it does not tell. */
function isOn(line: string, name: string): boolean | null {
  const off = new RegExp(
    String.raw`\b(?:no|without|w\/o) (?:${name})|(?:${name})[:= ]*(?:off|disabled|none)\b|\bneither\b`,
    'i',
  );
  if (off.test(line)) return false;
  return new RegExp(String.raw`\b(?:${name})`, 'i').test(line) ? true : null;
}

interface Arm {
  readonly line: string;
  readonly drafts: boolean | null;
  readonly eager: boolean | null;
  readonly speed: number;
}

/** How many times as fast the best pair of arms is that differ in one thing alone. 1 where no pair is. */
function gainWithout(arms: readonly Arm[], thing: 'drafts' | 'eager'): number {
  const other = thing === 'drafts' ? 'eager' : 'drafts';
  const gains = arms.flatMap((a) =>
    arms
      .filter((b) => a[thing] === true && b[thing] === false && a[other] === b[other])
      .map((b) => b.speed / a.speed),
  );
  return Math.max(1, ...gains);
}

/** The arm whose drafts cost more than the lack of graphs does, in a table of both. Null when: there is none. */
export function draftsCostMore(words: string): string | null {
  const arms = words.split('\n').map((line) => ({
    line,
    drafts: isOn(line, DRAFTS),
    eager: isOn(line, EAGER),
    speed: Number(PACE.exec(line)?.[1] ?? Number.NaN),
  }));
  const told = arms.filter((arm) => arm.speed > 0 && arm.drafts !== null && arm.eager !== null);
  const gain = gainWithout(told, 'drafts');
  const isMore = gain > 1.1 && gain > gainWithout(told, 'eager');
  return isMore ? (told.find((arm) => arm.drafts === true)?.line ?? null) : null;
}

function factorHints(words: string): readonly Hint[] {
  const line = draftsCostMore(words);
  return line === null ? NONE : [{ cls: 'speculation_not_paying', weight: 0.85, evidence: line }];
}

const SAME_TOTAL =
  /\b(?:end[- ]to[- ]end|e2el?|total) (?:latency|time)\b[^\n]{0,40}(?:\bsame\b|equal|identical|unchanged|\+ ?\d(?:\.\d)?(?: to \d)? ?%)/i;
const LAYER =
  /\b(?:bare|plain|direct\w*)\b[^\n]{0,20}\b(?:vllm|sglang|engine|server|llama-server)\b|\b(?:through|via|behind|in front)\b/i;

/** First tokens come later by a layer in front and whole answers do not: it holds them back. Source: playbook row 1. */
function heldFirstToken(words: string): readonly Hint[] {
  const said = SAME_TOTAL.exec(words)?.[0];
  const isOfFirst = /ttft|first token/i.test(words) && LAYER.test(words);
  return said === undefined || !isOfFirst
    ? NONE
    : [{ cls: 'proxy_buffering', weight: 0.75, evidence: said }];
}

const SCATTERED =
  /\b(?:rout\w+|balanc\w+|gateway|spread)\b[^.;\n]{0,40}\b(?:random(?:ly)?|round[- ]?robin|least[- ](?:requests?|busy|conn\w*|load(?:ed)?|outstanding))\b/i;
const COPIES =
  /\b(?:[2-9]|\d\d|two|three|four|eight|several|many|each|other) (?:\w+ )?(?:replicas?|pods?|workers?|instances?|backends?)\b/i;
const OF_REUSE = /\bprefix\w*|\b(?:cache )?hit rate|\bshared (?:system )?prompts?|\bcache works\b/i;

/** Prompts that begin alike go to whichever copy is free, and each has to read them. Null when: not so. Source: playbook row 22. */
export function routedApart(words: string): string | null {
  const said = SCATTERED.exec(words)?.[0];
  return said !== undefined && COPIES.test(words) && OF_REUSE.test(words) ? said : null;
}

function scatteredHints(words: string): readonly Hint[] {
  const said = routedApart(words);
  return said === null ? NONE : [{ cls: 'prefix_cache_miss', weight: 0.88, evidence: said }];
}

/** What requests meet on their way into an engine that serves, and what its steps are made of. */
export function servingHints(report: Report): readonly Hint[] {
  const words = withoutThousands(wordsOf(report).slice(0, MAX_CHARS));
  return [
    ...heldHints(report),
    ...capCutShort(report),
    ...smallChunks(report, words),
    ...factorHints(words),
    ...heldFirstToken(words),
    ...scatteredHints(words),
  ];
}
