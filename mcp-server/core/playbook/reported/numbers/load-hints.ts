import type { Level, LogLoad } from '../../../telemetry/log-load.ts';
import type { Hint } from '../report.ts';

/** What is read of batch lines; NaN when they do not tell, so that every comparison fails. */
interface Reading {
  readonly isQueueing: boolean;
  readonly isIdle: boolean;
  readonly kv: number;
  readonly running: number;
  /** The running batch reaches the cap; where none is told, it never moves or stands at a round size. */
  readonly isAtCap: boolean;
  /** As many run all the time: as many are offered. */
  readonly isSteady: boolean;
  readonly said: string;
}

/** Sizes at which batches are capped by default. Source: SGLang and vLLM defaults. */
const ROUND_SIZES = [8, 16, 32, 48, 64, 128, 256, 512, 1024];

/** Where no cap is told, a batch that never moves or stands at a round size shows one. */
function reachesCap(running: Level | null, cap: number | null): boolean {
  if (running === null) return false;
  return cap === null
    ? isFlat(running) || ROUND_SIZES.includes(running.max)
    : running.max >= 0.9 * cap;
}

/** A running batch that never moves. */
const isFlat = (level: Level): boolean => level.n >= 2 && level.min >= 0.97 * level.max;

function readLoad({ running, queue, kvUsage }: LogLoad, cap: number | null): Reading {
  const kv = kvUsage?.max ?? Number.NaN;
  const most = running?.max ?? Number.NaN;
  const waiting = queue ?? NO_QUEUE;
  return {
    isQueueing: waiting.shareAboveZero >= 0.5 && waiting.mean >= 1,
    isIdle: waiting.max === 0,
    kv,
    running: most,
    isAtCap: reachesCap(running, cap),
    isSteady: running !== null && running.n >= 3 && isFlat(running),
    said: `queue ${waiting.mean}, KV usage ${kv}, running ${most} at most`,
  };
}

/** The batch never moves from a default size, and as many again wait beside a pool that is half empty at least. */
function standsAtDefault({ running, queue, kvUsage }: LogLoad): boolean {
  if (running === null || queue === null || !isFlat(running)) return false;
  const isDefault = running.max >= DEFAULT_CAP && ROUND_SIZES.includes(running.max);
  return isDefault && queue.min >= running.max && (kvUsage?.max ?? Number.NaN) < 0.5;
}
/** Nobody's load stands at these sizes by chance. Source: vLLM scheduler config, SGLang server_args. */
const DEFAULT_CAP = 128;

const NO_QUEUE = { shareAboveZero: Number.NaN, mean: Number.NaN, max: Number.NaN };

type HintRule = Hint & { readonly holds: boolean };

/** So few requests decode that prompts are what takes the time. Source: own reasoning. */
const FEW_RUNNING = 8;
const LARGE_PREFILL_TOKENS = 4096;

/** More large prefill steps than decode lines, while some requests decode. */
const isMostlyPrefill = (load: LogLoad): boolean =>
  load.decodeLines > 0 &&
  load.prefillLines > load.decodeLines &&
  (load.newTokensPerPrefill?.mean ?? 0) >= LARGE_PREFILL_TOKENS;

/** True where requests wait though there is room, and not only because their prompts are being read. */
function hasRoomFor(load: LogLoad, isReading: boolean): boolean {
  // Prefill lines alone tell nothing of why requests wait: they are being taken in.
  const isTakenIn = load.prefillLines > 0 && load.decodeLines === 0;
  // A queue that ends while prompts are read was taken in too.
  const isDraining = load.prefillLines > load.decodeLines && load.queue?.min === 0;
  return !isTakenIn && !isDraining && !isReading;
}

/** As many run all the time as the launch allows, and at least as many again wait beside a pool that is half empty. */
function outnumbers({ running, queue, kvUsage }: LogLoad, limit: number | null): boolean {
  if (running === null || queue === null || limit === null || running.n < 2) return false;
  const isFree = (kvUsage?.max ?? Number.NaN) < 0.5;
  return isFree && running.min >= limit && running.max <= limit && queue.min >= limit;
}

/** What a queue beside room speaks for: the batch's cap, and a careful admission. */
function queueWeights(load: LogLoad, { isAtCap, running }: Reading, limit: number | null) {
  if (outnumbers(load, limit)) return { capWeight: 0.93, carefulWeight: 0.2 };
  if (isAtCap) return { capWeight: standsAtDefault(load) ? 0.9 : 0.75, carefulWeight: 0.4 };
  const isFar = limit !== null && running < 0.5 * limit;
  return { capWeight: isFar ? 0.2 : 0.4, carefulWeight: isBelowCap(load, limit) ? 0.8 : 0.65 };
}

