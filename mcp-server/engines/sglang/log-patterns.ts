import { cause, fatal, type LogPattern, note, symptom } from '../../core/telemetry/log-pattern.ts';

/** Lines of SGLang with a known meaning. Source: SGLang scheduler, model_runner and server_args, v0.4.4 to v0.5.14. */
export const SGLANG_LOG_PATTERNS: readonly LogPattern[] = [
  fatal('kv_cache_too_small', /Not enough memory\. Please try to increase --mem-fraction-static/),
  fatal('oom_cuda_graph_capture', /Capture cuda graph failed/i),
  fatal('oom_activation_prefill', /Prefill out of memory/),
  fatal('oom_under_load', /(?:^|\s)(?:Decode out of memory\. Try|Out of memory\. Try to lower)/),
  fatal('request_slots_exhausted', /alloc_req_slots runs out of memory/),
  fatal('request_too_large', /retract_decode: aborted last request/),
  fatal('oom', /(?:torch\.)?OutOfMemoryError: CUDA out of memory/),
  fatal(
    'bad_flag_combination',
    /(?:AssertionError|ValueError): .*(?:--|server_args|speculative|page_size|chunked)/,
  ),
  fatal('engine_hang', /watchdog timeout \(self\.watchdog_timeout=(?<seconds>\d+)/),
  symptom('engine_crashed', /Scheduler hit an exception: Traceback/),
  symptom('engine_crashed', /DataParallelController hit an exception/),
  symptom('engine_crashed', /SIGQUIT received\. signum=/),
  symptom('engine_crashed', /Subprocess .* crashed with exit code (?<code>-?\d+)/),
  symptom('warmup_failed', /Initialization failed\. warmup error/),
  symptom('health_check_failed', /Server couldn't get a response from detokenizer/),
  cause(
    'kv_retraction',
    /(?:KV cache pool is full\. Retract requests|Decode out of memory happened)\..*#retracted_reqs: (?<requests>\d+)/,
  ),
  cause('request_queue_full', /The request queue is full/),
  note('phase_weights', /Load weight begin\. avail mem=(?<availableGb>[\d.]+)/),
  note('weights_loaded', /Load weight end\..*mem usage=(?<usedGb>[\d.]+)/),
  note('phase_kv', /KV Cache is allocated\..*#tokens: (?<tokens>\d+)/),
  note('phase_graphs', /Capture (?:\w+ )*?(?:decode |prefill )?(?:cuda|CUDA) graph begin/),
  note(
    'graphs_captured',
    /Capture (?:\w+ )*?(?:decode |prefill )?(?:cuda|CUDA) graph end\..*elapsed=(?<seconds>[\d.]+)/,
  ),
  note(
    'capacity',
    /max_total_num_tokens=(?<tokens>\d+).*max_running_requests=(?<running>\d+).*available_gpu_mem=(?<availableGb>[\d.]+)/,
  ),
  note('jit_compile', /Entering DeepGEMM JIT Pre-Compile session/),
  note('ready', /The server is fired up and ready to roll!/),
  note('decode_eager', /Decode batch.*#running-req: (?<running>\d+).*cuda graph: False/),
];
