type Direction = 'lower' | 'raise' | 'remove' | 'add' | 'set';

/** A knob and which way to turn it. */
export interface Change {
  readonly knob: string;
  readonly direction: Direction;
}

/** `raise: names of flags` of each class, parted by blanks. */
type Ways = Readonly<Partial<Record<Direction, string>>>;

const LESS_MEMORY = '--mem-fraction-static --gpu-memory-utilization';
const MORE_GPUS = '--tp-size --tensor-parallel-size --pipeline-parallel-size';
const BATCH = '--max-running-requests --max-num-seqs --parallel';
const CHUNK =
  '--chunked-prefill-size --max-prefill-tokens --max-num-batched-tokens --ubatch-size --batch-size';
const CONTEXT = '--context-length --max-model-len --ctx-size';
const GRAPHS = '--cuda-graph-max-bs --cuda-graph-max-bs-decode --max-cudagraph-capture-size';

/** Source: SGLang docs hyperparameter_tuning and faq, vLLM docs optimization and conserving_memory, llama.cpp server README. */
const WAYS: Readonly<Record<string, Ways>> = {
  kv_cache_too_small: {
    lower: `${CONTEXT} --max-num-seqs --parallel`,
    raise: `${LESS_MEMORY} ${MORE_GPUS}`,
    set: '--kv-cache-dtype --cache-type-k --cache-type-v',
    remove: '--num-gpu-blocks-override',
  },
  weights_do_not_fit: {
    raise: `${MORE_GPUS} --cpu-offload-gb --n-cpu-moe`,
    lower: `--n-gpu-layers ${CONTEXT}`,
    set: '--quantization',
  },
  oom_activation_prefill: {
    lower: `${CHUNK} ${LESS_MEMORY} ${BATCH} --max-model-len --ctx-size --limit-mm-per-prompt --n-gpu-layers`,
  },
  oom_cuda_graph_capture: {
    lower: `${GRAPHS} ${LESS_MEMORY} ${BATCH} --max-model-len --cudagraph-capture-sizes`,
  },
  oom_sampler_warmup: { lower: `${BATCH} ${LESS_MEMORY}` },
  oom_under_load: {
    lower: `${BATCH} ${LESS_MEMORY} ${CHUNK} ${GRAPHS} --ctx-size --cache-ram --n-gpu-layers`,
    raise: '--schedule-conservativeness',
  },
  context_too_long: { raise: `${CONTEXT} --max-total-tokens`, lower: 'max_tokens --parallel' },
  gpu_already_in_use: { lower: LESS_MEMORY, set: 'CUDA_VISIBLE_DEVICES --device --base-gpu-id' },
  quantization_mismatch: {
    lower: '--tp-size --tensor-parallel-size',
    set: '--quantization --dtype',
  },
  hang_watchdog: { raise: '--watchdog-timeout --timeout', add: '--disable-custom-all-reduce' },
  shm_or_ipc: { raise: '--shm-size resources.shm_size', add: '--ipc=host' },
  port_conflict: { set: '--port VLLM_PORT MASTER_PORT' },
  decode_eager_no_cuda_graph: {
    raise: GRAPHS,
    remove: '--enforce-eager --disable-cuda-graph',
    lower: BATCH,
  },
  batch_cap_binding: { raise: `${BATCH} ${GRAPHS} --max-mamba-cache-size --ctx-size` },
  admission_too_conservative: { lower: '--schedule-conservativeness max_new_tokens', raise: BATCH },
  kv_bound_queueing: {
    raise: `${LESS_MEMORY} ${MORE_GPUS} --ctx-size`,
    set: '--kv-cache-dtype --cache-type-k --cache-type-v',
    lower: '--max-model-len',
  },
  preemption_thrash: {
    raise: `--schedule-conservativeness ${LESS_MEMORY} ${MORE_GPUS}`,
    lower: `${BATCH} --max-num-batched-tokens`,
  },
  prefill_interference: {
    lower: `${CHUNK} --long-prefill-token-threshold`,
    add: '--enable-mixed-chunk --enable-chunked-prefill',
  },
  prefill_bound: {
    raise: `${CHUNK} ${MORE_GPUS} --n-gpu-layers`,
    set: '--quantization --flash-attn --attention-backend',
  },
  decode_bandwidth_bound: {
    raise: `${MORE_GPUS} --n-gpu-layers`,
    set: '--quantization --speculative-algorithm --speculative-config --model-draft --kv-cache-dtype',
  },
  cpu_or_frontend_bound: {
    raise: '--tokenizer-worker-num --api-server-count --stream-interval',
    set: '--threads --threads-batch --grammar-backend --structured-outputs-config',
    remove: '--disable-overlap-schedule',
  },
  detokenizer_bound: {
    raise: '--stream-interval --detokenizer-worker-num --api-server-count',
    add: '--skip-tokenizer-init',
  },
  tp_communication_bound: {
    lower: '--tp-size --tensor-parallel-size',
    raise: '--dp-size --data-parallel-size',
  },
  speculation_not_paying: {
    lower:
      '--speculative-num-steps --speculative-num-draft-tokens --speculative-eagle-topk num_speculative_tokens --num-speculative-tokens --draft-max --spec-draft-n-max',
    remove: '--speculative-algorithm --speculative-config --model-draft --spec-type',
  },
  layers_on_cpu: {
    raise: '--n-gpu-layers',
    remove: '--cpu-moe --cpu-offload-gb',
    lower: '--n-cpu-moe',
  },
  prefix_cache_miss: {
    remove: '--disable-radix-cache --no-enable-prefix-caching',
    add: '--enable-prefix-caching --swa-full --cache-prompt',
    raise: '--cache-reuse --cache-ram --parallel',
  },
  client_limited: {
    raise: '--max-concurrency --request-rate concurrency ulimit limit_per_host max_connections',
  },
};

