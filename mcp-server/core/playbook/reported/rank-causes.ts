import { cleanText } from '../../redact.ts';
import type { Hint } from './report.ts';
import type { LearnedCause } from './words/learned.ts';

const MAX_EVIDENCE = 4;
/** Where no single sentence speaks for a class. */
const TOGETHER = 'the words of the report taken together';
/** From here on a class is sure enough to explain another. Source: own reasoning. */
const EXPLAINING_WEIGHT = 0.55;
/** What is left of a symptom beside its explanation. Source: own reasoning. */
const SYMPTOM_SHARE = 0.45;

/** Classes of which one is the reason why the others show. Source: own reasoning over how each fails. */
export const EXPLAINS: Readonly<Record<string, readonly string[]>> = {
  gpu_already_in_use: ['kv_cache_too_small', 'weights_do_not_fit', 'oom_under_load'],
  oom_cuda_graph_capture: ['hang_watchdog', 'oom_under_load', 'weights_do_not_fit'],
  bad_flag_unknown: ['bad_flag_value'],
  disk_full: ['image_pull_failure', 'model_download_or_auth', 'instance_unreachable'],
  driver_or_cuda_mismatch: [
    'instance_unreachable',
    'image_pull_failure',
    'no_capacity',
    'layers_on_cpu',
  ],
  unsupported_gpu_or_kernel: ['layers_on_cpu'],
  spot_interruption: ['instance_unreachable', 'no_capacity'],
  image_pull_failure: ['instance_unreachable'],
  preemption_thrash: [
    'kv_bound_queueing',
    'batch_cap_binding',
    'admission_too_conservative',
    'prefill_interference',
    'hang_watchdog',
  ],
  hang_watchdog: [
    'batch_cap_binding',
    'admission_too_conservative',
    'client_limited',
    'decode_eager_no_cuda_graph',
    'speculation_not_paying',
    'tp_communication_bound',
  ],
  cold_jit_in_window: ['prefill_bound'],
  kv_bound_queueing: ['batch_cap_binding', 'admission_too_conservative'],
  decode_eager_no_cuda_graph: ['cpu_or_frontend_bound'],
  detokenizer_bound: ['cpu_or_frontend_bound'],
  proxy_buffering: ['prefill_interference', 'prefill_bound'],
  layers_on_cpu: ['cpu_or_frontend_bound', 'decode_bandwidth_bound', 'tp_communication_bound'],
  prefill_interference: ['prefill_bound', 'hang_watchdog'],
  tp_communication_bound: ['decode_bandwidth_bound', 'cpu_or_frontend_bound'],
  nccl_interconnect: ['tp_communication_bound'],
  shm_or_ipc: ['nccl_interconnect'],
};

export interface RankedCause {
  readonly cls: string;
  readonly confidence: number;
  readonly evidence: readonly string[];
}

/** A symptom counts for less where what explains it stands in the same report. */
function withoutSymptoms(hints: readonly Hint[]): readonly Hint[] {
  const sure = new Set(
    hints.filter(({ weight }) => weight >= EXPLAINING_WEIGHT).map(({ cls }) => cls),
  );
  const explained = new Set([...sure].flatMap((cls) => EXPLAINS[cls] ?? []));
  return hints.map((hint) =>
    explained.has(hint.cls) ? { ...hint, weight: hint.weight * SYMPTOM_SHARE } : hint,
  );
}

/** Words that speak less than this for a class are noise. */
const LEAST_SHARE = 0.03;
/** No words rule a class out altogether. Source: own fit on cases from public threads that were left out. */
const SHARE_FLOOR = 0.01;
/** What a hint counts beside the words, both as logarithms. Source: own fit, as above. */
const HINT_POWER = 1.6;
/** Hints and words are never surer than this. */
const MOST_CONFIDENCE = 0.97;

/** What is left of doubt by the three strongest hints, which make each other surer. */
function doubtOf(hints: readonly Hint[]): number {
  return hints.slice(0, 3).reduce((left, { weight }) => left * (1 - Math.min(0.95, weight)), 1);
}

/**
 * Most likely first. Hints and what was learned of the words are two witnesses: their odds are multiplied, and the confidence of a
 * class is its part of all. Where the words say nothing, it is what the hints leave of doubt.
 */
export function rankCauses(
  hints: readonly Hint[],
  learned: readonly LearnedCause[],
): readonly RankedCause[] {
  const weighed = withoutSymptoms(hints).toSorted((a, b) => b.weight - a.weight);
  const shares = new Map(learned.map((one) => [one.cls, one]));
  const classes = new Set([...weighed, ...learned].map(({ cls }) => cls));
  const scored = [...classes].map((cls) => {
    const own = weighed.filter((hint) => hint.cls === cls);
    const doubt = doubtOf(own);
    const words = shares.get(cls) ?? { share: 0, evidence: '' };
    const odds = (words.share + SHARE_FLOOR) / doubt ** HINT_POWER;
    const isNamed = own.length > 0 || words.share >= LEAST_SHARE;
    return {
      cls,
      doubt,
      odds,
      isNamed,
      said: [...own.map((hint) => hint.evidence), words.evidence],
    };
  });
  const all = scored.reduce((sum, { odds }) => sum + odds, 0);
  return scored
    .filter(({ isNamed }) => isNamed)
    .toSorted((a, b) => b.odds - a.odds)
    .map(({ cls, doubt, odds, said }) => {
      const confidence = learned.length === 0 ? 1 - doubt : odds / all;
      const evidence = [
        ...new Set(said.filter((text) => text !== '').map((text) => cleanText(text, 300))),
      ];
      return {
        cls,
        confidence: Math.round(Math.min(MOST_CONFIDENCE, confidence) * 100) / 100,
        evidence: evidence.length === 0 ? [TOGETHER] : evidence.slice(0, MAX_EVIDENCE),
      };
    });
}
