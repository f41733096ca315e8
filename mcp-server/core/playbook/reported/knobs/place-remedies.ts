import type { Remedy } from './remedy.ts';

/** Remedies of what stands around an engine. Source: texts of CUDA, NCCL, Hugging Face Hub, container runtimes; dstack docs. */
export const PLACE_REMEDIES: Readonly<Record<string, Remedy>> = {
  gpu_already_in_use: {
    fix: 'Free the GPU of the other process or take another GPU; a lower memory share only where both are to run.',
    knobs: {
      sglang: '--mem-fraction-static --base-gpu-id',
      vllm: '--gpu-memory-utilization',
      llamacpp: '--device --main-gpu',
    },
    others: 'CUDA_VISIBLE_DEVICES | other GPU processes',
  },
  model_download_or_auth: {
    fix: 'Give a token with access to the model, check its name, and fetch broken files again.',
    knobs: {
      sglang: '--model-path --download-dir --revision --load-format --trust-remote-code',
      vllm: '--download-dir --model --revision --load-format --tokenizer',
      llamacpp: '--hf-repo --hf-token --model --hf-file --offline',
    },
    others:
      'HF_TOKEN | HF_HOME | HF_ENDPOINT | HF_HUB_OFFLINE | model path | model file | https_proxy | engine version',
  },
  disk_full: {
    fix: 'Give the instance a larger disk or move the caches to a volume with room.',
    knobs: { sglang: '--download-dir', vllm: '--download-dir' },
    others: 'resources.disk | disk | HF_HOME | volumes | disk size | TMPDIR',
  },
  shm_or_ipc: {
    fix: 'Raise the container’s shared memory, or share the host’s.',
    knobs: { sglang: '--disable-custom-all-reduce', vllm: '--disable-custom-all-reduce' },
    others: '--shm-size | --ipc=host | emptyDir sizeLimit | resources.shm_size | NCCL_SHM_DISABLE',
  },
  nccl_interconnect: {
    fix: 'Name the right network interface, and switch off the transport between the GPUs that fails.',
    knobs: {
      sglang:
        'SGLANG_HOST_IP --disable-custom-all-reduce --dist-init-addr --enable-nccl-nvls --nnodes --tp-size',
      vllm: '--disable-custom-all-reduce --distributed-executor-backend --tensor-parallel-size --pipeline-parallel-size',
    },
    others:
      'NCCL_P2P_DISABLE | NCCL_SOCKET_IFNAME | GLOO_SOCKET_IFNAME | NCCL_IB_DISABLE | NCCL_DEBUG | VLLM_HOST_IP | NCCL version | --shm-size',
  },
  driver_or_cuda_mismatch: {
    fix: 'Bring driver, CUDA and the engine’s build to versions that fit each other.',
    knobs: {},
    others:
      'driver version | NVIDIA driver | image | image version | CUDA version | CUDA toolkit | engine version | torch version | LD_LIBRARY_PATH | package version | --gpus | sgl-kernel | flashinfer | CUDA_HOME',
  },
  unsupported_gpu_or_kernel: {
    fix: 'Choose a data type, backend or build that this GPU has kernels for.',
    knobs: {
      sglang:
        '--attention-backend --dtype --sampling-backend --kv-cache-dtype --quantization --moe-runner-backend --fp8-gemm-backend',
      vllm: '--dtype --attention-backend --kv-cache-dtype --quantization --moe-backend --mm-encoder-attn-backend',
      llamacpp: '--flash-attn --device --cache-type-k --n-gpu-layers',
    },
    others:
      'VLLM_ATTENTION_BACKEND | VLLM_USE_TRITON_FLASH_ATTN | engine version | TORCH_CUDA_ARCH_LIST | GPU | GPU type | image | image version | CMAKE_CUDA_ARCHITECTURES',
  },
  tokenizer_or_template: {
    fix: 'Give the tokenizer and the chat template that belong to the model.',
    knobs: {
      sglang:
        '--chat-template --tokenizer-path --trust-remote-code --tool-call-parser --reasoning-parser --skip-tokenizer-init',
      vllm: '--chat-template --tokenizer --tokenizer-mode --trust-remote-code --tool-call-parser --reasoning-parser --chat-template-content-format --enable-auto-tool-choice',
      llamacpp: '--chat-template --chat-template-file --jinja --reasoning-format',
    },
    others: 'transformers version | model files | engine version | GGUF conversion',
  },
  quantization_mismatch: {
    fix: 'Choose quantisation and parallel size so that they fit the checkpoint’s own blocks and data type.',
    knobs: {
      sglang:
        '--quantization --tp-size --tp --dtype --kv-cache-dtype --load-format --moe-runner-backend',
      vllm: '--quantization --tensor-parallel-size --dtype --kv-cache-dtype --load-format',
      llamacpp: '--cache-type-k --cache-type-v --flash-attn --model',
    },
    others: 'engine version | checkpoint',
    never: '--ep-size --enable-expert-parallel',
  },
  port_conflict: {
    fix: 'Listen on a free port, or end the server that holds this one.',
    knobs: {
      sglang: '--port --nccl-port --dist-init-addr --host --disaggregation-bootstrap-port',
      vllm: '--port --host --master-port --data-parallel-rpc-port',
      llamacpp: '--port --host',
    },
    others:
      'VLLM_PORT | MASTER_PORT | ports | other processes | VLLM_NIXL_SIDE_CHANNEL_PORT | ip_local_port_range',
  },
  hang_watchdog: {
    fix: 'Rule out the collective and the last risky setting first, and give slow compiles a longer watchdog.',
    knobs: {
      sglang:
        '--watchdog-timeout --disable-custom-all-reduce --disable-overlap-schedule --attention-backend --grammar-backend --enable-nccl-nvls --speculative-algorithm --dist-timeout',
      vllm: '--disable-custom-all-reduce --distributed-executor-backend --no-async-scheduling --structured-outputs-config --guided-decoding-backend --speculative-config --enforce-eager',
      llamacpp: '--parallel --timeout --no-cont-batching --threads --ctx-size --n-predict',
    },
    others:
      'NCCL_P2P_DISABLE | engine version | VLLM_ENGINE_ITERATION_TIMEOUT_S | NCCL_DEBUG | VLLM_RPC_TIMEOUT | NCCL version',
  },
  no_capacity: {
    fix: 'Allow more regions, backends or GPU types and a higher price, or wait and retry.',
    knobs: {},
    others:
      'regions backends max_price spot_policy resources.gpu fleets retry quota resources nodes instance_types resources.accelerators',
  },
  image_pull_failure: {
    fix: 'Check the image’s name and tag and give the puller credentials that it really uses.',
    knobs: {},
    others:
      'image | registry_auth | dstack version | imagePullSecrets | image tag | disk | docker login',
  },
  spot_interruption: {
    fix: 'Take on-demand instances, or retry on interruption and keep the state on a volume.',
    knobs: {},
    others:
      'spot_policy retry on-demand volumes checkpoints use_spot base_ondemand_fallback_replicas',
  },
  instance_unreachable: {
    fix: 'Check network, keys and firewall of the instance, and replace it when it does not answer.',
    knobs: {},
    others:
      'ssh_config | retry | network | firewall | fleet | identity_file | dstack version | proxy_jump | regions | security group | instance | ssh | gateway',
  },
};
