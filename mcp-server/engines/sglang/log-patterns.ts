import { cause, fatal, type LogPattern, note, symptom } from '../../core/telemetry/log-pattern.ts';

/** What SGLang prints and why. Source: SGLang v0.4.1 to v0.5.14 python/sglang/srt (scheduler, model_executor, mem_cache, server_args). */
export const SGLANG_LOG_PATTERNS: readonly LogPattern[] = [
  note('phase_weights', /^Load weight begin\. avail mem=(?<availGb>[\d.]+) GB/),
  note(
    'weights_loaded',
    /^Load weight end\.(?:.*?avail mem=(?<availGb>[\d.]+) GB)?(?:.*?mem usage=(?<weightsGb>[\d.]+) GB)?/,
  ),
  note('phase_kv', /^KV Cache is allocated\.(?:.*?#tokens: (?<tokens>\d+))?/),
  note(
    'phase_graphs',
    /^Capture (?:\w+ )*(?:cuda|CUDA) graph begin\.(?:.*?bs=\[(?<sizes>[\d, ]+)\])?(?:.*?avail mem=(?<availGb>[\d.]+) GB)?/,
  ),
  note(
    'graphs_captured',
    /^Capture (?:\w+ )*(?:cuda|CUDA) graph end\.(?:.*?mem usage=(?<graphGb>[\d.]+) GB)?/,
  ),
  // Its line tells the capacity as well.
  fatal(
    'oom_under_load',
    /(?:token_to_kv_pool_allocator memory leak detected|pool memory leak detected|KV cache pool leak)/,
  ),
  note(
    'capacity',
    /max_total_num_tokens=(?<tokens>\d+)(?:.*?chunked_prefill_size=(?<chunk>-?\d+|None))?(?:.*?max_running_requests=(?<maxRunning>\d+))?(?:.*?context_len=(?<contextLength>\d+))?(?:.*?available_gpu_mem=(?<availGb>[\d.]+) GB)?/,
  ),
  note('ready', /The server is fired up and ready to roll!/),
  // Captures draw a bar before, and in place of, the line that begins them.
  note('phase_graphs', /^(?:Capturing|Compiling) (?:batches|num tokens)/),
  fatal(
    'kv_cache_too_small',
    /Loaded weights leave no GPU memory for the KV cache(?:.*?minimum viable = 1 - available\/pre = (?<leastShare>[\d.]+))?/,
  ),
  fatal('kv_cache_too_small', /max_running_requests? is zero/),
  fatal('weights_do_not_fit', /Not enough memory\. Please try to increase --mem-fraction-static/),
  fatal('oom_cuda_graph_capture', /Capture (?:\w+ )*(?:cuda|CUDA) graph failed/),
  fatal('oom_activation_prefill', /Prefill out of memory\. Try to lower your batch size/),
  fatal(
    'oom_under_load',
    /(?:Decode out of memory\. Try to lower your batch size|^Out of memory\. Try to lower|alloc_req_slots runs out of memory|retract_decode: aborted last request .* due to OOM|No space available\. Reducing .* failed|No space left for only one request|(?:KV cache|req_pool_indices) is full! There is a bug in memory estimation)/,
  ),
  fatal(
    'context_too_long',
    /(?:Requested token count exceeds the model's maximum context length|The input \(\d+ tokens\) is longer than the model's context length|Input length \(\d+ tokens\) exceeds the maximum allowed length|is greater than the derived context_length|exceeds the (?:KV cache )?pool size|longer than the maximum allowed)/,
  ),
  fatal(
    'hang_watchdog',
    /(?:watchdog timeout \(self\.watchdog_timeout|Scheduler watchdog timeout|Watchdog.*?exceeded|TokenizerManager watchdog)/,
  ),
  cause(
    'hang_watchdog',
    /Health check failed\. Server couldn't get a response from (?:the )?detokenizer for last (?<seconds>\d+) seconds/,
  ),
  // One setting and what it may be; with a second setting or a condition it is a matter of both.
  fatal(
    'bad_flag_value',
    /(?:AssertionError|ValueError): (?:--)?(?<flag>[a-z]+(?:[-_][a-z]+)+)(?:=\S+)? (?:only supports?|must be (?:(?:strictly )?positive|non[- ]?negative|one of|in\b|between|at least|an? |[<>=\d])|should be (?:positive|non[- ]?negative|one of|in\b|between|[<>=\d])|cannot contain)(?!.*(?:\b(?:when|with|if|for|unless|by)\b|--[a-z]|[a-z]_[a-z]))/,
  ),
  fatal(
    'bad_flag_combination',
    /(?:AssertionError|ValueError): .*(?:chunked_prefill_size|page_size|dp_size|tp_size|ep_size|speculative|attention_backend|max_running_requests|mem_fraction|overlap|disaggregation|mixed_chunk|radix|hicache|No bucket >=)/,
  ),
  fatal(
    'quantization_mismatch',
    /(?:is not divisible by weight quantization block_[nk]|Cannot find the config file for|Quantization method specified in the model config .* does not match|Unknown quantization method|does not support quantization|quantization .* is (?:not|currently not) supported|is not supported for quantization method)/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:FlashAttention v3 Backend requires SM|sm_?\d+ is not supported|TRTLLM .*backend is only supported|FlashInfer.*(?:only supports|not supported)|CUTLASS .*requires|DeepGEMM .*(?:requires|not supported)|sgl_kernel.*(?:architecture|CUDA capability))/,
  ),
  // Between the servers that read prompts and those that answer. Source: SGLang disaggregation/mooncake/conn.py.
  fatal(
    'nccl_interconnect',
    /KVTransferError\(.*(?:Failed to (?:send|get|receive)|could be dead|timed? ?out)/i,
  ),
  fatal('bad_flag_unknown', /Removed server argument\(s\): (?<flag>[\w-]+)/),
  fatal('no_capacity_queue', /The request queue is full\./),
  cause(
    'preemption_thrash',
    /(?:Retract requests\.|Decode out of memory happened\.)(?:.*?#retracted_reqs: (?<retracted>\d+))?(?:.*?#new_token_ratio: (?<fromRatio>[\d.]+) -> (?<toRatio>[\d.]+))?/,
  ),
  cause(
    'cold_jit_in_window',
    /(?:Entering DeepGEMM JIT|DeepGEMM (?:JIT )?(?:code generation|warmup)|Try DeepGEMM JIT Compiling|Compiling .* kernels?|autotun(?:e|ing) .*flashinfer|FlashInfer autotune)/i,
  ),
  cause(
    'silent_adjustment',
    /(?:[A-Z][\w ]* is (?:disabled|turned off|set to|adjusted|overridden|changed) (?:because|due to|for|to)|automatically (?:set|turned|disabled|adjusted)|will be (?:ignored|disabled|overridden))/,
  ),
  symptom(
    'scheduler_exception',
    /(?:Scheduler|DataParallelController|TpModelWorkerClient|DetokenizerManager|TokenizerManager) hit an exception/,
  ),
  symptom('init_failed', /Initialization failed\. (?:warmup )?error/),
  symptom(
    'child_failed',
    /It usually means one child failed|Rank \d+ scheduler is dead|Scheduler or DataParallelController \d+ terminated/,
  ),
];
