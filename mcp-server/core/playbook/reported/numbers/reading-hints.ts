import { gpuFacts } from '../../../roofline/gpus.ts';
import { STATS_LINE } from '../lines/stats-reading.ts';
import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';
import { isOnePrompt } from './one-prompt.ts';

const MAX_CHARS = 200_000;

/** The last number that a pattern's group takes from a text. NaN when: none. */
function lastOf(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1]?.replaceAll(',', '') ?? Number.NaN);
}

/** As much of a report's log as is read. */
export const endOfLog = (report: Report): string => (report.input.log ?? '').slice(-MAX_CHARS);

/** Hit rate of the prefix cache by vLLM's last line about it. Units: per cent. NaN when: none tells. */
export const loggedHitPercent = (log: string): number =>
  lastOf(log, /(?<!External )[Pp]refix cache hit rate: (?:GPU: )?(\d+(?:\.\d+)?) ?%/g);

/** The hint where its condition holds. */
const when = (holds: boolean, ...[cls, weight, evidence]: Said): readonly Hint[] =>
  holds ? [{ cls, weight, evidence }] : [];
type Said = readonly [cls: string, weight: number, evidence: string];

/** Accepted drafts as engines and people tell them. Source: playbook row 33. */
function speculation(text: string): readonly Hint[] {
  const length = lastOf(text, /accept(?:ance|ed)? len(?:gth)?\s*[:=]?\s*(\d+(?:\.\d+)?)/gi);
  const share = /accept(?:ance)? rate[^\d\n]{0,14}(\d+(?:\.\d+)?) ?(%?)/i.exec(text);
  const rate = Number(share?.[1] ?? Number.NaN) / (share?.[2] === '%' ? 100 : 1);
  return [
    ...when(length < 1.6, 'speculation_not_paying', 0.75, `accepted length ${length}`),
    ...when(rate < 0.4, 'speculation_not_paying', 0.65, `acceptance rate ${rate}`),
  ];
}

/** What statistics lines of vLLM tell beside the load. Source: playbook rows 2, 12, 13. */
function statistics(log: string, words: string): readonly Hint[] {
  const preempted = lastOf(log, /Preemptions: (\d+)/g);
  const swapped = /Swapped: [1-9]\d* reqs/.exec(log)?.[0];
  const counted = lastOf(words, /(\d{2,}) (?:preemptions|retractions)\b/gi);
  const named = lastOf(words, /\b(?:preemptions|retractions)[ :=]+(\d{2,})/gi);
  const told = Math.max(counted || 0, named || 0);
  const hit = loggedHitPercent(log);
  const fits = lastOf(log, /Maximum concurrency for [\d,]+ tokens per request: (\d+\.\d+)x/g);
  const warm = 'warm_prefix_cache_in_benchmark';
  const starved = starvedDecode(log);
  const cached = `prefix cache hit rate ${hit} %`;
  return [
    ...when(preempted > 0, 'preemption_thrash', 0.85, `Preemptions: ${preempted}`),
    ...when(swapped !== undefined, 'preemption_thrash', 0.8, swapped ?? ''),
    ...when(told > 0, 'preemption_thrash', 0.8, `${told} preemptions`),
    ...when(starved !== null, 'prefill_interference', 0.75, starved ?? ''),
    ...promptsFill(log),
    ...when(hit > 80 && words !== '', warm, 0.6, cached),
    ...when(
      hit === 0 && (/prefix|same/i.test(words) || TURNS.test(words)),
      'prefix_cache_miss',
      0.65,
      cached,
    ),
    ...when(fits < 1, 'kv_cache_too_small', 0.75, `${fits} requests of full length fit`),
  ];
}

/** A line in which prompts are taken in at speed while running requests get next to nothing. Null when: none is. */
function starvedDecode(log: string): string | null {
  const lines = [...log.matchAll(STATS_LINE)].filter(([, prompt, decode, running]) => {
    const each = Number(decode) / Number(running);
    return Number(running) >= 2 && Number(prompt) > 500 && each < 2;
  });
  return lines.length >= 2 ? (lines[0]?.[0] ?? null) : null;
}

/** Requests wait with a free pool while nearly all tokens are prompt tokens: prefill is what they wait for. Source: playbook row 24. */
function promptsFill(log: string): readonly Hint[] {
  const lines = [...log.matchAll(STATS_LINE)].filter(([, prompt, decode]) => {
    const times = Number(prompt) / Number(decode);
    return (Number(prompt) > 2000 && times > 50) || (Number(prompt) > 500 && times > 500);
  });
  const isQueueing = /(?:Waiting|Pending): [1-9]\d* reqs/.test(log);
  const isFull = /KV cache usage: (?:9\d|100)/.test(log);
  return when(
    lines.length > 0 && isQueueing && !isFull,
    'prefill_bound',
    0.75,
    lines[0]?.[0] ?? '',
  );
}

