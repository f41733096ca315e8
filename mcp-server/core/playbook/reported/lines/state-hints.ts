import { splitsOf } from '../numbers/sizes.ts';
import { type Hint, type Report, wordsOf } from '../report.ts';
import { statsHints } from './stats-reading.ts';
import { neverMetAt } from './waiting-reading.ts';

const MAX_CHARS = 200_000;
const OOM = /out of memory|OutOfMemory/;

/** From here on it is what runs beside it that takes the memory, whatever a batch line is of. Units: requests. Source: own reasoning. */
const MANY = 32;
const VLLM_STATS = /Running: (\d+) reqs\b[^\n]*/g;

/** What ran when memory ended: the batch line before the first such line. Source: SGLang prints a line for each prefill batch. */
function whatRan(log: string): readonly Hint[] {
  const at = log.search(OOM);
  if (at === -1) return [];
  const before = log.slice(0, at);
  const prefill = before.lastIndexOf('Prefill batch');
  const decode = before.lastIndexOf('Decode batch');
  if (prefill === -1 && decode === -1) return manyRan(before);
  const from = Math.max(prefill, decode);
  const evidence = before.slice(from, from + 300).split('\n', 1)[0] ?? '';
  const isOfPrompt = prefill > decode && !isOfOthers(evidence);
  const cls = isOfPrompt ? 'oom_activation_prefill' : 'oom_under_load';
  return [{ cls, weight: 0.55, evidence: evidence.slice(0, 200) }];
}

/** Memory ended while many requests ran. Source: the line that vLLM prints every ten seconds. */
function manyRan(before: string): readonly Hint[] {
  const last = [...before.matchAll(VLLM_STATS)].at(-1);
  return Number(last?.[1]) >= MANY
    ? [{ cls: 'oom_under_load', weight: 0.5, evidence: last?.[0] ?? '' }]
    : [];
}

/** So few prompt tokens take little scratch. Source: own reasoning over default chunk sizes. */
const SMALL_PREFILL = 1024;

