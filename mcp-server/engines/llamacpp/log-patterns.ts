import { cause, fatal, type LogPattern, note, symptom } from '../../core/telemetry/log-pattern.ts';

/** Lines of llama-server with a known meaning. Source: llama.cpp tools/server/server.cpp, common/arg.cpp, src/llama-*.cpp. */
export const LLAMACPP_LOG_PATTERNS: readonly LogPattern[] = [
  fatal('bad_flag_unknown', /error: invalid argument: (?<flag>\S+)/),
  fatal('bad_flag_choice', /error while handling argument "(?<flag>[^"]+)"/),
  fatal('bad_flag_choice', /error: unknown value for (?<flag>--?\S+)/),
  fatal('bad_flag_combination', /V cache quantization requires flash_attn/),
  fatal(
    'model_missing',
    /(?:failed to open|error loading model: .*(?:No such file|failed to open))/i,
  ),
  fatal('model_corrupt', /error loading model: .*(?:magic|tensor|corrupt|invalid)/i),
  fatal('weights_do_not_fit', /unable to allocate .* buffer|failed to allocate .* buffer/i),
  fatal(
    'kv_cache_too_small',
    /failed to (?:allocate|initialize).*kv ?cache|llama_init_from_model: failed/i,
  ),
  fatal('oom', /ggml_(?:cuda|metal|vulkan)\S*: out of memory|CUDA error: out of memory/i),
  fatal('port_in_use', /couldn't bind (?:HTTP )?server socket/i),
  fatal('model_load_failed', /(?:exiting due to model loading error|error loading model)/i),
  fatal('engine_crashed', /GGML_ASSERT\(.*\) failed/),
  fatal('engine_crashed', /Illegal instruction|Segmentation fault/),
  symptom('context_full', /context is full|failed to find free space in the KV cache/i),
  symptom('request_too_large', /the request exceeds the available context size/i),
  symptom('slot_missing', /no (?:idle )?slots? (?:is |are )?available|slot unavailable/i),
  cause('context_below_training', /n_ctx_(?:per_seq|seq) \((?<context>\d+)\) < n_ctx_train/),
  cause('flash_attention_off', /flash_attn (?:is not supported|.*disabl)/i),
  note(
    'phase_weights',
    /llama_model_loader: loaded meta data|load_tensors: loading model tensors|srv +load_model: loading model/,
  ),
  note('phase_kv', /llama_kv_cache\S*:.*size = *(?<usedMb>[\d.]+) MiB/),
  note('threads', /system_info: n_threads = (?<threads>\d+)/),
  note('capacity', /n_ctx(?:_slot)? += (?<context>\d+)/),
  note('slots', /initializing slots, n_slots = (?<slots>\d+)/),
  note('ready', /server is listening on|model loaded/),
];
