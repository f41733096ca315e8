import type { SimEvent, StepReport } from './engine-events.ts';
import type { ActiveStep, EngineState } from './engine-state.ts';
import { contextTarget, freeSequence, publishPrompt, type Sequence } from './sequence.ts';
import { acceptedTokens } from './speculation.ts';
import { gpuStepMs } from './step-time.ts';

interface Tally {
  emitted: number;
  accepted: number;
  drafted: number;
  readonly produced: {
    readonly sequence: Sequence;
    readonly from: number;
    readonly count: number;
  }[];
}

/** A prompt whose last chunk is done yields its first (or, after recompute, next) token. */
function finishChunks(state: EngineState, step: ActiveStep, tally: Tally): void {
  const { queues, counters, parts } = state;
  for (const chunk of step.plan.chunks) {
    const { sequence } = chunk;
    if (!queues.running.includes(sequence)) continue;
    if (sequence.retractions === 0 && chunk.prefix === sequence.cachedTokens) {
      counters.cachedTokens += sequence.cachedTokens;
      counters.promptTokens += sequence.request.prompt.length;
    }
    counters.computedPromptTokens += chunk.tokens;
    sequence.computed += chunk.tokens;
    if (sequence.computed < contextTarget(sequence)) continue;
    publishPrompt(sequence, queues.pool, parts.config.prefixCache);
    tally.produced.push({ sequence, from: sequence.generated, count: 1 });
  }
}

function finishDecodes(state: EngineState, step: ActiveStep, tally: Tally): void {
  const { parts, queues } = state;
  const draft = parts.config.speculation?.draftTokens ?? 0;
  const alive = new Set(queues.running);
  for (const sequence of step.plan.decodes) {
    if (!alive.has(sequence)) continue;
    const wanted = acceptedTokens(parts.config, sequence.request.acceptance, () =>
      parts.noise.chance(),
    );
    const left = sequence.request.output.length - sequence.generated;
    const count = Math.min(wanted, left);
    tally.accepted += count - 1;
    tally.drafted += draft;
    sequence.computed += count;
    tally.produced.push({ sequence, from: sequence.generated, count });
  }
}

function emit(state: EngineState, step: ActiveStep, tally: Tally): void {
  const { counters, outbox, parts } = state;
  const interval = parts.config.streamInterval;
  const isSent = (one: Tally['produced'][number]): boolean =>
    one.from === 0 ||
    one.from + one.count >= one.sequence.request.output.length ||
    Math.floor((one.from + one.count) / interval) > Math.floor(one.from / interval);
  const events = tally.produced.filter(isSent).length;
  const atMs = state.front.deliveredAt(step.endMs, events);
  for (const one of tally.produced) {
    const { sequence, count, from } = one;
    sequence.generated += count;
    sequence.firstTokenAtMs ??= step.endMs;
    sequence.lastTokenAtMs = step.endMs;
    counters.generationTokens += count;
    tally.emitted += count;
    const isLast = sequence.generated >= sequence.request.output.length;
    outbox.push({
      kind: 'tokens',
      atMs,
      id: sequence.request.id,
      from,
      count,
      finish: isLast ? sequence.request.finish : null,
      cachedTokens: sequence.cachedTokens,
    });
    if (isLast) finishSequence(state, sequence, atMs);
  }
}

function finishSequence(state: EngineState, sequence: Sequence, atMs: number): void {
  const { queues, counters, outbox } = state;
  freeSequence(sequence, queues.pool);
  queues.running = queues.running.filter((one) => one !== sequence);
  if (sequence.request.finish === 'stop') counters.finishedStop += 1;
  else counters.finishedLength += 1;
  outbox.push({
    kind: 'finished',
    atMs,
    request: {
      id: sequence.request.id,
      arrivedAtMs: sequence.arrivedAtMs,
      queuedAtMs: sequence.queuedAtMs,
      firstScheduledAtMs: sequence.firstScheduledAtMs ?? sequence.queuedAtMs,
      firstTokenAtMs: sequence.firstTokenAtMs ?? atMs,
      lastTokenAtMs: sequence.lastTokenAtMs ?? atMs,
      promptTokens: sequence.request.prompt.length,
      cachedTokens: sequence.cachedTokens,
      outputTokens: sequence.generated,
      maxTokens: sequence.request.maxTokens,
      retractions: sequence.retractions,
    },
  });
}

function countStep(state: EngineState, step: ActiveStep, tally: Tally): void {
  const { counters } = state;
  const took = step.endMs - step.startMs;
  counters.steps += 1;
  counters.busyMs += took;
  const isPrefill = step.plan.chunks.length > 0;
  if (isPrefill) counters.prefillPasses += 1;
  else if (step.graph) counters.decodeGraphPasses += 1;
  else counters.decodeEagerPasses += 1;
  if (isPrefill) counters.prefillMs += took;
  else counters.decodeMs += took;
  for (const victim of step.plan.retracted) {
    counters.retractions += 1;
    counters.retractedInputTokens += victim.request.prompt.length;
    counters.retractedOutputTokens += victim.generated;
  }
  if (tally.drafted > 0) {
    counters.drafts += step.plan.decodes.length;
    counters.draftTokens += tally.drafted;
    counters.acceptedTokens += tally.accepted;
  }
}

function reportStep(state: EngineState, step: ActiveStep, tally: Tally): StepReport {
  const { queues, parts } = state;
  const { plan } = step;
  const used = queues.pool.usedPages() * queues.pool.pageSize;
  const kind = plan.chunks.length === 0 ? 'decode' : plan.decodes.length > 0 ? 'mixed' : 'prefill';
  return {
    startMs: step.startMs,
    endMs: step.endMs,
    kind,
    newSeqs: plan.chunks.length,
    newTokens: plan.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0),
    cachedTokens: plan.chunks.reduce((sum, chunk) => sum + chunk.cached, 0),
    decodeSeqs: plan.decodes.length,
    emittedTokens: tally.emitted,
    graph: step.graph,
    running: queues.running.length,
    waiting: queues.waiting.length,
    usedTokens: used,
    usageRatio:
      queues.pool.totalPages === 0 ? 0 : used / (queues.pool.totalPages * queues.pool.pageSize),
    retracted: plan.retracted.length,
    ratioBefore: plan.ratioBefore,
    ratioAfter: queues.newTokenRatio,
    accepted: tally.accepted,
    drafted: tally.drafted,
    gpuMs: gpuStepMs(parts.config, step.load),
    contextTokens: step.load.contextTokens,
  };
}

/** Books a finished iteration: tokens out, memory back, counters and its report. */
export function finishStep(state: EngineState, step: ActiveStep): void {
  const tally: Tally = { emitted: 0, accepted: 0, drafted: 0, produced: [] };
  finishChunks(state, step, tally);
  finishDecodes(state, step, tally);
  countStep(state, step, tally);
  const report: SimEvent = {
    kind: 'step',
    atMs: step.endMs,
    step: reportStep(state, step, tally),
  };
  insertInOrder(state.outbox, report);
  emit(state, step, tally);
}

/** Keeps the outbox in time order although steps end before their tokens are delivered. */
function insertInOrder(outbox: SimEvent[], event: SimEvent): void {
  let index = outbox.length;
  while (index > 0 && (outbox[index - 1]?.atMs ?? 0) > event.atMs) index -= 1;
  outbox.splice(index, 0, event);
}
