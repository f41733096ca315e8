import type { Report } from '../../../mcp-server/core/playbook/reported/report.ts';

type Row = readonly [cls: string, engine: Report['engine'], input: Report['input']];

/** Reports of starts and crashes, written for this test in the formats of the engines and in a reporter's words. */
export const START_REPORTS: readonly Row[] = [
  [
    'kv_cache_too_small',
    'vllm',
    {
      log: 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.',
    },
  ],
  [
    'kv_cache_too_small',
    'vllm',
    {
      log: "ValueError: To serve at least one request with the models's max seq len (40960), (5.63 GiB KV cache is needed, which is larger than the available KV cache memory (2.10 GiB). Based on the available memory, the estimated maximum model length is 15248.",
    },
  ],
  [
    'kv_cache_too_small',
    'llamacpp',
    {
      log: 'decode: failed to find a memory slot for batch of size 512\nsrv  update_slots: failed to decode the batch: KV cache is full - try increasing it via the context size',
    },
  ],
  [
    'weights_do_not_fit',
    'sglang',
    {
      log: 'RuntimeError: Not enough memory. Please try to increase --mem-fraction-static. Current value: self.server_args.mem_fraction_static=0.88',
      gpu: 'A100 80GB',
      model: 'Llama-3-70B',
      launch_command: 'python3 -m sglang.launch_server --model-path m/Llama-3-70B --tp 2',
    },
  ],
  [
    'weights_do_not_fit',
    'vllm',
    {
      log: 'Traceback (most recent call last):\n  File "vllm/v1/worker/gpu_worker.py", line 170, in load_model\n    self.model_runner.load_model()\n  File "vllm/model_executor/layers/linear.py", line 140, in create_weights\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 896.00 MiB. GPU 0 has a total capacity of 23.53 GiB of which 500.00 MiB is free.',
    },
  ],
  [
    'weights_do_not_fit',
    'llamacpp',
    {
      log: 'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 20000.00 MiB on device 0: cudaMalloc failed: out of memory\nalloc_tensor_range: failed to allocate CUDA0 buffer of size 20971520000\nllama_model_load: error loading model: unable to allocate CUDA0 buffer',
    },
  ],
  [
    'oom_activation_prefill',
    'sglang',
    {
      log: 'Traceback (most recent call last):\n  File "sglang/srt/model_executor/model_runner.py", line 900, in forward_extend\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 4.00 GiB.',
      symptom: 'dies when a 60k token prompt comes in',
    },
  ],
  [
    'oom_activation_prefill',
    'vllm',
    {
      log: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 7.50 GiB.',
      symptom:
        'out of memory while profiling with a very long prompt; smaller max-num-batched-tokens starts',
    },
  ],
  [
    'oom_activation_prefill',
    'llamacpp',
    {
      log: 'ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 3221225472\ngraph_reserve: failed to allocate compute buffers\nllama_init_from_model: failed to initialize the context: failed to allocate compute pp buffers',
    },
  ],
  [
    'oom_cuda_graph_capture',
    'sglang',
    {
      log: 'Exception: Capture cuda graph failed: CUDA out of memory. Tried to allocate 20.00 MiB.\nPossible solutions:\n1. set --mem-fraction-static to a smaller value (e.g., 0.8 or 0.7)',
    },
  ],
  [
    'oom_cuda_graph_capture',
    'vllm',
    {
      log: 'INFO 03-22 15:00:10 [gpu_model_runner.py:900] Capturing CUDA graph shapes: 40%\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 30.00 MiB.',
    },
  ],
  [
    'oom_sampler_warmup',
    'vllm',
    {
      log: 'RuntimeError: CUDA out of memory occurred when warming up sampler with 1024 dummy requests. Please try lowering `max_num_seqs` or `gpu_memory_utilization` when initializing the engine.',
    },
  ],
  [
    'oom_under_load',
    'sglang',
    {
      log: '[2026-03-22 15:00:00] The server is fired up and ready to roll!\n[2026-03-22 15:20:00 TP0] Decode out of memory. Try to lower your batch size.',
    },
  ],
  [
    'oom_under_load',
    'vllm',
    {
      symptom:
        'serves for two hours at 200 concurrent requests and then dies with CUDA out of memory',
    },
  ],
  [
    'bad_flag_unknown',
    'vllm',
    {
      launch_command: 'vllm serve m --max-seqs 8',
      log: 'vllm: error: unrecognized arguments: --max-seqs 8',
    },
  ],
  [
    'bad_flag_unknown',
    'llamacpp',
    {
      launch_command: 'llama-server -m m.gguf --ctx-length 8192',
      log: 'error: invalid argument: --ctx-length',
    },
  ],
  [
    'bad_flag_unknown',
    'sglang',
    {
      log: "TypeError: ServerArgs.__init__() got an unexpected keyword argument 'disable_disk_cache'",
    },
  ],
  [
    'bad_flag_value',
    'sglang',
    {
      log: "launch_server.py: error: argument --attention-backend: invalid choice: 'flash' (choose from 'triton', 'flashinfer', 'fa3')",
    },
  ],
  [
    'bad_flag_value',
    'vllm',
    {
      log: "KeyError: 'invalid tool call parser: qwen (chose from { hermes,llama3_json,mistral })'",
    },
  ],
  [
    'bad_flag_value',
    'llamacpp',
    { log: 'error while handling argument "--cache-type-k": Unsupported cache type: q3_0' },
  ],
  [
    'bad_flag_combination',
    'vllm',
    {
      log: 'ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).',
    },
  ],
  [
    'bad_flag_combination',
    'vllm',
    { log: 'TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser' },
  ],
  [
    'bad_flag_combination',
    'sglang',
    {
      log: 'AssertionError: The number of --enable-dp-attention ranks must divide: tp_size must be divisible by dp_size',
    },
  ],
  [
    'bad_flag_combination',
    'llamacpp',
    { log: 'llama_init_from_model: V cache quantization requires flash_attn' },
  ],
  [
    'context_too_long',
    'vllm',
    {
      log: "ValueError: User-specified max_model_len (131072) is greater than the derived max_model_len (max_position_embeddings=32768 or model_max_length=None in model's config.json).",
    },
  ],
  [
    'context_too_long',
    'sglang',
    {
      log: "ValueError: Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 40000 tokens",
    },
  ],
  [
    'context_too_long',
    'llamacpp',
    {
      log: 'srv  send_error: task id = 3, error: the request exceeds the available context size (4096 tokens), try increasing it',
    },
  ],
  [
    'gpu_already_in_use',
    'vllm',
    {
      log: 'ValueError: Free memory on device cuda:0 (3.1/79.2 GiB) on startup is less than desired GPU memory utilization (0.9, 71.3 GiB).',
    },
  ],
  [
    'gpu_already_in_use',
    'sglang',
    {
      log: 'ValueError: The memory capacity is unbalanced. Some GPUs may be occupied by other processes. pre_model_load_memory=20.1, local_gpu_memory=78.3',
    },
  ],
  [
    'model_download_or_auth',
    'vllm',
    {
      log: 'huggingface_hub.errors.GatedRepoError: 401 Client Error. Cannot access gated repo for url https://huggingface.co/x/y/resolve/main/config.json.',
    },
  ],
  [
    'model_download_or_auth',
    'sglang',
    {
      log: 'safetensors_rust.SafetensorError: Error while deserializing header: InvalidHeaderDeserialization',
    },
  ],
  [
    'disk_full',
    'vllm',
    {
      log: 'RuntimeError: Data processing error: CAS service error : IO Error: No space left on device (os error 28)',
    },
  ],
  [
    'shm_or_ipc',
    'vllm',
    {
      log: 'RuntimeError: DataLoader worker is killed by signal: Bus error. It is possible that workers are out of shared memory. Please try to raise your shared memory limit.',
    },
  ],
  [
    'nccl_interconnect',
    'sglang',
    {
      log: 'torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3356, unhandled cuda error, NCCL version 2.27.3\nncclUnhandledCudaError: Call to CUDA function failed.',
    },
  ],
  [
    'nccl_interconnect',
    'vllm',
    {
      symptom:
        'two nodes over InfiniBand: NCCL init hangs and then errors, only with GLOO_SOCKET_IFNAME unset',
    },
  ],
  [
    'driver_or_cuda_mismatch',
    'vllm',
    {
      log: 'RuntimeError: The NVIDIA driver on your system is too old (found version 12020). Please update your GPU driver.',
    },
  ],
  [
    'driver_or_cuda_mismatch',
    'sglang',
    {
      log: 'ImportError: /usr/lib/python3/sgl_kernel/common_ops.so: undefined symbol: _ZN3c104cuda9SetDeviceEab',
    },
  ],
  [
    'unsupported_gpu_or_kernel',
    'vllm',
    {
      log: 'RuntimeError: CUDA error: no kernel image is available for execution on the device',
      gpu: 'RTX 5090',
    },
  ],
  [
    'unsupported_gpu_or_kernel',
    'sglang',
    {
      log: 'AssertionError: FlashAttention v3 Backend requires SM>=80 and SM<=90. Please use `--attention-backend flashinfer`.',
      gpu: 'B200',
    },
  ],
  [
    'unsupported_gpu_or_kernel',
    'vllm',
    {
      log: "triton.compiler.errors.CompilationError: type fp8e4nv not supported in this architecture. The supported fp8 dtypes are ('fp8e4b15', 'fp8e5')",
    },
  ],
  [
    'tokenizer_or_template',
    'vllm',
    {
      log: 'ValueError: As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.',
    },
  ],
  [
    'tokenizer_or_template',
    'llamacpp',
    {
      log: "llama_model_load: error loading model: error loading model vocabulary: unknown pre-tokenizer type: 'abc'",
    },
  ],
  [
    'quantization_mismatch',
    'vllm',
    {
      log: 'ValueError: Quantization method specified in the model config (gptq) does not match the quantization method specified in the `quantization` argument (awq).',
    },
  ],
  [
    'quantization_mismatch',
    'sglang',
    {
      log: 'ValueError: Weight output_partition_size = 576 is not divisible by weight quantization block_n = 128.',
    },
  ],
  ['port_conflict', 'vllm', { log: 'OSError: [Errno 98] Address already in use' }],
  [
    'port_conflict',
    'llamacpp',
    { log: "start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080" },
  ],
  [
    'hang_watchdog',
    'sglang',
    { log: '[2026-03-22 15:30:00 TP0] Watchdog timeout (self.watchdog_timeout=300)' },
  ],
  [
    'hang_watchdog',
    'vllm',
    {
      log: 'INFO 03-22 15:00:10 [shm_broadcast.py:501] No available shared memory broadcast block found in 60 second.',
      symptom: 'requests hang for good',
    },
  ],
];
