import type { LogLoad } from '../../telemetry/log-load.ts';
import type { Sample } from '../../telemetry/prometheus.ts';
import { MEASURED_WARM } from './lines/event-reading.ts';
import { isKept } from './lines/waiting-reading.ts';
import { bandwidthShare } from './numbers/bandwidth-hints.ts';
import { CACHE_OFF } from './numbers/bound-hints.ts';
import { batchCapOf, ranAsGraphs } from './numbers/caps.ts';
import { gpusPay } from './numbers/compare-hints.ts';
import { isBelowCap } from './numbers/load-hints.ts';
import { isOomWithoutGraphs } from './numbers/memory-hints.ts';
import { isTextMakerIdle } from './numbers/process-hints.ts';
import { endOfLog, loggedHitPercent } from './numbers/reading-hints.ts';
import { kvUsageOf, scrapedHitRatio, waitingOf } from './numbers/scrape-hints.ts';
import { firstWasKnown, TOO_FAST, threadsFlat } from './numbers/series-hints.ts';
import { draftsCostMore, isHeldBefore, routedApart } from './numbers/serving-hints.ts';
import { hasServed, pacesOf, weightsFit } from './numbers/sizes.ts';
import { numbersOf, type Report, withoutThousands, wordsOf } from './report.ts';
import { DECODE_FINE } from './words/concept-hints.ts';
import { CONCEPTS } from './words/concepts.ts';

/** What is left of words for a class that a number of the same report speaks against. Source: own reasoning. */
export const REFUTED_SHARE = 0.3;
/** Weights are read in this many times the time that they need: they are not what takes the time. Source: own reasoning. */
const FAR_FROM_FLOOR = 4;
/** Enough lines to say that nothing waits. Source: own reasoning. */
const LEAST_LINES = 3;

interface Readings {
  readonly load: LogLoad | null;
  readonly scrape: readonly Sample[];
}

const TOLD_USAGE =
  /(?:kv_cache_usage_perc|kv[- _]cache usage|token usage)[ :=]*(?:(?:is|stays|at|between|from) )*(?:0?\.\d+ ?(?:-|to|and) ?)?(0?\.\d+)/gi;

/** The highest use of the pool that the words tell, ratio 0..1. NaN when: they tell none. */
const toldUsage = (words: string): number => {
  const told = numbersOf(words, TOLD_USAGE);
  return told.length === 0 ? Number.NaN : Math.max(...told);
};

/** The pool has room all the time. */
function hasRoom({ load, scrape }: Readings, words: string): boolean {
  const scraped = kvUsageOf(scrape);
  return (load?.kvUsage?.max ?? (Number.isNaN(scraped) ? toldUsage(words) : scraped)) < 0.7;
}

/** Nobody waits at any time that is seen. */
function isIdle({ load, scrape }: Readings): boolean {
  const queue = load?.queue ?? null;
  return queue === null || queue.n < LEAST_LINES ? waitingOf(scrape) === 0 : queue.max === 0;
}

/** Share of prompt tokens that came from the cache, by the last line of the log or a scrape, ratio 0..1. NaN when: nothing tells. */
function hitRatioOf(report: Report, scrape: readonly Sample[]): number {
  const logged = loggedHitPercent(endOfLog(report));
  return Number.isNaN(logged) ? scrapedHitRatio(scrape) : logged / 100;
}

/** Nothing was had that could be taken back. Source: dstack run plans, codes of AWS, GCP and Azure. */
const NEVER_PLACED =
  /no (?:matching )?(?:instance )?offers|NoCapacityError|CountExceeded|LimitExceeded|QUOTA_EXCEEDED|InsufficientInstanceCapacity|RESOURCE_POOL_EXHAUSTED/i;
const TAKEN_BACK = /interrupt|reclaim|taken (?:back|away)|evict|preempted/i;

/** An orchestrator's report that tells of no stream, so that its gateway is a way to a machine. */
const isPlaceOnly = (report: Report, words: string): boolean =>
  report.engine === 'dstack' &&
  !CONCEPTS.stream.test(words) &&
  !CONCEPTS.ttft.test(words) &&
  !CONCEPTS.clump.test(words);
