import { cause, fatal, type LogPattern, note } from '../log-pattern.ts';

/**
 * Texts of PyTorch, CUDA, HIP and NCCL. An out-of-memory line is `oom`; what ran at that moment makes it one of the
 * `oom_*` classes (logs.ts). Source: messages of PyTorch 2.x c10/cuda and NCCL 2.2x.
 */
export const ACCELERATOR_PATTERNS: readonly LogPattern[] = [
  fatal(
    'oom',
    /(?:OutOfMemoryError|CUDA out of memory|HIP out of memory).*?Tried to allocate (?<wanted>[\d.]+ [KMGT]iB)(?:.*?total capacity of (?<capacity>[\d.]+ [KMGT]iB))?(?:.*?of which (?<free>[\d.]+ [KMGT]iB) is free)?/,
  ),
  fatal(
    'oom',
    /(?:OutOfMemoryError|CUDA out of memory|CUDA (?:driver )?error: out of memory|Triton Error \[CUDA\]: out of memory|HIP out of memory|CUBLAS_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation)/,
  ),
  fatal(
    'driver_or_cuda_mismatch',
    /(?:nvidia-container-cli: (?:requirement|initialization) error|unsatisfied condition: cuda|NVIDIA driver on your system is too old|CUDA driver version is insufficient for CUDA runtime version|forward compatibility was attempted on non supported HW|no CUDA-capable device is detected|Found no NVIDIA driver|Torch not compiled with CUDA enabled|CUDA unknown error - this may be due to an incorrectly set up environment|system not yet initialized|libcuda\.so(?:\.1)?: cannot open shared object|Failed to initialize NVML|nvidia-container-cli: |could not select device driver)/,
  ),
  fatal(
    'driver_or_cuda_mismatch',
    /(?:PTX was compiled with an unsupported toolchain|NVMLError_(?:LibRmVersionMismatch|LibraryNotFound|DriverNotLoaded)|cuDNN version incompatibility|undefined symbol: |lib(?:cudart|cublas|cudnn|nccl|nvrtc)[^\s:]*\.so[^\s:]*: cannot open shared object file|version `GLIBCXX_[\d.]+' not found|version `GLIBC_[\d.]+' not found|cuda>=(?<needs>[\d.]+), please update your driver|nvrtc: error: invalid value for --gpu-architecture)/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:no kernel image is available for execution on the device|is only supported on GPUs with compute capability|compute capability (?:of )?(?<capability>\d+\.\d+)[^.]*(?:not supported|is required|or higher)|requires (?:compute capability|SM) ?(?<needs>\d+)|is not compatible with the current PyTorch installation|too old to be supported by the triton|device kernel image is invalid|named symbol not found|Error in function '\w+' at \S+ ?Unsupported architecture|ptxas fatal|Unsupported (?:gpu|GPU) architecture|FlashAttention only supports (?:Ampere|Hopper)|invalid device function)/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:out of resource: shared memory|out of resources: shared memory|triton\.runtime\.errors\.OutOfResources)/,
  ),
  fatal(
    'gpu_already_in_use',
    /(?:all CUDA-capable devices are busy or unavailable|CUDA-capable device\(s\) is\/are busy)/,
  ),
  fatal(
    'shm_or_ipc',
    /(?:shmutils\.cc|Call to (?:ftruncate|shm_open|posix_fallocate) failed|[Ee]rror while creating shared memory segment|creating shared memory segment .* failed|No space left on device.*\/dev\/shm|\/dev\/shm.*(?:No space left|too small)|unable to (?:open|allocate) shared memory|insufficient shared memory \(shm\)|unable to (?:write to|mmap \d+ bytes from|open) (?:file|shared memory object) <\/torch_|Bus error|unexpected bus error|cudaIpc(?:OpenMemHandle|GetMemHandle).*fail|pidfd_(?:open|getfd).*(?:not permitted|failed))/,
  ),
  fatal(
    'nccl_interconnect',
    /(?:DistBackendError: NCCL error|NCCL error(?: in)?: |nccl(?:UnhandledCuda|System|Internal|Remote|InvalidUsage)Error|NCCL WARN (?:NET\/|.*(?:fail|error|timed? ?out|unreachable))|ncclCommInitRank failed|socketStartConnect: Connect to .* failed|RuntimeError: Connection closed by peer|Gloo connectFullMesh failed|peer access is not supported between these two devices|GPU\(s\) .*peer access|gloo\/transport\/tcp|no socket interface found|nvshmem.*(?:[Ff]ailed|error)|\[c10d\] .*gai error)/,
  ),
  fatal(
    'nccl_interconnect',
    /(?:Watchdog caught collective operation timeout|collective operation timeout: WorkNCCL|DistStoreError: |DistNetworkError: (?!.*(?:EADDRINUSE|[Aa]ddress already in use))|client socket has (?:timed out|failed)|TCPStore.*(?:timed? ?out|failed to connect))/,
  ),
  // NVSHMEM's own transports: ibgda.cpp, init.cu.
  fatal(
    'nccl_interconnect',
    /(?:cannot allocate mlx5dv_\w+|nvshmem (?:setup connections|initialization) failed|non-zero status: \d+ nvshmem)/,
  ),
  // DeepEP, csrc/deep_ep.cpp and kernels: a rank that waits for the others in vain.
  fatal('hang_watchdog', /DeepEP (?:error: )?timeout/),
  // Scratch of attention over a prompt. Source: FlashInfer include/flashinfer/allocator.h.
  fatal(
    'oom_activation_prefill',
    /(?:Buffer overflow when allocating|Failed to allocate) memory for \w+ with size \d+ and alignment \d+/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /Unsupported [\w-]+ (?:prefill|decode|attention) configuration: /,
  ),
  fatal(
    'gpu_fault',
    /(?:an illegal memory access was encountered|device-side assert triggered|uncorrectable (?:ECC|NVLink) error|Xid \(PCI[^)]*\): (?<xid>\d+)|GPU has fallen off the bus|unspecified launch failure|CUDA error: misaligned address)/,
  ),
  cause(
    'tp_communication_bound',
    /(?:[Cc]ustom allreduce is disabled because|Custom allreduce is not supported|Setup Custom allreduce failed)/,
  ),
  note('gpu_name', /(?:Device name|Using device|GPU name): (?<gpu>(?:NVIDIA|AMD|Tesla)[^,;]*)/),
];
