import { set, switchOn } from '../rule.ts';
import { lowerFraction } from '../values.ts';
import type { CrashFacts } from './crashes.ts';

const START = 'the deployment gets ready';
const NOT_TUNING = 'the next deployment gets past this line; nothing to tune';
/** A slower path that needs no peer access. */
const PLAIN_ALL_REDUCE = {
  sglang: [switchOn('--disable-custom-all-reduce')],
  vllm: [switchOn('--disable-custom-all-reduce')],
};

/** Crashes of settings, environment and infrastructure; most of them are nothing to tune. */
export const OTHER_CRASHES: readonly CrashFacts[] = [
  {
    cause: 'gpu_already_in_use',
    title: 'Something else holds the GPU’s memory',
    knobs: { vllm: [set('--gpu-memory-utilization', lowerFraction)] },
    expected: START,
    confirmBy: 'free memory at start is near the card’s total',
    source: 'vLLM worker text',
  },
  {
    cause: 'context_too_long',
    title: 'Requests or settings are longer than the model’s context',
    expected: NOT_TUNING,
    confirmBy: 'no request is refused for its length',
    source: 'SGLang and vLLM validation texts',
  },
  {
    cause: 'bad_flag_unknown',
    title: 'This version does not know a flag of the launch',
    expected: START,
    confirmBy: 'the engine parses its arguments',
    source: 'argparse',
  },
  {
    cause: 'bad_flag_value',
    title: 'A flag has a value that this version refuses',
    expected: START,
    confirmBy: 'the engine parses its arguments',
    source: 'argparse, pydantic',
  },
  {
    cause: 'bad_flag_combination',
    title: 'Two settings exclude each other',
    expected: START,
    confirmBy: 'the engine gets past its configuration check',
    source: 'SGLang server_args.py; vLLM config',
  },
  {
    cause: 'quantization_mismatch',
    title: 'Quantisation, split or data type do not fit the weights',
    expected: START,
    confirmBy: 'weights are loaded',
    source: 'SGLang and vLLM quantization layers',
  },
  {
    cause: 'unsupported_gpu_or_kernel',
    title: 'The GPU or build lacks a kernel that was asked for',
    knobs: { sglang: [set('--attention-backend', 'triton')], vllm: [set('--dtype', 'float16')] },
    expected: START,
    confirmBy: 'the first forward pass succeeds',
    source: 'PyTorch, vLLM platforms, SGLang kernels',
  },
  {
    cause: 'tokenizer_or_template',
    title: 'The tokenizer or the chat template cannot be used',
    expected: NOT_TUNING,
    confirmBy: 'a chat request is answered',
    source: 'transformers, Jinja texts',
  },
  {
    cause: 'model_download_or_auth',
    title: 'The model could not be fetched',
    expected: NOT_TUNING,
    confirmBy: 'weights are loaded',
    source: 'huggingface_hub texts',
  },
  {
    cause: 'disk_full',
    title: 'The disk is full',
    expected: NOT_TUNING,
    confirmBy: 'the download ends',
    source: 'errno 28',
  },
  {
    cause: 'shm_or_ipc',
    title: 'Shared memory of the container is too small or forbidden',
    expected: START,
    confirmBy: 'ranks connect to each other',
    source: 'NCCL texts',
  },
  {
    cause: 'nccl_interconnect',
    title: 'GPUs cannot talk to each other',
    knobs: PLAIN_ALL_REDUCE,
    expected: START,
    confirmBy: 'ranks connect to each other',
    source: 'NCCL texts',
  },
  {
    cause: 'driver_or_cuda_mismatch',
    title: 'Driver and CUDA build do not fit each other',
    expected: NOT_TUNING,
    confirmBy: 'CUDA starts',
    source: 'CUDA texts',
  },
  {
    cause: 'port_conflict',
    title: 'The port is taken',
    expected: NOT_TUNING,
    confirmBy: 'the server listens',
    source: 'errno 98',
  },
  {
    cause: 'hang_watchdog',
    title: 'The engine hung and its watchdog ended it',
    knobs: PLAIN_ALL_REDUCE,
    expected: 'no hang; not a gain in speed',
    confirmBy: 'no watchdog line in a run of the same load',
    source: 'SGLang watchdog text; SGLang #1148',
  },
  {
    cause: 'host_out_of_memory',
    title: 'The machine’s own memory ran out',
    expected: START,
    confirmBy: 'no kill by the system',
    source: 'Linux oom killer',
  },
  {
    cause: 'no_capacity',
    title: 'The cloud has no such hardware now',
    expected: NOT_TUNING,
    confirmBy: 'an instance is provisioned',
    source: 'dstack termination reasons',
  },
  {
    cause: 'image_pull_failure',
    title: 'The image could not be pulled',
    expected: NOT_TUNING,
    confirmBy: 'the container starts',
    source: 'containerd, kubelet texts',
  },
  {
    cause: 'spot_interruption',
    title: 'The spot instance was taken away',
    expected: NOT_TUNING,
    confirmBy: 'the next instance lives',
    source: 'dstack termination reasons',
  },
  {
    cause: 'instance_unreachable',
    title: 'The instance cannot be reached',
    expected: NOT_TUNING,
    confirmBy: 'the instance answers',
    source: 'dstack termination reasons',
  },
];