/** Every layer is on the GPU, and nothing keeps tensors of them elsewhere. Source: llama.cpp src/llama-model.cpp. */
function hasAllLayers(report: Report, words: string): boolean {
  const { launch_command: launch, log } = report.input;
  const isSplit = /cpu-moe|-ot\b|--override-tensor|exps=CPU|buffer type overridden to CPU/.test(
    `${launch ?? ''}\n${log ?? ''}`,
  );
  return !isSplit && /\b([1-9]\d*)\/\1(?: layers|\))|\bgpu only\b/i.test(`${log ?? ''}\n${words}`);
}

/** What would slow decoding. */
const OF_DECODE = [
  'decode_eager_no_cuda_graph',
  'decode_bandwidth_bound',
  'speculation_not_paying',
  'detokenizer_bound',
  'layers_on_cpu',
];

/** Graphs that were tried and brought nothing. */
const GRAPHS_TRIED =
  /\b(?:tried|tested|switched to|turned on)\b[^.;\n]{0,30}\bgraphs?\b[^.;\n]{0,40}(?:slower|wors|no (?:gain|faster|difference|better))/i;

const DIRECT_TIME = /\bdirect\w*\b[^\n]*?ttft[^\d\n]{0,12}(\d+(?:\.\d+)?) ?(ms|s)\b/i;
const PROXIED_TIME =
  /\b(?:through|via|behind|proxied)\b[^\n]*?ttft[^\d\n]{0,12}(\d+(?:\.\d+)?) ?(ms|s)\b/i;

/** The way around the proxy has as late a first token as the way through it. */
function isDirectAsSlow(words: string): boolean {
  const [direct, proxied] = [DIRECT_TIME, PROXIED_TIME].map((pattern) => {
    const [, time, unit] = pattern.exec(words) ?? [];
    return Number(time) * (unit === 's' ? 1000 : 1);
  });
  return (direct ?? Number.NaN) > 0.7 * (proxied ?? Number.NaN);
}

/** Memory ended before the ranks lost each other, so that waiting is what came of it. */
function oomCameFirst(log: string): boolean {
  const oom = log.search(/out of memory|OutOfMemory/);
  return oom !== -1 && log.slice(oom).search(/[Ww]atchdog|timed out/) !== -1;
}

/** A cache that is off served nothing. */
const SAID_OFF = /(?<!turn\w* |with |switch\w* )prefix cach\w+ (?:is |was )?(?:off|disabled)/i;

/** Prompts that no cache can know. */
const SAID_COLD =
  /(?<!(?:not|never|without|if) (?:\w+ )?)(?:cache (?:is |was )?flushed|flushed the (?:\w+ )?cache)\b|\bunique prompts|prompts (?:are |were )?unique/i;

/** No cache served the prompts. */
const isCold = (report: Report, words: string): boolean =>
  CACHE_OFF.test(report.input.launch_command ?? '') ||
  SAID_OFF.test(words) ||
  SAID_COLD.test(words);

/** Fewer at a time was the cure, so that the cap did not bind. */
const ONE_HELPS =
  /(?:--parallel|-np|max[-_]num[-_]seqs|max[-_]running[-_]requests)[ =]1\b[^.;\n]{0,60}(?:works|is (?:fine|right|correct)|fixe[sd]|restore[sd]?|solve[sd])/;

/** What was measured first had been prepared before. */
const wasWarm = (words: string): boolean =>
  MEASURED_WARM.test(words) || firstWasKnown(words) !== null;

/** The pool is full in every line, so that neither a cap nor a reserve keeps others out. */
const isFull = ({ load }: Readings): boolean =>
  load !== null && (load.kvUsage?.n ?? 0) >= 2 && (load.kvUsage?.min ?? 0) >= 0.95;

/** So many tokens of a step are kept, while hardly anything else runs, that a draft pays. Source: playbook row 33; own reasoning. */
const PAYING_LENGTH = 2.5;

const draftsPay = ({ load }: Readings): boolean =>
  load !== null &&
  (load.acceptLength?.min ?? 0) >= PAYING_LENGTH &&
  (load.running?.max ?? Number.NaN) <= 2;

/** More wait in every line than run: what they wait for is a place, and not a draft. Source: own reasoning. */
const mostWait = ({ load }: Readings): boolean =>
  (load?.queue?.min ?? 0) > (load?.running?.max ?? Number.NaN);

