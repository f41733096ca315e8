import { quantile } from '../../../stats/quantile.ts';
import { type Hint, numbersOf, type Report, wordsOf } from '../report.ts';
import { askedHints } from './asked-hints.ts';
import { graphCapOf, loggedCaps, ranAsGraphs } from './caps.ts';
import { droppedGraphs } from './graph-hints.ts';
import { hasServed, isOom, memoryGbOf, pacesOf, sizesOf } from './sizes.ts';

const median = (values: readonly number[]): number => quantile(values, 0.5) ?? Number.NaN;

/** Lists of at least three numbers in one line: equal runs, one after the other. */
const SERIES =
  /(?:\d[\d.]*(?:\s?(?:ms|s|tok\/s|tps|t\/s))?\s*(?:,|;|->|→|\/|then)\s*){2,}\d[\d.]*/g;

/** Runs that differ though nothing changed: the first ones were cold, or the later ones warm. Source: playbook rows 2 and 3. */
function unequalRuns(words: string): readonly Hint[] {
  return words
    .split('\n')
    .filter((line) => !/(?:concurren\w*|batch(?: size)?|\bbs|clients|gpus)[ =:]*\d/i.test(line))
    .flatMap((line) => (line.match(SERIES) ?? []).flatMap((series) => readSeries(line, series)));
}

function readSeries(line: string, series: string): readonly Hint[] {
  const values = (series.match(/\d+(?:\.\d+)?/g) ?? []).map(Number);
  if (isLadder(values) && /ttft|first token/i.test(line)) {
    return [{ cls: 'prefill_bound', weight: 0.6, evidence: line }];
  }
  return isOfSpeed(line, series) ? coldRates(values, line) : coldTimes(values, line);
}

const isOfSpeed = (line: string, series: string): boolean =>
  /tok|throughput|req|\/s|tps/i.test(line) && !/\d ?m?s\b/.test(series);

function coldRates(
  [first = Number.NaN, ...rest]: readonly number[],
  line: string,
): readonly Hint[] {
  return first < 0.6 * median(rest)
    ? [{ cls: 'cold_jit_in_window', weight: 0.8, evidence: line }]
    : [];
}

function coldTimes(
  [first = Number.NaN, ...rest]: readonly number[],
  line: string,
): readonly Hint[] {
  const later = median(rest);
  if (!/ms|ttft|latency|seconds|\btime\b|\d s\b/i.test(line) || !(first > 2 * later)) return [];
  // First tokens of the same prompts come from the cache the second time.
  const isCached = first > 5 * later && /ttft|first token|prefill/i.test(line) && SAME.test(line);
  const [cold, warm] = isCached ? [0.35, 0.65] : [0.65, 0.35];
  return [
    { cls: 'cold_jit_in_window', weight: cold, evidence: line },
    { cls: 'warm_prefix_cache_in_benchmark', weight: warm, evidence: line },
  ];
}

/** Each later by what the first took: prompts of a burst that are read one after the other. Source: own reasoning. */
const isLadder = (values: readonly number[]): boolean =>
  values.length >= 3 &&
  values.every((value, i) => {
    const expected = (values[0] ?? Number.NaN) * (i + 1);
    return Math.abs(value - expected) <= 0.15 * expected;
  });
const SAME = /\b(?:same|identical|fixed|repeated)\b|--seed/i;

