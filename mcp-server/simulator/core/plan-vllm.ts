import { decodeTarget, type Queues, type StepPlan, tokensPerDecode } from './plan.ts';
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

type Chunk = StepPlan['chunks'][number];

interface Draft {
  budget: number;
  readonly chunks: Chunk[];
  readonly decodes: Sequence[];
  readonly preempted: Sequence[];
}

/** Frees the sequence that was admitted last; it starts over from the front of the queue. */
function preemptLast(queues: Queues, draft: Draft): Sequence | null {
  const victim = queues.running.pop();
  if (victim === undefined) return null;
  freeSequence(victim, queues.pool);
  victim.retractions += 1;
  queues.waiting.unshift(victim);
  draft.preempted.push(victim);
  const decode = draft.decodes.indexOf(victim);
  if (decode >= 0) {
    draft.decodes.splice(decode, 1);
    draft.budget += tokensPerDecode(queues.config);
  }
  const chunk = draft.chunks.findIndex((one) => one.sequence === victim);
  if (chunk >= 0) draft.budget += draft.chunks.splice(chunk, 1)[0]?.tokens ?? 0;
  return victim;
}

/** Gives a running sequence memory for its step, preempting from the back. False when it was itself preempted. */
function secure(
  sequence: Sequence,
  tokens: number,
  context: { queues: Queues; draft: Draft },
): boolean {
  while (!growTo(sequence, tokens, context.queues.pool)) {
    if (context.queues.running.length <= 1) return false;
    if (preemptLast(context.queues, context.draft) === sequence) return false;
  }
  return true;
}

function scheduleRunning(queues: Queues, draft: Draft): void {
  const context = { queues, draft };
  let index = 0;
  while (index < queues.running.length && draft.budget > 0) {
    const sequence = queues.running[index];
    if (sequence === undefined) break;
    index += 1;
    if (isDecoding(sequence)) {
      if (!secure(sequence, decodeTarget(sequence, queues.config), context)) continue;
      draft.decodes.push(sequence);
      draft.budget -= tokensPerDecode(queues.config);
      continue;
    }
    const tokens = Math.min(contextTarget(sequence) - sequence.computed, draft.budget);
    if (!secure(sequence, sequence.computed + tokens, context)) continue;
    draft.chunks.push({ sequence, tokens, prefix: sequence.computed, cached: 0 });
    draft.budget -= tokens;
  }
}

function admit(sequence: Sequence, queues: Queues, draft: Draft): boolean {
  const { pool, config } = queues;
  takePrefix(sequence, pool, config.prefixCache);
  const target = contextTarget(sequence);
  const tokens = Math.min(target - sequence.computed, draft.budget);
  const isSplit = tokens < target - sequence.computed;
  const fits = missingPages(sequence, target, pool) <= pool.availablePages();
  const mayStart = fits && (!isSplit || Number.isFinite(config.tokenBudget));
  if (!mayStart || !growTo(sequence, sequence.computed + tokens, pool)) {
    dropPrefix(sequence, pool);
    return false;
  }
  const cached = sequence.retractions === 0 ? sequence.cachedTokens : 0;
  draft.chunks.push({ sequence, tokens, prefix: sequence.computed, cached });
  draft.budget -= tokens;
  return true;
}

function scheduleWaiting(queues: Queues, draft: Draft): void {
  while (
    queues.waiting.length > 0 &&
    queues.running.length < queues.config.maxRunning &&
    draft.budget > 0
  ) {
    const sequence = queues.waiting[0];
    if (sequence === undefined || !admit(sequence, queues, draft)) return;
    queues.waiting.shift();
    queues.admissions += 1;
    sequence.admittedAt = queues.admissions;
    queues.running.push(sequence);
  }
}

/**
 * vLLM V1's iteration: one token budget; running sequences first, then waiting ones, prompts cut to the rest of the
 * budget; out of memory preempts the last and recomputes it. Source: vLLM v1/core/sched/scheduler.py.
 */
export function planVllm(queues: Queues): StepPlan | null {
  const draft: Draft = {
    budget: queues.config.tokenBudget,
    chunks: [],
    decodes: [],
    preempted: [],
  };
  scheduleRunning(queues, draft);
  if (draft.preempted.length === 0) scheduleWaiting(queues, draft);
  if (draft.chunks.length === 0 && draft.decodes.length === 0) return null;
  return {
    chunks: draft.chunks,
    decodes: draft.decodes,
    retracted: draft.preempted,
    ratioBefore: null,
  };
}
