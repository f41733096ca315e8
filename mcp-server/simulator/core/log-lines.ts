import type { SimConfig } from './config.ts';
import type { StepReport } from './engine-events.ts';
import type { EngineGauges } from './engine-state.ts';
import type { EngineCounters } from './engine-stats.ts';

/** `[2026-03-22 15:00:00] `: the head of SGLang's lines. */
export function sglangHead(wallMs: number): string {
  return `[${new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')}] `;
}

/** `(APIServer pid=1) INFO 03-22 15:00:00 [loggers.py:248] `: the head of vLLM's lines. */
export function vllmHead(wallMs: number, file: string, process = 'APIServer pid=1'): string {
  const iso = new Date(wallMs).toISOString();
  return `(${process}) INFO ${iso.slice(5, 10)} ${iso.slice(11, 19)} [${file}] `;
}

const yesNo = (value: boolean): string => (value ? 'True' : 'False');

/** Source: SGLang scheduler metrics mixin, log_prefill_stats. */
export function prefillLine(step: StepReport): string {
  const took = Math.max(1e-6, (step.endMs - step.startMs) / 1000);
  return (
    `Prefill batch, #new-seq: ${step.newSeqs}, #new-token: ${step.newTokens}, #cached-token: ${step.cachedTokens}, ` +
    `token usage: ${step.usageRatio.toFixed(2)}, #running-req: ${Math.max(0, step.running - step.newSeqs)}, ` +
    `#queue-req: ${step.waiting}, cuda graph: False, input throughput (token/s): ${(step.newTokens / took).toFixed(2)}`
  );
}

/** Source: SGLang scheduler metrics mixin, log_decode_stats. */
export function decodeLine(
  step: StepReport,
  facts: { readonly throughput: number; readonly config: SimConfig },
): string {
  const drafts = step.decodeSeqs === 0 ? 0 : step.accepted / step.decodeSeqs;
  const depth = facts.config.speculation?.draftTokens ?? 0;
  const speculation =
    depth === 0
      ? ''
      : `accept len: ${(1 + drafts).toFixed(2)}, accept rate: ${(drafts / depth).toFixed(2)}, `;
  return (
    `Decode batch, #running-req: ${step.running}, #token: ${step.usedTokens}, token usage: ${step.usageRatio.toFixed(2)}, ` +
    `${speculation}cuda graph: ${yesNo(step.graph)}, gen throughput (token/s): ${facts.throughput.toFixed(2)}, #queue-req: ${step.waiting}`
  );
}

/** Source: SGLang scheduler.py, update_running_batch. */
export function retractLine(step: StepReport): string {
  return (
    `KV cache pool is full. Retract requests. #retracted_reqs: ${step.retracted}, ` +
    `#new_token_ratio: ${(step.ratioBefore ?? 0).toFixed(4)} -> ${step.ratioAfter.toFixed(4)}`
  );
}

/** What the vLLM stats line compares between two of its own moments. */
export interface StatsMoment {
  readonly atMs: number;
  readonly counters: EngineCounters;
}

/** Source: vLLM v1/metrics/loggers.py, LoggingStatLogger. */
export function vllmStatsLine(
  before: StatsMoment,
  now: StatsMoment,
  state: { readonly gauges: EngineGauges; readonly config: SimConfig },
): string {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const delta = (key: keyof EngineCounters): number => now.counters[key] - before.counters[key];
  const { gauges } = state;
  const usage = gauges.totalTokens === 0 ? 0 : (100 * gauges.usedTokens) / gauges.totalTokens;
  const queries = now.counters.promptTokens;
  const hits = queries === 0 ? 0 : (100 * now.counters.cachedTokens) / queries;
  const preempted = delta('retractions');
  const preemptions = preempted > 0 ? `Preemptions: ${preempted}, ` : '';
  return (
    `Engine 000: Avg prompt throughput: ${(delta('computedPromptTokens') / seconds).toFixed(1)} tokens/s, ` +
    `Avg generation throughput: ${(delta('generationTokens') / seconds).toFixed(1)} tokens/s, ` +
    `Running: ${gauges.running} reqs, Waiting: ${gauges.waiting} reqs, ${preemptions}` +
    `GPU KV cache usage: ${usage.toFixed(1)}%, Prefix cache hit rate: ${hits.toFixed(1)}%`
  );
}

/** Source: vLLM v1/spec_decode/metrics.py. Null when: nothing was drafted between the two moments. */
export function vllmSpeculationLine(before: StatsMoment, now: StatsMoment): string | null {
  const delta = (key: keyof EngineCounters): number => now.counters[key] - before.counters[key];
  const drafts = delta('drafts');
  if (drafts === 0) return null;
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const accepted = delta('acceptedTokens');
  const drafted = delta('draftTokens');
  return (
    `SpecDecoding metrics: Mean acceptance length: ${(1 + accepted / drafts).toFixed(2)}, ` +
    `Accepted throughput: ${(accepted / seconds).toFixed(2)} tokens/s, Drafted throughput: ${(drafted / seconds).toFixed(2)} tokens/s, ` +
    `Accepted: ${accepted} tokens, Drafted: ${drafted} tokens, Avg Draft acceptance rate: ${((100 * accepted) / drafted).toFixed(1)}%`
  );
}