const CAP =
  /(?:max[-_ ]running[-_ ]requests?|max[-_ ]num[-_ ]seqs|--parallel|n_parallel|-np|slots?)["']?[ =:]+(\d+)/gi;
const LOAD =
  /(?:max[-_ ])?(?:concurrency|concurrent(?: requests)?|clients?|users?)[ =:]+(\d+)|(\d+)[- ](?:way|concurrent|parallel|simultaneous|(?:virtual )?users|clients|agents|streams|sessions|people|callers|workers|chats|conversations|connections)/gi;

/** More requests in flight than the batch may hold. Source: playbook row 9. */
function loadAboveCap(report: Report, words: string): readonly Hint[] {
  const caps = [
    ...numbersOf(`${report.input.launch_command ?? ''}\n${words}`, CAP),
    ...loggedCaps(report),
  ];
  const loads = numbersOf(words, LOAD);
  if (caps.length === 0 || loads.length === 0) return [];
  const [cap, load] = [Math.min(...caps), Math.max(...loads)];
  const evidence = `${load} requests offered, ${cap} may run`;
  return load > 1.1 * cap ? [{ cls: 'batch_cap_binding', weight: 0.75, evidence }] : [];
}

/** Graphs that cover less than what runs or may run. Source: playbook row 14. */
function loadAboveGraphs(report: Report, words: string): readonly Hint[] {
  const covered = graphCapOf(report);
  if (covered === null || isOom(report)) return [];
  const running = numbersOf(`${report.input.log ?? ''}`.slice(0, 50_000), RUNNING);
  const load = Math.max(0, ...numbersOf(words, LOAD), ...running);
  const launched = launchedTokens(report);
  const caps = Math.max(0, ...numbersOf(words, CAP), launched);
  const weight = load > covered || launched > covered ? 0.7 : caps > covered ? 0.5 : 0;
  const evidence = `graphs cover ${covered}, ${Math.max(load, caps)} run or may run`;
  return weight === 0 ? [] : [{ cls: 'decode_eager_no_cuda_graph', weight, evidence }];
}
const RUNNING = /#running-req: (\d+)/g;

const draftsOf = (report: Report): number =>
  Number(/num_speculative_tokens\W{1,4}(\d+)/.exec(report.input.launch_command ?? '')?.[1] ?? 0);

/** Tokens of a step, where its log or its drafts tell that graphs are counted against them. 0 where not. */
const launchedTokens = (report: Report): number =>
  /Truncating max_cudagraph/.test(report.input.log ?? '') || draftsOf(report) > 0
    ? tokensOf(report)
    : 0;

/** Tokens of the largest decode step that a launch allows: one for each sequence and its drafts. Source: vLLM docs cuda_graphs. */
function tokensOf(report: Report): number {
  const launch = report.input.launch_command ?? '';
  return Math.max(0, ...numbersOf(launch, CAP)) * (1 + draftsOf(report));
}

const FREE_AT_START =
  /using device \w+ \([^)]*\)(?: \([^)]*\))? - (\d+) (MiB) free|Load weight begin\. avail mem=([\d.]+) GB/;

/** Much of the GPU is taken before anything is loaded. Source: llama.cpp src/llama.cpp, SGLang model_runner.py. */
function takenBefore(report: Report): readonly Hint[] {
  const found = FREE_AT_START.exec(report.input.log ?? '');
  const freeGb = found?.[1] === undefined ? Number(found?.[3]) : Number(found[1]) / 1024;
  const totalGb = memoryGbOf(report.input.gpu ?? '');
  if (totalGb === null || !(freeGb < 0.6 * totalGb)) return [];
  const evidence = `${freeGb.toFixed(1)} of ${totalGb} GB were free before loading`;
  return [{ cls: 'gpu_already_in_use', weight: freeGb < 0.3 * totalGb ? 0.9 : 0.75, evidence }];
}

function sizeHints(report: Report, words: string): readonly Hint[] {
  return isOom(report) ? tooLarge(report) : splitInVain(report, words);
}

function tooLarge(report: Report): readonly Hint[] {
  const { weightShare } = sizesOf(report);
  if (weightShare === null || weightShare <= 0.85 || hasServed(report)) return [];
  const evidence = `weights take about ${Math.round(weightShare * 100)} % of the GPU`;
  return [{ cls: 'weights_do_not_fit', weight: 0.75, evidence }];
}

/** More threads than cores wait for each other. Source: llama.cpp docs, playbook rule threads-above-cores. */
function threadsAboveCores(report: Report, words: string): readonly Hint[] {
  const threads = Number(THREADS.exec(report.input.launch_command ?? '')?.[1]);
  const cores = Number(CORES.exec(words)?.[1]);
  if (!(threads > 1.5 * cores)) return [];
  const evidence = `${threads} threads on ${cores} cores`;
  return [{ cls: 'cpu_or_frontend_bound', weight: 0.75, evidence }];
}
const THREADS = /(?:--threads|(?<![\w-])-t)[ =]+(\d+)/;
const CORES = /\b(\d+)[ -](?:physical )?cores?\b/i;

/** GPUs of one machine. Source: DGX and HGX boards. */
const MOST_GPUS_OF_NODE = 8;
/** Machines that hold one GPU each. Source: NVIDIA DGX Spark and GH200 data sheets, AMD Strix Halo. */
const ONE_GPU_NODES = /DGX Spark|\bGB10\b|Strix Halo|Jetson/i;

/** Every layer is exchanged between machines. Source: vLLM docs parallelism_scaling: split by layers between nodes. */
function splitOverNodes(report: Report): readonly Hint[] {
  const { tensorParallel } = sizesOf(report);
  const most = ONE_GPU_NODES.test(report.input.gpu ?? '') ? 1 : MOST_GPUS_OF_NODE;
  // Attention that is parallel over data is not split. Source: SGLang docs dp_attention.
  const isSplit = !/--enable-dp-attention/.test(report.input.launch_command ?? '');
  if (tensorParallel <= most || isOom(report) || !isSplit) return [];
  const evidence = `tensors split over ${tensorParallel} GPUs`;
  return [{ cls: 'tp_communication_bound', weight: 0.6, evidence }];
}