/** Short names that launches use. Source: help texts of the engines. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  '-c': '--ctx-size',
  '-np': '--parallel',
  '-ngl': '--n-gpu-layers',
  '-ub': '--ubatch-size',
  '-b': '--batch-size',
  '-fa': '--flash-attn',
  '-t': '--threads',
  '-tp': '--tensor-parallel-size',
  '--tp': '--tp-size',
  '--dp': '--dp-size',
};

/** Which way to turn those knobs of a class that have a way. A flag is taken out only where the launch gives it. */
export function changesFor(
  cls: string,
  knobs: readonly string[],
  launch: string,
): readonly Change[] {
  const ways = Object.entries(WAYS[cls] ?? {});
  const isOut = (knob: string): boolean =>
    (cls === 'bad_flag_unknown' || cls === 'bad_flag_combination') && isGivenSwitch(knob, launch);
  return knobs.flatMap((knob): readonly Change[] => {
    if (isOut(knob)) return [{ knob, direction: 'remove' }];
    const name = LONG_NAMES[knob] ?? knob;
    const way = ways.find(([, names]) => names.split(' ').includes(name))?.[0];
    if (way === undefined || !isDirection(way)) return [];
    return way === 'remove' && !launch.includes(knob) ? [] : [{ knob, direction: way }];
  });
}

/** A switch of the launch that is refused can only go; a value may change. */
const isGivenSwitch = (knob: string, launch: string): boolean =>
  knob.startsWith('--') &&
  new RegExp(`(?:^|\\s)${knob.replaceAll('-', '\\-')}(?=\\s+-|\\s*$)`).test(launch);

/** What slows, splits or narrows a server by being set: it can be taken out only of what sets it. */
const IS_SWITCH = /^--(?:disable-|no-|enforce-eager|cpu-moe|num-gpu-blocks-override)/;

/** Whether a knob can be turned as its class asks: a switch to be taken out must be told of. */
export function isTurnable(cls: string, knob: string, told: string): boolean {
  const isOut = (WAYS[cls]?.remove ?? '').split(' ').includes(knob);
  if (!isOut || !IS_SWITCH.test(knob)) return true;
  const name = knob.slice(2);
  return told.includes(name) || told.includes(name.replaceAll('-', '_'));
}

const isDirection = (way: string): way is Direction =>
  ['lower', 'raise', 'remove', 'add', 'set'].includes(way);
