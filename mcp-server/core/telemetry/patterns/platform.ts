import { fatal, type LogPattern } from '../log-pattern.ts';

/**
 * Texts of kernels, compilers, libraries and memory that the narrower lists do not hold.
 * Source: messages of Triton 2 and 3, FlashInfer, FlashAttention, CUTLASS, PyTorch, nvcc, NVIDIA container toolkit, glibc.
 */
export const PLATFORM_PATTERNS: readonly LogPattern[] = [
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:not supported (?:on|in|by|for) (?:(?:this|the|your|current) (?:[\w.]+ ){0,2}(?:GPUs?|[Dd]evices?|[Pp]latform|[Aa]rch\w*|[Hh]ardware|[Cc]ard|[Cc]ompute|SM|CUDA)|sm_?\d|SM ?\d|compute|arch|Turing|Volta|Pascal|Ampere|Ada|Hopper|Blackwell|AMD|ROCm|CPU|GPU|device|platform)|(?:requires?|needs?|only (?:support|available|works?|runs?)\w*)(?: \w+){0,5} (?:SM ?_?\d+|sm_?\d+|compute capability|[Hh]opper|[Aa]mpere|[Bb]lackwell|Ada|H100|A100|B200|CUDA devices?|NVIDIA GPU)|type fp8e\w+ not supported|Feature '[^']+' requires|[Hh]ead[ _](?:size|dim) \d+ (?:is )?not supported|[Uu]nsupported (?:head|page|block|arch|compute|GPU|gpu|device|kernel|platform)|no (?:valid|suitable|supported|compatible) (?:\w+ )?(?:kernel|backend|implementation|tile)|[Cc]annot find (?:\w+ )?kernel|Failed to find a kernel|'_C' object has no attribute|'_OpNamespace' .* (?:object )?has no attribute|cutlass.*(?:[Ee]rror [Ii]nternal|cannot implement|failed)|Failed to initialize (?:the )?TMA|CUBLAS_STATUS_NOT_SUPPORTED|CUBLAS_STATUS_ARCH_MISMATCH|CUDNN_STATUS_(?:NOT_SUPPORTED|ARCH)|ptxas.*(?:error|not defined)|LLVM ERROR|PassManager::run failed|Could not run '[^']+' with arguments from the|HIP error|[Ii]llegal instruction|torch\.cuda\.get_device_capability|nvcc fatal|FlashAttention forward only supports head dim|This flash attention build does not support|FlashInfer requires GPUs with sm|No supported CUDA architectures found for|no compatible GPU found|is only supported on sm_?\d+)/,
  ),
  fatal(
    'driver_or_cuda_mismatch',
    /(?:operator torchvision::nms does not exist|ggml_cuda_init: failed to initialize CUDA: (?!out of memory)|cannot find -l(?:cuda|cudart|nvrtc|cublas|nccl|nvidia-ml)\b|fatal error: (?:cu\w+|Python|nv\w+)\.h: No such file|Failed to find C compiler|cicc: (?:not found|Permission)|Driver\/library version mismatch|detected CUDA version|CUDA_HOME environment variable|[Cc]ould not find nvcc|nvcc(?::)? not found|No CUDA GPUs are available|CUDA initialization:|Failed to infer device type|flashinfer-cubin version \S+ does not match|unsupported display driver|unsatisfied condition: cuda|Error 80[2-4]|CUDA error 80[2-4]|cudaErrorInsufficientDriver|cudaGetDeviceCount|lib\w+\.so[.\d]*: (?:cannot open|undefined|version)|DLL load failed|CUBLAS_STATUS_(?:INVALID_VALUE|NOT_INITIALIZED)|CUDNN_STATUS_NOT_INITIALIZED|cuda.* version .* (?:mismatch|required|too old|not match)|(?:sgl[-_]kernel|flashinfer|flash_attn|torch|triton).*(?:version.*(?:required|mismatch|old|less)|is not installed|please (?:install|upgrade|reinstall)))/,
  ),
  fatal(
    'gpu_already_in_use',
    /(?:memory capacity is unbalanced|[Oo]ther processes? (?:may be |is |are )?(?:occupying|using)|occupied by (?:an)?other process|less than desired GPU memory|GPU memory (?:is )?(?:already )?(?:in use|occupied)|Process \d+ has [\d.]+ GiB memory in use.*Process \d+ has)/,
  ),
  fatal(
    'kv_cache_too_small',
    /(?:failed to (?:allocate|create) (?:buffer for )?(?:the )?kv[ _]cache|kv[ _]cache (?:pool )?(?:is )?too small|KV cache (?:memory|space|blocks?) (?:is |are )?(?:insufficient|not enough|not sufficient)|not enough (?:memory|space|blocks?) (?:for|in) (?:the )?(?:KV|kv) ?cache|max_total_num_tokens.*(?:too small|<= ?0|=0\b|negative|no room)|num_gpu_blocks.*(?:0|override)|cannot (?:fit|hold) (?:even )?(?:one|a single) (?:request|sequence)|insufficient (?:KV|kv)|no KV slot)/,
  ),
  fatal(
    'oom_activation_prefill',
    /(?:graph_reserve: failed to allocate|failed to (?:allocate|reserve) (?:\w+ )?compute (?:pp )?buffers?|allocate compute (?:buffers|pp)|ggml_gallocr_reserve.*failed)/,
  ),
  fatal(
    'shm_or_ipc',
    /(?:shm_open|shmget|sem_open|ftruncate).*(?:fail|error|No space)|\/dev\/shm|shared memory (?:segment|limit|size|file)|--shm-size|--ipc[= ]host|torch_shm_manager|SharedMemory.*(?:[Ee]rror|No such file)|No such file or directory: '\/psm_|cudaIpc|cuIpc|cuMem(?:Create(?!\(&)|Export|Import)|ncclP2p|pidfd_|ptrace|zmq\.error\.ZMQError: .*(?:ipc|path|long)/,
  ),
  fatal(
    'hang_watchdog',
    /(?:[Ww]atchdog (?:timeout|timed out|detected|triggered|thread)|appears? to be (?:hung|stuck)|TimeoutError: (?:RPC|Timed out|Engine|EngineCore|Server|.*respon)|[Ee]ngine (?:iteration|step) timed out|asyncio\.exceptions\.TimeoutError|[Hh]eartbeat (?:missed|timeout|lost)|no (?:response|progress) (?:for|in) \d+|Timed out waiting for (?:engine|worker|server|process)|server is not responding|soft lockup|hung task|didn't respond within)/,
  ),
  fatal(
    'disk_full',
    /(?:errno 28|ENOSPC|no space left|disk (?:is )?full|not enough (?:free )?(?:disk|space)|insufficient (?:disk|storage)|ephemeral-storage|quota exceeded.*disk|write error: |os error 28)/i,
  ),
];
