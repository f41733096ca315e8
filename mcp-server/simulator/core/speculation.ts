import type { SimConfig } from './config.ts';
import type { StepLoad } from './step-time.ts';

/** Draft step of an EAGLE head relative to the weight reads of the target. Source: 0.1-0.2 of the target's step. */
const EAGLE_RATIO = 0.13;
/** A small separate draft model. Source: 0.5B draft 3-5 ms on A40, host-bound. */
const DRAFT_MODEL_MS = 1.6;
/** n-gram lookup on the CPU. Units: ms. Source: own reasoning, lower end of the published 5-60 ms for vLLM. */
const NGRAM_MS = 1.0;
const NGRAM_PER_SEQ_MS = 0.08;
/** More branches find the right token more often. Source: own reasoning from EAGLE topk 1 and 4. */
const BRANCH_GAIN = 0.22;

/** Time to draft for one step. Units: ms. */
export function draftMs(config: SimConfig, load: StepLoad): number {
  const speculation = config.speculation;
  if (speculation === null || load.decodeSeqs === 0) return 0;
  if (speculation.method === 'ngram') return NGRAM_MS + NGRAM_PER_SEQ_MS * load.decodeSeqs;
  if (speculation.method === 'draft_model') return DRAFT_MODEL_MS * speculation.depth;
  const { gpu, model, tp } = config;
  const layerMs =
    ((((model.layerParams / model.layers) * 1.6 + model.headParams * 0.25) * 2) /
      (gpu.etaMemory * gpu.memoryBandwidth * tp)) *
    1000;
  return speculation.depth * (layerMs + EAGLE_RATIO * 0.5 * Math.sqrt(load.decodeSeqs / 8 + 1));
}

/** Tokens of one sequence's step: the certain one and those of its draft that were accepted. Shape: 1..depth + 1. */
export function acceptedTokens(
  config: SimConfig,
  acceptance: number,
  chance: () => number,
): number {
  const speculation = config.speculation;
  if (speculation === null) return 1;
  const branches = Math.log2(Math.max(1, speculation.topk)) / 2;
  const alpha =
    speculation.method === 'ngram'
      ? ngramAcceptance(acceptance)
      : acceptance + (1 - acceptance) * BRANCH_GAIN * branches * (acceptance > 0.1 ? 1 : 0.2);
  let tokens = 1;
  while (tokens <= speculation.depth && chance() < alpha) tokens += 1;
  return tokens;
}

/** Lookup drafts hit copied text as well as any and new text hardly at all. Source: copying 0.7-0.9, chat far lower. */
function ngramAcceptance(acceptance: number): number {
  return acceptance >= 0.75 ? acceptance : acceptance * 0.45;
}
