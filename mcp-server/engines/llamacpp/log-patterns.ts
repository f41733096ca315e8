import { cause, fatal, type LogPattern, note, symptom } from '../../core/telemetry/log-pattern.ts';

/** What llama-server prints and why. Source: llama.cpp tools/server, common/arg.cpp, src/llama*.cpp, ggml backends (2024-09 to 2026). */
export const LLAMACPP_LOG_PATTERNS: readonly LogPattern[] = [
  note(
    'phase_weights',
    /(?:llama_model_loader: loaded meta data|load_model: loading model|srv +load_model: loading model)/,
  ),
  note('weights_loaded', /load_tensors: offloaded (?<offloaded>\d+)\/(?<layers>\d+) layers to GPU/),
  note('phase_kv', /llama_kv_cache(?:_\w+)?: (?:size|.*KV buffer size) *= *(?<kvMib>[\d.]+) MiB/),
  note('capacity', /n_ctx(?:_slot)? *= *(?<contextLength>\d+)/),
  note(
    'threads',
    /system_info: n_threads = (?<threads>\d+)(?: \(n_threads_batch = (?<threadsBatch>\d+)\))? \/ (?<cores>\d+)/,
  ),
  note(
    'slots',
    /(?:initializing slots, n_slots = (?<slots>\d+)|n_parallel is set to auto, using n_parallel = (?<autoSlots>\d+))/,
  ),
  note('ready', /(?:server is listening on http|main: model loaded|HTTP server (?:is )?listening)/),
  fatal('bad_flag_unknown', /error: invalid argument: (?<flag>-\S+)/),
  // A value that a blank parted from its flag is read as an argument of its own. Source: llama.cpp common/arg.cpp.
  fatal('bad_flag_value', /error: invalid argument: (?<value>[^-\s].*)/),
  fatal(
    'bad_flag_unknown',
    /error while handling argument "(?<flag>[^"]+)": the argument has been removed/,
  ),
  fatal('bad_flag_value', /error: invalid parameter for argument: (?<flag>\S+)/),
  fatal('bad_flag_value', /error while handling argument "(?<flag>[^"]+)": (?<value>.*)/),
  fatal(
    'bad_flag_combination',
    /(?:V cache quantization requires (?:flash_attn|flash attention)|[Qq]uantized V cache (?:was requested, but this )?requires|error: the argument .* requires|n_ubatch .* (?:must|larger)|K cache (?:type|quantization) .* requires|SPLIT_MODE_ROW .* not supported|SPLIT_MODE_TENSOR (?:requires|and KV cache quantization|not implemented)|draft model vocab type must match target)/,
  ),
  fatal(
    'context_too_long',
    /(?:the request exceeds the available context size|exceeds the available context size|Context size has been exceeded|context shift is disabled|n_prompt_tokens.*n_ctx|input (?:\(\d+ tokens\) )?is too large to process|exceed_context_size_error|the requested n_ctx .* exceeds|[Pp]rompt is too (?:long|big)|truncating input prompt" limit=\d+ prompt=\d+|Requested tokens \(\d+\) exceed context window)/,
  ),
  fatal(
    'kv_cache_too_small',
    /(?:failed to find (?:free space in the KV cache|a memory slot)|no slot (?:available|found) .*batch|decode: failed to find|failed to (?:initialize|create) (?:the )?(?:memory|KV cache|kv cache))/,
  ),
  fatal(
    'oom_activation_prefill',
    /(?:ggml_gallocr_reserve\w*: failed|graph_reserve: failed|failed to (?:allocate|reserve) (?:\w+ )?compute (?:pp )?buffers?)/,
  ),
  fatal('kv_cache_too_small', /failed to allocate buffer for (?:the )?kv cache/),
  fatal(
    'weights_do_not_fit',
    /(?:unable to allocate (?<buffer>\S+) buffer|failed to allocate .*buffer(?: of size (?<bytes>\d+))?|ggml_backend_\w+_buffer_type_alloc_buffer: (?:allocating|failed to allocate) .*(?:failed)?|alloc_tensor_range: failed to allocate|ggml_aligned_malloc: insufficient memory|cudaMalloc failed: out of memory|failed to mmap|mmap failed|failed to fit params to free device memory)/,
  ),
  // Metal goes on beyond what it may use, and fails when it computes. Source: ggml-metal.
  cause(
    'weights_do_not_fit',
    /\( *(?<used>[\d.]+) \/ +(?<limit>[\d.]+)\), warning: current allocated size is greater than the recommended max working set size/,
  ),
  fatal('oom_under_load', /kIOGPUCommandBufferCallbackErrorOutOfMemory/),
  // Source: ollama llm/server.go, which plans memory before it starts llama-server.
  fatal(
    'weights_do_not_fit',
    /model requires more system memory \((?<needed>[^)]+)\) than is available/,
  ),
  fatal('hang_watchdog', /timed out waiting for (?:llama runner|llama-server|server) to start/),
  // A file of a newer or an older converter than the build. Source: llama.cpp src/llama-model-loader.cpp.
  fatal(
    'quantization_mismatch',
    /(?:done_getting_tensors: wrong number of tensors; expected \d+, got \d+|error loading model: (?:check_tensor_dims: |missing tensor '|error loading model hyperparameters: ))/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:rocBLAS error: Cannot read .*TensileLibrary|ggml_cuda_compute_forward: .* failed|ggml was not compiled with any CUDA arch|device does not support|unsupported (?:op|type)|Illegal instruction)/,
  ),
  fatal(
    'tokenizer_or_template',
    /(?:Jinja Exception: |Value is not callable: |unknown pre-tokenizer type|error loading model vocabulary|common_chat_templates_init: (?:error|.*failed)|this custom template is not supported|[Ff]ailed to (?:parse|apply) (?:the )?(?:chat )?template)/,
  ),
  fatal(
    'model_download_or_auth',
    /(?:pull model manifest: |digest mismatch, file must be downloaded again|max retries exceeded: |curl_perform_with_retry: .*fail|HTTPS is not supported\. Please rebuild|'https' scheme is not supported|get_repo_(?:files|commit): error: |HEAD failed, status: -1|download failed(?: after \d+ attempts|: .* \(status: )|cannot make GET request|required file is not available in cache|invalid HF repo format|failed to download (?:model|file)|error loading model: (?:tensor '.*' data is not within the file bounds|failed to open|invalid magic|model is corrupted)|gguf_init_from_file.*(?:invalid magic|failed))/,
  ),
  // What the downloader cannot write. Source: llama.cpp common/download.cpp.
  fatal('disk_full', /error (?:writing to|closing) file: .*\.downloadInProgress/),
  fatal('port_conflict', /couldn't bind (?:to server socket|HTTP server socket)/),
  // Every token's kernels are launched one by one then. Prompts always are. Source: ggml-cuda.cu.
  cause(
    'decode_eager_no_cuda_graph',
    /disabling CUDA graphs due to (?:too many consecutive updates|GPU architecture|failed graph capture|mul_mat_id|unsupported node type|split buffer)/,
  ),
  cause('prefix_cache_miss', /forcing full prompt re-processing due to lack of cache data/),
  cause('prefix_cache_miss', /(?:cache_prompt|prompt cache) is (?:disabled|not supported)/),
  cause(
    'layers_on_cpu',
    /(?:no compatible GPUs were discovered|warning: no usable GPU found, --gpu-layers option will be ignored|compiled without GPU(?: offload)? support|offloaded 0\/\d+ layers to GPU|tensor '.*' .*cannot be used with preferred buffer type|buffer type overridden to CPU)/,
  ),
  cause(
    'silent_adjustment',
    /(?:flash_attn .* (?:forcing off|not supported)|n_ctx_per_seq \(\d+\) [<>] n_ctx_train|n_ctx_seq \(\d+\) [<>] n_ctx_train|setting n_batch)/,
  ),
  symptom('engine_crashed', /GGML_ASSERT\(.*\) failed/),
  symptom(
    'load_failed',
    /(?:failed to load model|error loading model|exiting due to model loading error|llama_init_from_model: failed|failed to initialize the context)/,
  ),
];
