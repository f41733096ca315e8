import { cause, fatal, type LogPattern, note, symptom } from '../../core/telemetry/log-pattern.ts';
import { VLLM_REFUSAL_PATTERNS } from './refusal-patterns.ts';

/** What vLLM prints and why. Source: vLLM V0 and V1 (to 2026-05) vllm/v1/{core,engine,worker}, vllm/config, vllm/entrypoints. */
export const VLLM_LOG_PATTERNS: readonly LogPattern[] = [
  // One line holds the whole configuration; its names of settings (`enable_flashinfer_autotune=`) are no events.
  cause('decode_eager_no_cuda_graph', /^Initializing a V\d LLM engine .*?enforce_eager=True/),
  note('engine_config', /^Initializing a V\d LLM engine \(v(?<version>[^)]+)\)/),
  note(
    'phase_weights',
    /^Starting to load model |^Loading model weights|^Loading safetensors checkpoint shards/,
  ),
  note(
    'weights_loaded',
    /^(?:Model loading took|Loading model weights took) (?<weightsGb>[\d.]+) Gi?B/,
  ),
  note(
    'phase_kv',
    /^(?:Available KV cache memory: (?<kvGib>-?[\d.]+) GiB|# (?:GPU|cuda) blocks: (?<blocks>\d+))/,
  ),
  note(
    'capacity',
    /KV cache size: (?<tokens>[\d,]+) tokens(?:, Maximum concurrency for (?<contextLength>[\d,]+) tokens per request: (?<concurrency>[\d.]+)x)?/,
  ),
  note(
    'max_concurrency',
    /Maximum concurrency for (?<contextLength>[\d,]+) tokens per request: (?<concurrency>[\d.]+)x/,
  ),
  note('phase_graphs', /^Capturing (?:CUDA|cudagraphs|the model for CUDA graphs)/),
  note(
    'graphs_captured',
    /^Graph capturing finished in (?<seconds>[\d.]+) secs?(?:, took (?<graphGib>[\d.]+) GiB)?/,
  ),
  note('ready', /(?:Starting vLLM (?:API )?server on|Application startup complete\.)/),
  note('async_scheduling', /Asynchronous scheduling is enabled/),
  note('chunked_prefill', /Chunked prefill is enabled with max_num_batched_tokens=(?<budget>\d+)/),
  ...VLLM_REFUSAL_PATTERNS,
  fatal(
    'kv_cache_too_small',
    /(?:No available memory for the cache blocks|is larger than the (?:available KV cache memory|maximum number of tokens that can be stored in KV cache)|KV cache is needed, which is larger than)(?:.*?estimated maximum model length is (?<maxModelLength>\d+))?/,
  ),
  fatal(
    'gpu_already_in_use',
    /Free memory on device(?: \S+)? \((?<freeGib>[\d.]+)\/(?<totalGib>[\d.]+) GiB\) on startup is less than desired GPU memory utilization/,
  ),
  fatal(
    'host_out_of_memory',
    /Available memory on node \S+ \((?<freeGib>[\d.]+)\/(?<totalGib>[\d.]+) GiB\) on (?:startup|kv cache allocation) is less than/,
  ),
  fatal(
    'gpu_already_in_use',
    /Error in memory profiling\. Initial free memory|initial_free_memory.*current free memory|This happens when (?:other processes|the GPU memory was)/,
  ),
  fatal(
    'oom_sampler_warmup',
    /(?:CUDA )?out of memory.* (?:occurred )?when warming up (?:the )?(?:sampler|pooler \([^)]*\)) with (?<requests>\d+) dummy requests/i,
  ),
  fatal(
    'context_too_long',
    /(?:User-specified max_model_len \((?<asked>\d+)\) is greater than the derived max_model_len|This model's maximum context length is (?<limit>\d+) tokens|prompt \(length (?<prompt>\d+)\) is longer than the maximum model length|Input prompt \(\d+ tokens\) is too long|is longer than the maximum model length of)/,
  ),
  fatal(
    'bad_flag_combination',
    /(?:max_num_batched_tokens \(\d+\) is smaller than max_model_len|max_num_batched_tokens \(\d+\) must be greater than or equal to max_num_seqs|must be divisible by tensor parallel size|Total number of attention heads \(\d+\) must be divisible|World size \(\d+\) is larger than the number of available GPUs|requires that .* (?:set|enabled|disabled)|Selected backend \S+ is not valid for this configuration|(?:is|are) not (?:compatible|supported) with(?! the current PyTorch)(?!.*(?:; setting |[Dd]isabling|[Ff]alling back))|cannot be used (?:with|together)|[Mm]ulti-?[Nn]ode .* not supported)/,
  ),
  fatal(
    'bad_flag_value',
    /(?:pydantic_core\._pydantic_core\.ValidationError|validation errors? for (?<where>\w+)|Unknown .* backend|Invalid (?:attention|kv_cache_dtype|load_format|dtype))/,
  ),
  fatal(
    'quantization_mismatch',
    /(?:Quantization method specified in the model config \((?<model>\w+)\) does not match|Unknown quantization method|is not divisible by weight quantization block_[nk]|The (?:input|output) size .* is not aligned with the quantized weight shape|Weight (?:input|output)_size_per_partition .* is not divisible by|torch\.(?:bfloat16|float16) is not supported for quantization method|The quantization method \S+ is not supported(?! for the current GPU)|is not supported for quantization)/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:Bfloat16 is only supported on GPUs with compute capability|No valid (?:\w+ )?attention backend|Cannot use .* backend|FP8 .* requires|Failed to find a kernel that can implement|is not supported (?:on|by) (?:this|the current) (?:GPU|device|platform)|is not supported for the current GPU|Minimum capability: \d+|only supported on (?:Hopper|Blackwell|Ampere|CUDA))/,
  ),
  fatal(
    'tokenizer_or_template',
    /(?:As of transformers v4\.44, default chat template is no longer allowed|Cannot find a chat template|Make sure that a Mistral tokenizer is present)/,
  ),
  fatal(
    'hang_watchdog',
    /(?:No available shared memory broadcast block found in (?<seconds>\d+) seconds?|RPC call to \S+ timed out|execute_model timed out|No heartbeat received from MQLLMEngine)/,
  ),
  cause(
    'preemption_thrash',
    /Sequence group \S+ is preempted by PreemptionMode\.(?<mode>\w+)(?:.*?total_(?:num_)?cumulative_preemption(?:_cnt)?=(?<total>\d+))?/,
  ),
  cause(
    'silent_adjustment',
    /(?:Truncating max_cudagraph_capture_size|Async scheduling .*(?:disabled|not supported)|Turning off|will be (?:ignored|disabled)|is not supported.*[Dd]isabling|[Ff]alling back to|has been overridden|Overriding )/,
  ),
  cause(
    'decode_eager_no_cuda_graph',
    /(?:Cudagraph is disabled under eager mode|enforce_eager=True|Enforce eager set, (?:disabling torch\.compile|overriding)|Forcing enforce eager to be True|setting cudagraph_mode=NONE|CUDA graphs? (?:is|are) (?:disabled|not supported))/,
  ),
  cause(
    'cold_jit_in_window',
    /(?:JIT compilation during inference|Dynamo bytecode transform time|Compiling a graph for|torch\.compile takes|autotun(?:e|ing))/i,
  ),
  fatal('bad_flag_combination', /NotImplementedError: .*(?:partial.prefills|V1)/),
  fatal('oom_cuda_graph_capture', /out of memory.*captur|captur.*out of memory/i),
  fatal('oom_cuda_graph_capture', /(?:out of memory|OutOfMemory).*ESTIMATE_CUDAGRAPHS/),
  fatal('oom_activation_prefill', /out of memory.*(?:profil|encoder)/i),
  cause(
    'silent_adjustment',
    /[Aa]sync(?:hronous)? scheduling (?:is|will be) (?:disabled|not supported)/,
  ),
  note('settings', /non-default args: (?<args>\{.*\})/),
  symptom(
    'engine_dead',
    /(?:MQLLMEngine is already dead|EngineCore failed to start|EngineCore encountered a fatal error|EngineCore encountered an issue|EngineDeadError|AsyncEngineDeadError|Engine core initialization failed|Engine process failed to start|WorkerProc (?:failed to start|initialization failed)|WorkerProc hit an exception|Failed core proc)/,
  ),
];
