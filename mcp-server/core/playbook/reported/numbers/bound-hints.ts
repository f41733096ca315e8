import { STATS, STATS_LINE } from '../lines/stats-reading.ts';
import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';
import { hostHints } from './host-hints.ts';
import { isOnePrompt } from './one-prompt.ts';
import { sizesOf } from './sizes.ts';

const MAX_CHARS = 200_000;

/** The hint where its condition holds. */
const when = (holds: boolean, ...[cls, weight, evidence]: Said): readonly Hint[] =>
  holds ? [{ cls, weight, evidence }] : [];
type Said = readonly [cls: string, weight: number, evidence: string];

const BETTER = /looking for better prompt, base f_keep = (\d[\d.]*), sim = (\d[\d.]*)/g;
const SAVED = /saving prompt with length (\d+)/g;
/** Prompts of at least so many tokens are worth keeping. Source: own reasoning. */
const LONG_PROMPT = 1000;

/** A long prompt is put away because the next one shares nearly nothing with it. Source: llama.cpp tools/server/server-task.cpp. */
function slotLost(log: string): readonly Hint[] {
  const [line, , same] = [...log.matchAll(BETTER)].at(-1) ?? [];
  const saved = Math.max(0, ...[...log.matchAll(SAVED)].map(([, length]) => Number(length)));
  return when(
    Number(same) < 0.1 && saved >= LONG_PROMPT,
    'prefix_cache_miss',
    0.75,
    `${line ?? ''}, ${saved} tokens put away`,
  );
}

/** A CUDA build that does not list graphs among what it was built with. Source: llama.cpp ggml-cuda.cu, backend features. */
function builtWithoutGraphs(log: string): readonly Hint[] {
  const line = /[^\n]*\bCUDA : ARCHS = [^\n]*/.exec(log)?.[0] ?? '';
  const isWithout = line !== '' && !line.includes('USE_GRAPHS = 1');
  return when(isWithout, 'decode_eager_no_cuda_graph', 0.6, line.slice(0, 300));
}

const PREFILL =
  /^\[\d+-\d+-\d+ (\d+):(\d+):(\d+)[^\]\n]*\] Prefill batch[^\n]*?#new-token: (\d+)[^\n]*/gm;
/** From here on somebody complains. Source: own reasoning. */
const LONG_READ_SECONDS = 5;
/** Fewer prompt tokens in a second are the work of slow cards. Source: own reasoning. */
const SLOW_READ = 1500;

/** The pieces of one prompt follow each other slowly, and nobody else is served. Source: batch lines of SGLang's scheduler, written when a step begins. */
function slowRead(log: string): readonly Hint[] {
  const pieces = [...log.matchAll(PREFILL)].map(([line, h, m, s, tokens]) => ({
    line,
    at: Number(h) * 3600 + Number(m) * 60 + Number(s),
    tokens: Number(tokens),
  }));
  const isOne = pieces.length >= 2 && isOnePrompt(pieces.map(({ line }) => line));
  const sum = (from: typeof pieces): number => from.reduce((all, { tokens }) => all + tokens, 0);
  const span = (pieces.at(-1)?.at ?? Number.NaN) - (pieces[0]?.at ?? Number.NaN);
  const pace = sum(pieces.slice(0, -1)) / span;
  const isLong = sum(pieces) >= LONG_READ_SECONDS * pace;
  return when(
    isOne && isLong && pace < SLOW_READ && !/JIT|[Cc]ompil/.test(log),
    'prefill_bound',
    0.75,
    `${Math.round(pace)} prompt tokens a second`,
  );
}

/** One more request and next to nothing comes out, while no prompt is read: the batch left what graphs cover. Source: playbook row 14. */
function collapse(log: string): readonly Hint[] {
  const lines = [...log.matchAll(STATS_LINE)]
    .filter(([, prompt]) => Number(prompt) < 50)
    .map(([line, , decode, running]) => ({ line, speed: Number(decode), at: Number(running) }));
  const pair = lines
    .flatMap((a) => lines.map((b) => [a, b] as const))
    .find(([a, b]) => b.at > a.at && a.at > 0 && b.speed > 0 && b.speed < 0.3 * a.speed);
  return when(
    pair !== undefined,
    'decode_eager_no_cuda_graph',
    0.65,
    `${pair?.[0].line ?? ''}; ${pair?.[1].line ?? ''}`,
  );
}