/** A model that fits one GPU gains little by a split. Source: playbook row 45. */
function splitInVain(report: Report, words: string): readonly Hint[] {
  const { billions, tensorParallel } = sizesOf(report);
  if (billions === null || billions > 15 || tensorParallel < 2 || words === '') return [];
  const weight = billions / tensorParallel < 3 ? 0.55 : 0.45;
  const evidence = `${billions} B parameters over ${tensorParallel} GPUs`;
  return [{ cls: 'tp_communication_bound', weight, evidence }];
}

/** What fills a step that is much longer than its weights take to be read. */
function slowStep(report: Report, isBusy: boolean): string {
  const isEager = /--enforce-eager|--disable-cuda-graph(?![-\w])/.test(
    report.input.launch_command ?? '',
  );
  const offered = Math.max(0, ...numbersOf(wordsOf(report), LOAD));
  const isCovered = offered > 0 && (graphCapOf(report) ?? 0) >= offered;
  return isEager || (isBusy && !isCovered && !ranAsGraphs(report))
    ? 'decode_eager_no_cuda_graph'
    : 'cpu_or_frontend_bound';
}

/** A tiny model that takes milliseconds a token: launches fill the step. Source: playbook rows 14 and 31. */
function slowForItsSize(report: Report, words: string): readonly Hint[] {
  const { tpotMs, floorMs } = pacesOf(report, words);
  const isBusy = BUSY.test(words);
  const slow = slowStep(report, isBusy);
  const evidence = `${tpotMs} ms per token, weights alone need ${floorMs.toFixed(2)} ms`;
  const times = tpotMs / floorMs;
  if (times > 4) return [{ cls: slow, weight: 0.65, evidence }];
  if (times > 2.5 && isBusy) return [{ cls: slow, weight: 0.4, evidence }];
  // Where a prompt takes as long as a hundred tokens, it is the prompt that takes the time.
  const isPrompt = firstTokenMs(words) > 100 * tpotMs;
  const isNear = times <= 2 && !isBusy && !isPrompt;
  return isNear ? [{ cls: 'decode_bandwidth_bound', weight: 0.7, evidence }] : [];
}

function firstTokenMs(words: string): number {
  const found = /ttft[^\d\n]{0,24}(\d+(?:\.\d+)?) ?(ms|s)\b/i.exec(words);
  return Number(found?.[1] ?? Number.NaN) * (found?.[2] === 's' ? 1000 : 1);
}

const BUSY =
  /(?:\d{2,}) ?(?:req(?:uests)?\/s|rps|qps)|concurren\w*[ =:]+(?:[2-9]\d|\d{3,})|\d{3,} (?:random[- ]\w+ )?requests/i;

const TIMES = /(?:(TTFT|ITL|TPOT|TBOT)[^\d\n]{0,24}(\d+(?:\.\d+)?) ?(ms|s)\b)/gi;

/** Two paths measured alike: the longer has the later first token and the seemingly faster pace. Source: playbook row 1. */
function clumpedPath(words: string): readonly Hint[] {
  const rows = words.split('\n').map((line) => {
    const read = new Map<string, number>();
    for (const [, name = '', value, unit] of line.matchAll(TIMES)) {
      const key = /ttft/i.test(name) ? 'ttft' : 'pace';
      if (!read.has(key)) read.set(key, Number(value) * (unit === 's' ? 1000 : 1));
    }
    return { line, read };
  });
  for (const a of rows) {
    for (const b of rows) {
      const later = (b.read.get('ttft') ?? Number.NaN) > 2 * (a.read.get('ttft') ?? Number.NaN);
      const faster = (b.read.get('pace') ?? Number.NaN) < 0.7 * (a.read.get('pace') ?? Number.NaN);
      if (later && faster) return [{ cls: 'proxy_buffering', weight: 0.75, evidence: b.line }];
    }
  }
  return [];
}

/** What the numbers of a report say, whatever its words. */
export function numberHints(report: Report): readonly Hint[] {
  const words = wordsOf(report);
  return [
    ...unequalRuns(words),
    ...loadAboveCap(report, words),
    ...loadAboveGraphs(report, words),
    ...droppedGraphs(report),
    ...sizeHints(report, words),
    ...takenBefore(report),
    ...slowForItsSize(report, words),
    ...clumpedPath(words),
    ...threadsAboveCores(report, words),
    ...askedHints(report),
    ...(words === '' ? [] : splitOverNodes(report)),
  ];
}
