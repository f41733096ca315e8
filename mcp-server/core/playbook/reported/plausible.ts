import type { RankedCause } from './rank-causes.ts';
import { type Report, wordsOf } from './report.ts';

/** What else shows in the same way, nearest first. Source: own reasoning over the playbook's "what it is not". */
const LOOKS_LIKE: Readonly<Record<string, readonly string[]>> = {
  kv_cache_too_small: ['weights_do_not_fit', 'context_too_long', 'gpu_already_in_use'],
  weights_do_not_fit: ['kv_cache_too_small', 'gpu_already_in_use', 'oom_activation_prefill'],
  oom_activation_prefill: ['oom_under_load', 'weights_do_not_fit', 'oom_cuda_graph_capture'],
  oom_cuda_graph_capture: ['oom_sampler_warmup', 'oom_activation_prefill', 'kv_cache_too_small'],
  oom_sampler_warmup: ['oom_cuda_graph_capture', 'oom_activation_prefill', 'oom_under_load'],
  oom_under_load: ['oom_activation_prefill', 'kv_bound_queueing', 'preemption_thrash'],
  bad_flag_unknown: ['bad_flag_value', 'bad_flag_combination'],
  bad_flag_value: ['bad_flag_combination', 'bad_flag_unknown'],
  bad_flag_combination: ['bad_flag_value', 'quantization_mismatch', 'unsupported_gpu_or_kernel'],
  context_too_long: ['kv_cache_too_small', 'bad_flag_combination'],
  gpu_already_in_use: ['weights_do_not_fit', 'kv_cache_too_small'],
  model_download_or_auth: ['disk_full', 'tokenizer_or_template'],
  disk_full: ['model_download_or_auth', 'image_pull_failure'],
  shm_or_ipc: ['nccl_interconnect', 'hang_watchdog'],
  nccl_interconnect: ['shm_or_ipc', 'hang_watchdog'],
  driver_or_cuda_mismatch: ['unsupported_gpu_or_kernel', 'nccl_interconnect'],
  unsupported_gpu_or_kernel: ['driver_or_cuda_mismatch', 'quantization_mismatch'],
  tokenizer_or_template: ['model_download_or_auth', 'bad_flag_value'],
  quantization_mismatch: ['unsupported_gpu_or_kernel', 'bad_flag_combination'],
  port_conflict: ['instance_unreachable', 'bad_flag_value'],
  hang_watchdog: ['nccl_interconnect', 'cold_jit_in_window', 'cpu_or_frontend_bound'],
  decode_eager_no_cuda_graph: ['cpu_or_frontend_bound', 'decode_bandwidth_bound'],
  batch_cap_binding: ['admission_too_conservative', 'kv_bound_queueing'],
  admission_too_conservative: ['batch_cap_binding', 'kv_bound_queueing'],
  kv_bound_queueing: ['preemption_thrash', 'batch_cap_binding'],
  preemption_thrash: ['kv_bound_queueing', 'oom_under_load'],
  prefill_interference: ['prefill_bound', 'preemption_thrash'],
  prefill_bound: ['prefill_interference', 'prefix_cache_miss'],
  decode_bandwidth_bound: ['cpu_or_frontend_bound', 'decode_eager_no_cuda_graph'],
  cpu_or_frontend_bound: ['client_limited', 'detokenizer_bound', 'decode_eager_no_cuda_graph'],
  detokenizer_bound: ['cpu_or_frontend_bound', 'client_limited', 'proxy_buffering'],
  tp_communication_bound: ['cpu_or_frontend_bound', 'decode_bandwidth_bound'],
  speculation_not_paying: ['decode_bandwidth_bound', 'decode_eager_no_cuda_graph'],
  layers_on_cpu: ['decode_bandwidth_bound', 'cpu_or_frontend_bound'],
  prefix_cache_miss: ['prefill_bound', 'kv_bound_queueing'],
  warm_prefix_cache_in_benchmark: ['cold_jit_in_window', 'client_limited'],
  cold_jit_in_window: ['warm_prefix_cache_in_benchmark', 'prefill_bound'],
  proxy_buffering: ['detokenizer_bound', 'client_limited'],
  client_limited: ['cpu_or_frontend_bound', 'proxy_buffering'],
  no_capacity: ['spot_interruption', 'instance_unreachable'],
  image_pull_failure: ['disk_full', 'instance_unreachable'],
  spot_interruption: ['no_capacity', 'instance_unreachable'],
  instance_unreachable: ['no_capacity', 'spot_interruption'],
};

const LEAST_CAUSES = 3;
const WEAK = 0.1;

/** First guess where nothing of a report is known: what its kind is most often. Source: own reasoning. */
function guess(report: Report): string | null {
  const { launch_command: launch, log, metrics_text: metrics } = report.input;
  const told = `${log ?? ''}${metrics ?? ''}${wordsOf(report)}`;
  if (`${told}${launch ?? ''}` === '') return null;
  if (report.engine === 'dstack') return 'instance_unreachable';
  if (/error|exception|traceback|abort|fatal/i.test(log ?? '')) return 'bad_flag_combination';
  return told === '' ? 'bad_flag_value' : 'cpu_or_frontend_bound';
}

/** At least three causes where a report tells anything: what looks alike follows, with little confidence. */
export function withPlausible(
  causes: readonly RankedCause[],
  report: Report,
  isPossible: (cls: string) => boolean,
): readonly RankedCause[] {
  const first = causes[0]?.cls ?? guess(report);
  if (first === null) return causes;
  const named = new Set(causes.map(({ cls }) => cls));
  const most = Math.min(WEAK, causes.at(-1)?.confidence ?? WEAK);
  const more = [first, ...(LOOKS_LIKE[first] ?? [])]
    .filter((cls) => !named.has(cls) && isPossible(cls))
    .map((cls, at) => ({
      cls,
      confidence: Math.round(Math.max(0, most - 0.02 * at) * 100) / 100,
      evidence: [causes.length === 0 ? 'no known sign in the report' : `shows like ${first}`],
    }));
  return [...causes, ...more.slice(0, Math.max(0, LEAST_CAUSES - causes.length))];
}