const TURNS =
  /\bturns?\b(?! (?:\w+ )?o(?:n|ff)\b)|session|conversation|history|agent|system prompt|same (?:prefix|context)|follow-?up/i;

/** A slot whose cache is removed from its beginning, as the releases of llama-server tell it. */
const EMPTIED =
  /(?:kv cache rm(?: -)?|memory_seq_rm) \[0, end\)|kv cache rm \[p0, end\)[^\n]*\bp0=0\b/g;
const REUSE =
  /cache_?prompt|prompt cach|\bre-?us|\b(?:everything|whole prompt|all of it)\b[^.;\n]{0,30}\bagain/i;

/** Prompts of one conversation of which nothing is reused. Source: playbook row 22. */
function nothingReused(log: string, words: string): readonly Hint[] {
  const prefills = log.match(/Prefill batch[^\n]*#cached-token: \d+/g) ?? [];
  const isCold =
    prefills.length >= 2 &&
    prefills.every((line) => line.endsWith('#cached-token: 0')) &&
    !isOnePrompt(prefills);
  return [
    ...when(isCold && TURNS.test(words), 'prefix_cache_miss', 0.7, prefills[0] ?? ''),
    ...emptiedSlots(log, words),
  ];
}

/** Slots of which nothing is kept for the next prompt. Source: llama.cpp tools/server. */
function emptiedSlots(log: string, words: string): readonly Hint[] {
  const [first = '', ...others] = log.match(EMPTIED) ?? [];
  const isAgain = others.length > 0;
  const isToldOf = TURNS.test(words) || (isAgain && REUSE.test(words));
  return when(first !== '' && isToldOf, 'prefix_cache_miss', isAgain ? 0.8 : 0.65, first);
}

/** Timings that llama-server prints for a request. Source: playbook rows 21 and 30. */
function timings(log: string): readonly Hint[] {
  const prompt = timingOf(log, PROMPT_TIME);
  const decode = timingOf(log, DECODE_TIME);
  const said = `${prompt.tokens} prompt tokens took ${prompt.ms} ms, ${prompt.perS} tokens/s`;
  const isSlow = prompt.perS < 8 * decode.perS || prompt.ms > 3 * decode.ms;
  const isLong = prompt.tokens > 256 && prompt.ms > 1000;
  return when(isSlow && isLong, 'prefill_bound', 0.65, said);
}

/** Bytes of weights read per second in decode, beside what the card can. Source: playbook row 30. */
function weightsRead(log: string, gpu: string): readonly Hint[] {
  const sizes = [
    ...log.matchAll(/(?:CUDA|ROCm|Metal|Vulkan)\d* model buffer size = *([\d.]+) MiB/g),
  ];
  const gb = sizes.reduce((sum, [, mib]) => sum + Number(mib), 0) / 953.7;
  const { perS } = timingOf(log, DECODE_TIME);
  const share = (gb * perS) / (gpuFacts(gpu)?.bandwidthGbPerS ?? Number.NaN);
  const said = `${gb.toFixed(1)} GB of weights at ${perS} tok/s use ${Math.round(share * 100)} % of the bandwidth`;
  return when(gb > 0 && share > 0.4, 'decode_bandwidth_bound', 0.75, said);
}

const PROMPT_TIME =
  /prompt eval time =\s*([\d.]+) ms \/\s*(\d+) tokens.*?([\d.]+) tokens per second/;
const DECODE_TIME =
  /(?<!prompt )eval time =\s*([\d.]+) ms \/\s*(\d+) (?:tokens|runs).*?([\d.]+) tokens per second/;

function timingOf(log: string, pattern: RegExp) {
  const [ms = Number.NaN, tokens = Number.NaN, perS = Number.NaN] = (pattern.exec(log) ?? [])
    .slice(1)
    .map(Number);
  return { ms, tokens, perS };
}

const SERVED =
  /(\d+(?:\.\d+)?)(?: ?(?:req(?:uests)?\/s|rps|qps)\b|(?<=throughput \(req\/s\): +[\d.]+)$)/gim;

/** All that is offered is served, and no more is offered. Source: playbook row 43. */
function offered(text: string): readonly Hint[] {
  const rate = lastOf(text, /request[-_ ]rate(?: configured \(RPS\))?[ =:]+(\d+(?:\.\d+)?)/gi);
  const served = lastOf(text, SERVED);
  const isAll = Math.abs(served - rate) <= 0.05 * rate;
  return when(isAll, 'client_limited', 0.65, `${rate} requests/s offered, ${served} served`);
}

const TTFT_AT =
  /(?:(?:input|prompt|context|isl)\D{0,24}|(?=\d{3,6} (?:input|prompt)))(\d{3,6})\b[^\n]*?ttft\D{0,14}(\d+(?:\.\d+)?) ?(ms|s)\b/gi;

/** First-token times that follow the prompt's length, or are long for one request. Source: playbook rows 21 and 24. */
function promptTimes(words: string): readonly Hint[] {
  const rows = [...words.matchAll(TTFT_AT)]
    .map(([said, tokens, time, unit]) => ({
      said,
      tokens: Number(tokens),
      ms: Number(time) * (unit === 's' ? 1000 : 1),
    }))
    .toSorted((a, b) => a.tokens - b.tokens);
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return [];
  const longer = last.tokens / first.tokens;
  const isFollowing = longer > 1.4 && last.ms / first.ms > 0.6 * longer;
  const isAlone = /concurrency[ =:]*1\b|single|\bbatch 1\b|one (?:user|request|client)/i.test(
    words,
  );
  const isHuge = last.tokens >= 8000 && last.ms > 5000;
  return [
    ...when(isFollowing, 'prefill_bound', 0.75, `${first.said}; ${last.said}`.slice(0, 300)),
    ...when(isAlone && last.tokens >= 2000 && last.ms > 800, 'prefill_bound', 0.5, last.said),
    ...when(!isAlone && isHuge && !QUEUE.test(words), 'prefill_bound', 0.5, last.said),
  ];
}

const QUEUE = /queue|waiting|pending/i;

const GAP = /\bitl\b|inter[- ]token|tpot|tbot|between (?:\w+ )?tokens/i;

/** A quantile that a sentence tells. Units: ms. NaN when: it tells none. */
function quantileMs(sentence: string, name: string): number {
  const found = new RegExp(`(?:${name})\\b[^\\d\\n]{0,28}(\\d+(?:\\.\\d+)?) ?(ms|s)?\\b`, 'i').exec(
    sentence,
  );
  return Number(found?.[1] ?? Number.NaN) * (found?.[2] === 's' ? 1000 : 1);
}

/** Gaps between tokens whose tail is far from their middle. Source: playbook rows 1 and 29. */
function gapTail(words: string): readonly Hint[] {
  const told = words.split(/[;\n]|[.] /).filter((sentence) => GAP.test(sentence));
  const p50 =
    told.map((sentence) => quantileMs(sentence, 'p50|median')).find((ms) => ms >= 0) ?? Number.NaN;
  const far =
    told.map((sentence) => quantileMs(sentence, 'p99|p95|max')).find((ms) => ms >= 0) ?? Number.NaN;
  const said = `gap between tokens ${p50} ms in the middle, ${far} ms at the tail`;
  const isClumped = p50 < 1 && far > 200;
  return [
    ...when(isClumped, 'proxy_buffering', 0.7, said),
    ...when(far > 5 * p50 && !isClumped, 'prefill_interference', 0.6, said),
  ];
}

/** Long prompts, hardly any output, and a late first token: prompts are the work. Source: playbook row 24. */
function mostlyPrompts(words: string): readonly Hint[] {
  const input = lastOf(words, /\b(?:input|prompt|isl)\w*\b[^\d\n]{0,14}(\d{3,6})\b/gi);
  const output = lastOf(words, /\b(?:output|answers?|osl)\w*\b[^\d\n]{0,14}(\d{1,5})\b/gi);
  const first = /ttft[^\d\n]{0,24}(\d+(?:\.\d+)?) ?(ms|s)\b/i.exec(words);
  const ttftMs = Number(first?.[1] ?? Number.NaN) * (first?.[2] === 's' ? 1000 : 1);
  const said = `${input} tokens in, ${output} out, first token after ${ttftMs} ms`;
  return when(input > 100 * output && ttftMs > 2000, 'prefill_bound', 0.75, said);
}

/** What single readings of a report's texts say. */
export function readingHints(report: Report): readonly Hint[] {
  const log = endOfLog(report);
  const words = wordsOf(report).slice(0, MAX_CHARS);
  return [
    ...speculation(`${log}\n${words}`),
    ...statistics(log, words),
    ...nothingReused(log, words),
    ...timings(`${log}\n${words}`),
    ...weightsRead(log, report.input.gpu ?? ''),
    ...offered(`${report.input.launch_command ?? ''}\n${words}`),
    ...promptTimes(withoutThousands(words)),
    ...gapTail(words),
    ...mostlyPrompts(words),
  ];
}