/** A start that comes through without graphs: the weights and the largest prompt had their memory. Source: vLLM gpu_worker.py, capture after profile_run. */
const EAGER_STARTS =
  /\b(?:starts?|works?|runs?|boots?|loads?|serves?|(?:comes?|gets?) up)\b(?: \w+){0,4} (?:with|under|in) (?:--)?(?:enforce[-_ ]eager|disable-cuda-graph|eager)\b/i;

type Refuting = readonly [boolean, ...string[]];

/** What the load of a server, a stream's speed or a start without graphs speak against. */
function servingRows(report: Report, readings: Readings, words: string): readonly Refuting[] {
  const { load, scrape } = readings;
  const isBelow = load !== null && isBelowCap(load, batchCapOf(report, scrape));
  return [
    [bandwidthShare(report, words) < 1 / FAR_FROM_FLOOR, 'decode_bandwidth_bound'],
    [draftsPay(readings) || mostWait(readings), 'speculation_not_paying'],
    [isTextMakerIdle(words), 'detokenizer_bound'],
    [isFull(readings), 'batch_cap_binding', 'admission_too_conservative'],
    [
      EAGER_STARTS.test(words),
      'weights_do_not_fit',
      'oom_activation_prefill',
      'gpu_already_in_use',
    ],
    [isBelow, 'batch_cap_binding'],
  ];
}

/** Classes that a number of the report speaks against, whatever its words say. */
export function refutedClasses(report: Report, readings: Readings): ReadonlySet<string> {
  const words = withoutThousands(wordsOf(report));
  const { tpotMs, floorMs } = pacesOf(report, words);
  const hit = hitRatioOf(report, readings.scrape);
  const cached = readings.load?.cachedShare ?? hit;
  const log = report.input.log ?? '';
  const rows: readonly Refuting[] = [
    ...servingRows(report, readings, words),
    [hasRoom(readings, words), 'kv_bound_queueing', 'preemption_thrash'],
    [
      isIdle(readings) || CONCEPTS.notQueued.test(words),
      'kv_bound_queueing',
      'batch_cap_binding',
      'admission_too_conservative',
    ],
    [tpotMs > FAR_FROM_FLOOR * floorMs, 'decode_bandwidth_bound'],
    [cached < 0.05, 'warm_prefix_cache_in_benchmark'],
    [hit > 0.6, 'prefix_cache_miss'],
    [cached > 0.8, 'prefill_bound', 'prefix_cache_miss'],
    [gpusPay(words), 'tp_communication_bound'],
    [words.search(DECODE_FINE) !== -1, ...OF_DECODE],
    [isDirectAsSlow(words), 'proxy_buffering'],
    [GRAPHS_TRIED.test(words) || ranAsGraphs(report), 'decode_eager_no_cuda_graph'],
    [hasServed(report) || weightsFit(report), 'weights_do_not_fit'],
    [hasAllLayers(report, words), 'layers_on_cpu'],
    [CONCEPTS.loadSide.test(words) || threadsFlat(words) !== null, 'cpu_or_frontend_bound'],
    [TOO_FAST.test(words), 'prefill_bound'],
    [isKept(report), 'spot_interruption'],
    [NEVER_PLACED.test(log) && !TAKEN_BACK.test(`${log}\n${words}`), 'spot_interruption'],
    [isCold(report, words), 'warm_prefix_cache_in_benchmark'],
    [ONE_HELPS.test(words), 'batch_cap_binding', 'admission_too_conservative'],
    [isPlaceOnly(report, words), 'proxy_buffering'],
    [isHeldBefore(report), 'client_limited', 'prefill_bound'],
    [wasWarm(words), 'cold_jit_in_window'],
    [routedApart(words) !== null, 'proxy_buffering'],
    [draftsCostMore(words) !== null, 'decode_eager_no_cuda_graph'],
    [isOomWithoutGraphs(report, words), 'oom_cuda_graph_capture', 'decode_eager_no_cuda_graph'],
    [oomCameFirst(log), 'hang_watchdog', 'nccl_interconnect'],
  ];
  return new Set(rows.flatMap(([holds, ...classes]) => (holds ? classes : [])));
}
