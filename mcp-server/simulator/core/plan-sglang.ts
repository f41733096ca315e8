import { decodeTarget, type Queues, type StepPlan } from './plan.ts';
import {
  contextTarget,
  dropPrefix,
  freeSequence,
  growTo,
  isDecoding,
  missingPages,
  type Sequence,
  takePrefix,
} from './sequence.ts';

/** Source: SGLang schedule_policy.py, CLIP_MAX_NEW_TOKENS. */
const CLIP_MAX_NEW_TOKENS = 4096;
/** Source: SGLang global_config.py and environ: initial ratio 0.7, floor 0.14 of it, decay over 600 steps, 20 steps ahead on retraction. */
const INIT_RATIO = 0.7;
const MIN_FACTOR = 0.14;
const DECAY_STEPS = 600;
const RETRACT_STEPS = 20;
/** Source: SGLang docs: lpm falls back to first come, first served above this queue. */
const LPM_QUEUE_LIMIT = 128;

export function initialTokenRatio(conservativeness: number): number {
  return Math.min(INIT_RATIO * conservativeness, 1);
}

type Chunk = StepPlan['chunks'][number];

const outputLeft = (sequence: Sequence): number =>
  Math.min(sequence.request.maxTokens - sequence.generated, CLIP_MAX_NEW_TOKENS);

function orderWaiting(queues: Queues): void {
  const { config, waiting, pool } = queues;
  if (!config.longestPrefixFirst || waiting.length > LPM_QUEUE_LIMIT || waiting.length < 2) return;
  const hits = new Map(
    waiting.map((sequence) => [sequence, pool.match(sequence.keys, sequence.keys.length)]),
  );
  waiting.sort((a, b) => (hits.get(b) ?? 0) - (hits.get(a) ?? 0));
}

interface Budget {
  total: number;
  chunk: number;
  input: number;
}

function addChunk(sequence: Sequence, budget: Budget, queues: Queues): Chunk | null {
  const extend = contextTarget(sequence) - sequence.computed;
  const tokens = Math.min(extend, budget.chunk);
  if (tokens <= 0 || !growTo(sequence, sequence.computed + tokens, queues.pool)) return null;
  budget.chunk -= tokens;
  budget.input -= tokens;
  return { sequence, tokens, prefix: sequence.computed, cached: 0 };
}

/** Admits one waiting sequence, or says that the batch is full. */
function admit(sequence: Sequence, budget: Budget, queues: Queues): Chunk | null {
  const { pool, config } = queues;
  takePrefix(sequence, pool, config.prefixCache);
  const extend = contextTarget(sequence) - sequence.computed;
  const isWhole = extend <= budget.chunk;
  const total = extend + outputLeft(sequence);
  const room = Math.min(budget.total, pool.availablePages() * pool.pageSize);
  const isOver = total >= room || (extend > budget.input && budget.input < config.maxPrefillTokens);
  const chunk = isOver ? null : addChunk(sequence, budget, queues);
  if (chunk === null) {
    dropPrefix(sequence, pool);
    return null;
  }
  budget.total -= isWhole ? total : chunk.tokens;
  return { ...chunk, cached: sequence.retractions === 0 ? sequence.cachedTokens : 0 };
}

/** Output tokens that admission keeps room for. */
function reservedTokens(queues: Queues): number {
  return queues.running.reduce(
    (sum, sequence) =>
      sum + (isDecoding(sequence) ? outputLeft(sequence) * queues.newTokenRatio : 0),
    0,
  );
}

function admitWaiting(queues: Queues, budget: Budget, chunks: Chunk[]): void {
  const { running, waiting, config } = queues;
  while (waiting.length > 0 && running.length < config.maxRunning && budget.chunk > 0) {
    const sequence = waiting[0];
    const chunk = sequence === undefined ? null : admit(sequence, budget, queues);
    if (sequence === undefined || chunk === null) return;
    waiting.shift();
    queues.admissions += 1;
    sequence.admittedAt = queues.admissions;
    running.push(sequence);
    chunks.push(chunk);
  }
}

function prefillChunks(queues: Queues): Chunk[] {
  const { config, pool, running } = queues;
  const partial = running.filter((sequence) => !isDecoding(sequence));
  if (queues.waiting.length === 0 && partial.length === 0) return [];
  const budget: Budget = {
    total: pool.availablePages() * pool.pageSize - reservedTokens(queues),
    chunk: config.tokenBudget,
    input: config.maxPrefillTokens,
  };
  const chunks: Chunk[] = [];
  for (const sequence of partial) {
    const chunk = addChunk(sequence, budget, queues);
    if (chunk !== null) chunks.push(chunk);
  }
  orderWaiting(queues);
  admitWaiting(queues, budget, chunks);
  return chunks;
}

/** Retracts the sequences that have produced least until the rest can take a step. */
function retract(queues: Queues, decodes: Sequence[]): Sequence[] {
  const { pool, config } = queues;
  const needed = (): number =>
    decodes.reduce((sum, one) => sum + missingPages(one, decodeTarget(one, config), pool), 0);
  const retracted: Sequence[] = [];
  if (needed() <= pool.availablePages()) return retracted;
  decodes.sort(
    (a, b) => b.generated - a.generated || a.request.prompt.length - b.request.prompt.length,
  );
  while (decodes.length > 1 && needed() > pool.availablePages()) {
    const victim = decodes.pop();
    if (victim === undefined) break;
    freeSequence(victim, pool);
    victim.retractions += 1;
    retracted.push(victim);
  }
  queues.running = queues.running.filter((sequence) => !retracted.includes(sequence));
  queues.waiting.unshift(...retracted);
  return retracted;
}

function ratioAfterRetraction(decodes: readonly Sequence[]): number {
  const done = decodes.reduce((sum, one) => sum + one.generated, 0);
  const asked = decodes.reduce((sum, one) => sum + one.request.maxTokens, 0);
  return Math.min(1, (done + RETRACT_STEPS * decodes.length) / (asked + 1));
}

function decayRatio(queues: Queues): void {
  const init = initialTokenRatio(queues.config.conservativeness);
  const floor = Math.min(init * MIN_FACTOR, 1);
  queues.newTokenRatio = Math.max(floor, queues.newTokenRatio - (init - floor) / DECAY_STEPS);
}

function planDecode(queues: Queues, chunks: readonly Chunk[]): StepPlan | null {
  const { config, pool } = queues;
  const decodes = queues.running.filter(isDecoding);
  if (decodes.length === 0 && chunks.length === 0) return null;
  const retracted = retract(queues, decodes);
  const ratioBefore = retracted.length > 0 ? queues.newTokenRatio : null;
  if (retracted.length > 0) queues.newTokenRatio = ratioAfterRetraction(decodes);
  else if (chunks.length === 0) decayRatio(queues);
  const stepping = decodes.filter((one) => growTo(one, decodeTarget(one, config), pool));
  return { chunks, decodes: stepping, retracted, ratioBefore };
}

/**
 * SGLang's iteration: a prefill batch whenever one can be formed, else a decode step; both together only with mixed chunks.
 * Source: SGLang schedule_policy.py PrefillAdder, scheduler.py get_next_batch_to_run, schedule_batch.py retract_decode.
 */
export function planSglang(queues: Queues): StepPlan | null {
  const chunks = prefillChunks(queues);
  if (chunks.length > 0 && !queues.config.mixedChunk)
    return { chunks, decodes: [], retracted: [], ratioBefore: null };
  return planDecode(queues, chunks);
}