const FULL_STATS = new RegExp(
  String.raw`${STATS},(?: Swapped: \d+ reqs,)? (?:Waiting|Pending): (\d+) reqs, GPU KV cache usage: ([\d.]+)%`,
  'g',
);

/** A pool so full that what runs is put back among what waits. Source: vLLM v1/core/sched/scheduler.py _preempt_request. */
function putBack(log: string): readonly Hint[] {
  const lines = [...log.matchAll(FULL_STATS)].map((found) => {
    const [prompt = 0, decode = 0, running = 0, waiting = 0, kv = 0] = found.slice(1).map(Number);
    return { line: found[0], prompt, decode, running, waiting, kv };
  });
  const turn = lines.slice(1).find((now, i) => {
    const before = lines[i];
    if (before === undefined || before.kv < 97 || now.kv < 95) return false;
    const isSame = now.running + now.waiting === before.running + before.waiting;
    // Beside a queue, one fewer may as well have ended where another came.
    const isShrinking =
      now.waiting > before.waiting && before.running - now.running >= (before.waiting > 0 ? 2 : 1);
    // Nobody came, and yet prompts are read: what had been thrown out is computed again.
    const isAgain = before.prompt < 1 && now.prompt > 500 && now.decode < 0.5 * before.decode;
    return isSame && (isShrinking || isAgain);
  });
  return when(turn !== undefined, 'preemption_thrash', 0.8, turn?.line ?? '');
}

const SHARED =
  /\b(?:shar\w+|same|common|long) (?:\w+ )?(?:prefix|system|prompt|context)|by (?:shared )?prefix|multi-?turn|\bturns?\b|conversation|agent|history/i;
/** Flags with which a launch keeps no prompt. */
export const CACHE_OFF = /--disable-radix-cache|--no-enable-prefix-caching|--no-cache-prompt/;

/** Prompts that begin alike and a launch that keeps none of them. Source: playbook row 22. */
function cacheOff(report: Report, words: string): readonly Hint[] {
  const flag = CACHE_OFF.exec(report.input.launch_command ?? '')?.[0];
  return when(
    flag !== undefined && SHARED.test(words),
    'prefix_cache_miss',
    0.6,
    `${flag ?? ''}: ${SHARED.exec(words)?.[0] ?? ''}`,
  );
}

const BLOCK = /Setting attention block size to (\d+) tokens/;
const NO_HIT = /[Pp]refix cache hit rate: (?:GPU: )?0\.0 ?%/;

/** Only whole blocks are kept, and a hybrid model's block is longer than what prompts share. Source: vLLM platforms/interface.py. */
function longBlocks(report: Report, log: string): readonly Hint[] {
  const block = BLOCK.exec(log)?.[0];
  const isAsked = /--enable-prefix-caching/.test(report.input.launch_command ?? '');
  const isMissed = NO_HIT.test(log);
  return [
    ...when(isMissed && block !== undefined, 'prefix_cache_miss', 0.65, block ?? ''),
    ...when(
      isMissed && isAsked,
      'prefix_cache_miss',
      0.4,
      '--enable-prefix-caching and no hit of it',
    ),
  ];
}

const CACHED_OF = /cached[_ ]tokens?\b[^\d\n]{0,14}(\d+) of (?:about |some )?(\d+)(k?)\b/i;
const TIMING = /cache_n\W{1,4}(\d+)[^\n]{0,12}prompt_n\W{1,4}(\d+)/g;

/** Prompt tokens that came from the cache, as responses count them. Source: OpenAI usage, llama-server timings. */
function cachedTokens(words: string): readonly Hint[] {
  const [said, cached, all, k] = CACHED_OF.exec(words) ?? [];
  const share = Number(cached) / (Number(all) * (k === 'k' ? 1000 : 1));
  const cold = [...words.matchAll(TIMING)].find(
    ([, own, read]) => Number(own) < 0.05 * Number(read) && Number(read) >= 200,
  );
  return [
    ...when(share < 0.05, 'prefix_cache_miss', 0.65, said ?? ''),
    ...when(cold !== undefined, 'prefix_cache_miss', 0.6, cold?.[0] ?? ''),
  ];
}

const LATENCY_BENCH = /benchmark_latency|bench latency/;