/** A short prompt is read while others run, or any while many do, so that what all of them hold together is what ended memory. */
function isOfOthers(line: string): boolean {
  const running = Number(/#running-req: (\d+)/.exec(line)?.[1] ?? 0);
  const tokens = Number(/#new-token: (\d+)/.exec(line)?.[1]);
  return running >= MANY || (tokens < SMALL_PREFILL && running >= 1);
}

/** Some run or some wait, and no token goes in or out. */
const STANDSTILL =
  /Avg prompt throughput: 0\.0 tokens\/s, Avg generation throughput: 0\.0 tokens\/s,(?: Max iteration time: [^,]*, Avg time\/tok: ?[^,]*,)? Running: (?:[1-9]\d* reqs|0 reqs,(?: Swapped: \d+ reqs,)? (?:Waiting|Pending): [1-9]\d* reqs)/g;

/** Requests are there and nothing comes of them. Source: vLLM prints such a line every ten seconds; a scheduler that runs none while some wait is stuck too. */
function standstill(log: string): readonly Hint[] {
  const lines = log.match(STANDSTILL) ?? [];
  const [line = ''] = lines;
  if (lines.length < 2) return [];
  const neverStarts = line.includes('Running: 0 reqs') ? whyNoneStarts(log) : null;
  return [neverStarts ?? { cls: 'hang_watchdog', weight: 0.85, evidence: line }];
}

/** What a start tells of why a request may never be taken in. Null when: nothing. */
function whyNoneStarts(log: string): Hint | null {
  const cut = CUT_POOL.exec(log);
  if (cut !== null && Number(cut[2]) < Number(cut[1])) {
    return { cls: 'kv_cache_too_small', weight: 0.92, evidence: cut[0] };
  }
  const windowed = windowedPool(log);
  return windowed === null
    ? null
    : { cls: 'admission_too_conservative', weight: 0.95, evidence: windowed };
}

const POOL_SIZE = /GPU KV cache size: ([\d,]+) tokens/;
const FITTING = /Maximum concurrency for ([\d,]+) tokens per request: ([\d.]+)x/;

/**
 * Requests of full length are said to fit a pool of fewer tokens, because most layers keep a window alone. What never starts
 * beside an empty pool was counted as if all kept everything. Null when: not so. Source: vLLM v1/core/kv_cache_utils.py.
 */
function windowedPool(log: string): string | null {
  const tokens = (text: string | undefined): number => Number((text ?? 'x').replaceAll(',', ''));
  const [pool, fitting] = [POOL_SIZE.exec(log), FITTING.exec(log)];
  const isWindowed = tokens(pool?.[1]) < tokens(fitting?.[1]) && Number(fitting?.[2]) >= 1;
  return isWindowed ? `${pool?.[0] ?? ''}; ${fitting?.[0] ?? ''}` : null;
}

const PREEMPTED = /total_(?:num_)?cumulative_preemption(?:_cnt)?=(\d+)/g;
/** vLLM tells of the first and of each fiftieth. Source: vLLM core/scheduler.py. */
const MANY_PREEMPTED = 50;

/** So many were thrown out and computed again that little else is done. */
function oftenPreempted(log: string): readonly Hint[] {
  const last = [...log.matchAll(PREEMPTED)].at(-1);
  return Number(last?.[1]) >= MANY_PREEMPTED
    ? [{ cls: 'preemption_thrash', weight: 0.85, evidence: last?.[0] ?? '' }]
    : [];
}

const NO_VERBS = /NET\/IB : No device found|Failed to open libibverbs\.so/;
const BY_SOCKET = /NET\/Socket : Using [^\n]*|Using network Socket/;
const HAS_FABRIC = /\b(?:RoCE|RDMA|InfiniBand|ConnectX|mlx\d\w*)\b|\[\d\]ib\d/i;
const SEVERAL_NODES =
  /--nnodes[ =]+[2-9]|--node-rank|\b(?:two|three|four|both|[2-9]) (?:nodes|machines|boxes|hosts)\b/i;

/** Machines that a fast network joins speak through sockets, since their containers see none of it. Source: NCCL transport/net_ib.cc, net_socket.cc; NCCL user guide, RDMA in containers. */
function socketsInstead(report: Report, log: string): readonly Hint[] {
  const told = `${report.input.launch_command ?? ''}\n${wordsOf(report)}\n${log}`;
  const missing = NO_VERBS.exec(log)?.[0];
  const used = BY_SOCKET.exec(log)?.[0];
  const isJoined = HAS_FABRIC.test(told) && SEVERAL_NODES.test(told);
  if (missing === undefined || used === undefined || !isJoined) return [];
  return [{ cls: 'nccl_interconnect', weight: 0.9, evidence: `${missing}; ${used}` }];
}

/** A pool that was made smaller by hand is not measured against the longest prompt, so that one may wait for ever. Source: vLLM v1/core/kv_cache_utils.py. */
const CUT_POOL = /Overriding num_gpu_blocks=(\d+) with num_gpu_blocks_override=(\d+)/;

const HANDS_OVER = /--kv-transfer-config|--disaggregation-mode/;
const IN_CONNECTOR = /\w*connector\w*\.py|\/disaggregation\/\S+\.py/;

/** One side hands its cache to another that is split otherwise, and what hands over fails. Source: vLLM docs nixl_connector_usage, SGLang docs pd_disaggregation. */
function unequalSides(report: Report, log: string): readonly Hint[] {
  const launch = report.input.launch_command ?? '';
  const splits = new Set(splitsOf(launch));
  if (splits.size < 2 || !HANDS_OVER.test(launch) || !IN_CONNECTOR.test(log)) return [];
  const evidence = `sides split over ${[...splits].join(' and ')} GPUs hand over a cache`;
  return [{ cls: 'bad_flag_combination', weight: 0.75, evidence }];
}

/** The log ends where the ranks look for each other. */
function neverMet(log: string): readonly Hint[] {
  const last = neverMetAt(log);
  return last === null ? [] : [{ cls: 'nccl_interconnect', weight: 0.8, evidence: last }];
}

/** A pool that holds a small part of one context, so that requests are refused for the pool's sake. */
function smallPool(log: string): readonly Hint[] {
  const found = /max_total_num_tokens=(\d+).*?context_len=(\d+)/.exec(log);
  const [pool, context] = [Number(found?.[1]), Number(found?.[2])];
  return pool < 0.5 * context
    ? [{ cls: 'kv_cache_too_small', weight: 0.88, evidence: found?.[0] ?? '' }]
    : [];
}

/** What a log shows of the state in which something ended or stood still. */
export function stateHints(report: Report): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  return [
    ...whatRan(log),
    ...statsHints(log),
    ...standstill(log),
    ...smallPool(log),
    ...neverMet(log),
    ...oftenPreempted(log),
    ...socketsInstead(report, log),
    ...unequalSides(report, log),
  ];
}
