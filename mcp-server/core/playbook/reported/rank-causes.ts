import { cleanText } from '../../redact.ts';
import type { LearnedCause } from './learned.ts';
import type { Hint } from './report.ts';

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

/** What words alone, as learned from labelled cases, may make sure at most, and what is no more than noise. Source: own trials on sets that were not learned from. */
const LEARNED_TRUST = 0.85;
const LEAST_SHARE = 0.03;

/** Hints of one class make each other surer; the three strongest count, and beside them what was learned of the words. */
export function rankCauses(
  hints: readonly Hint[],
  learned: readonly LearnedCause[],
): readonly RankedCause[] {
  const weighed = withoutSymptoms(hints);
  const told = learned.filter(({ share }) => share >= LEAST_SHARE);
  const classes = new Set([...weighed, ...told].map(({ cls }) => cls));
  return [...classes]
    .map((cls) => {
      const own = told.find((one) => one.cls === cls);
      const sorted = weighed
        .filter((hint) => hint.cls === cls)
        .toSorted((a, b) => b.weight - a.weight);
      const doubt = sorted
        .slice(0, 3)
        .reduce(
          (left, { weight }) => left * (1 - Math.min(0.95, weight)),
          1 - LEARNED_TRUST * (own?.share ?? 0),
        );
      const said = [...sorted.map((hint) => hint.evidence), own?.evidence ?? ''];
      const evidence = [
        ...new Set(said.filter((text) => text !== '').map((text) => cleanText(text, 300))),
      ];
      return {
        cls,
        confidence: Math.round(Math.min(0.97, 1 - doubt) * 100) / 100,
        doubt,
        evidence: evidence.length === 0 ? [TOGETHER] : evidence.slice(0, MAX_EVIDENCE),
      };
    })
    .toSorted((a, b) => a.doubt - b.doubt);
}