/** Fewer run in each of several lines than may run, so that it is not the cap that others wait for. */
export function isBelowCap({ running, queue }: LogLoad, limit: number | null): boolean {
  if (running === null || queue === null || limit === null) return false;
  return running.n >= 3 && running.max < 0.8 * limit && queue.shareAboveZero >= 0.5;
}

/** Surer where the pool is full in each of several lines. */
const fullWeight = ({ kvUsage }: LogLoad): number =>
  (kvUsage?.n ?? 0) >= 2 && (kvUsage?.min ?? 0) >= 0.95 ? 0.9 : 0.75;

/** Source: playbook rows 8 to 10, 24 and 43. */
function queueRules(load: LogLoad, limit: number | null): readonly HintRule[] {
  const read = readLoad(load, limit);
  const { isQueueing, kv, running, said: evidence } = read;
  const isWaiting = isQueueing && kv < 0.9;
  const isReading = isWaiting && isMostlyPrefill(load) && running <= FEW_RUNNING;
  const hasRoom = isWaiting && hasRoomFor(load, isReading);
  const { capWeight, carefulWeight } = queueWeights(load, read, limit);
  const cap = 'batch_cap_binding';
  const careful = 'admission_too_conservative';
  return [
    {
      cls: 'kv_bound_queueing',
      weight: fullWeight(load),
      holds: isQueueing && kv >= 0.93,
      evidence,
    },
    { cls: cap, weight: capWeight, holds: hasRoom, evidence },
    { cls: careful, weight: carefulWeight, holds: hasRoom, evidence },
    { cls: 'prefill_bound', weight: 0.75, holds: isReading, evidence },
    ...clientRules(load, read),
  ];
}

/** Nobody waits while the pool is half empty, or all but empty: more could be offered. Source: playbook row 43. */
function clientRules(load: LogLoad, read: Reading): readonly HintRule[] {
  const { isIdle, kv, running, isSteady, said: evidence } = read;
  const isFew = kv < 0.5 && (running <= 8 || isSteady);
  const cls = 'client_limited';
  return [
    { cls, weight: 0.5, holds: isIdle && isFew && running > 0, evidence },
    { cls, weight: 0.4, holds: isIdle && kv < 0.15 && load.decodeLines >= 2, evidence },
  ];
}

/** Surer where many requests run the whole time and never come to a decode step. */
const heldWeight = (load: LogLoad): number => ((load.running?.min ?? 0) > FEW_RUNNING ? 0.9 : 0.75);

/** Source: playbook rows 2, 14, 22, 29, 33. */
function stepRules(load: LogLoad): readonly HintRule[] {
  const eager = load.eagerShare ?? Number.NaN;
  const accepted = load.acceptLength?.mean ?? Number.NaN;
  const cached = load.prefillLines >= 2 ? (load.cachedShare ?? Number.NaN) : Number.NaN;
  const newTokens = load.newTokensPerPrefill?.mean ?? 0;
  const stalls = load.prefillRuns >= 3 && load.decodeLines === 0 && newTokens > 8192;
  const warm = 'warm_prefix_cache_in_benchmark';
  const graph = 'decode_eager_no_cuda_graph';
  const share = `cached share of prompt tokens ${cached}`;
  const runs = `${load.prefillRuns} large prefills one after the other`;
  const without = `${Math.round(eager * 100)} % of decode lines without a graph`;
  const length = `accepted length ${accepted}`;
  return [
    { cls: graph, weight: 0.75, holds: eager > 0.01, evidence: without },
    { cls: 'prefill_interference', weight: heldWeight(load), holds: stalls, evidence: runs },
    { cls: warm, weight: 0.65, holds: cached > 0.8, evidence: share },
    { cls: 'prefix_cache_miss', weight: 0.25, holds: cached < 0.02, evidence: share },
    { cls: 'speculation_not_paying', weight: 0.7, holds: accepted < 1.6, evidence: length },
  ];
}

/** What batch lines of a log say, beside the largest batch that the launch allows if it is told. */
export function logLoadHints(load: LogLoad | null, cap: number | null): readonly Hint[] {
  if (load === null) return [];
  return [...queueRules(load, cap), ...stepRules(load)].filter(({ holds }) => holds);
}