/** vLLM's latency benchmark sends the same made-up prompts in each iteration. Source: vLLM benchmarks/latency.py. */
function sameDummies(report: Report, words: string): readonly Hint[] {
  const texts = `${report.input.launch_command ?? ''}\n${words}`;
  const bench = LATENCY_BENCH.exec(texts)?.[0];
  const isCold = /--no-enable-prefix-caching/.test(texts);
  return when(
    bench !== undefined && !isCold,
    'warm_prefix_cache_in_benchmark',
    0.5,
    `${bench ?? ''} without --no-enable-prefix-caching`,
  );
}

const SPLIT_OVER_MACHINES = /--nnodes[ =]+(?:[2-9]|\d\d)\b/;
const STAGES_OR_COPIES = /--pp(?:-size)?\b|--pipeline-parallel|--enable-dp-attention/;
const ALONE = /Decode batch[^\n]*#running-req: 1,[^\n]*gen throughput \(token\/s\): \d+(?:\.\d+)?/;

/** One request at a time on layers that are split over machines: each of its all-reduces crosses the network. Source: playbook row 36. */
function splitOverMachines(report: Report, log: string): readonly Hint[] {
  const launch = report.input.launch_command ?? '';
  const nodes = SPLIT_OVER_MACHINES.exec(launch)?.[0];
  const isSplit = nodes !== undefined && !STAGES_OR_COPIES.test(launch);
  const alone = ALONE.exec(log)?.[0];
  return when(
    isSplit && alone !== undefined,
    'tp_communication_bound',
    0.6,
    `${nodes ?? ''}: ${alone ?? ''}`,
  );
}

/** Kernels that are built between two batches, which wait for them. Source: SGLang deep_gemm_wrapper/compile_utils.py, vLLM and Triton loggers. */
const BUILT_BETWEEN =
  /(?:Prefill|Decode) batch[\s\S]{0,4000}?\n([^\n]*(?:DeepGEMM JIT (?:code generation|Compiling)|JIT compil|[Aa]utotuning process starts)[^\n]*)\n[\s\S]{0,4000}?(?:Prefill|Decode) batch/;

function builtWhileServing(log: string): readonly Hint[] {
  const line = BUILT_BETWEEN.exec(log)?.[1];
  return when(line !== undefined, 'cold_jit_in_window', 0.7, line ?? '');
}

const POSITIONS = /Per-position acceptance rate: ([\d.]+(?:, [\d.]+)+)/g;
/** A draft that is taken less often than this is rarely worth its check. Source: own reasoning; vLLM's own warning of several drafts by one layer. */
const RARELY_TAKEN = 0.3;

/** The last of several drafts is mostly thrown away. Source: vLLM v1/spec_decode/metrics.py. */
function lateDrafts(log: string): readonly Hint[] {
  const line = [...log.matchAll(POSITIONS)].at(-1);
  const rates = (line?.[1] ?? '').split(', ').map(Number);
  const last = rates.at(-1) ?? Number.NaN;
  return when(
    rates.length >= 3 && last < RARELY_TAKEN,
    'speculation_not_paying',
    0.5,
    line?.[0] ?? '',
  );
}

const P2P_OFF = /\bNCCL_P2P_DISABLE[=:] ?["']?1|\bP2P DISABLED\b/;

/** What a layer is split over exchanges by way of the host. Source: NCCL environment variables. */
function withoutPeers(report: Report, log: string, words: string): readonly Hint[] {
  const off = P2P_OFF.exec(`${report.input.launch_command ?? ''}\n${log}`)?.[0];
  const isSplit = sizesOf(report).tensorParallel >= 2;
  return when(
    off !== undefined && isSplit && words !== '',
    'tp_communication_bound',
    0.65,
    off ?? '',
  );
}

/** What engines and launches show of what bounds a server that runs. */
export function boundHints(report: Report): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  const words = wordsOf(report).slice(0, MAX_CHARS);
  return [
    ...slotLost(log),
    ...builtWithoutGraphs(log),
    ...collapse(log),
    ...putBack(log),
    ...cacheOff(report, words),
    ...longBlocks(report, log),
    ...cachedTokens(withoutThousands(words)),
    ...sameDummies(report, words),
    ...splitOverMachines(report, log),
    ...builtWhileServing(log),
    ...slowRead(log),
    ...lateDrafts(log),
    ...withoutPeers(report, log, words),
    ...hostHints(report),
  ];
}
