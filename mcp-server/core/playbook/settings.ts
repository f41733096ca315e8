import type { EngineId } from '../ledger/vocabulary.ts';
import { unmetFlags } from '../telemetry/effective-settings.ts';
import type { Fact } from './fact.ts';
import type { Observation } from './observation.ts';

export type SettingKey =
  | 'maxRunning'
  | 'chunk'
  | 'prefillBatch'
  | 'memoryFraction'
  | 'conservativeness'
  | 'graphMaxBatch'
  | 'contextLength'
  | 'kvDtype'
  | 'quantization'
  | 'dtype'
  | 'tensorParallel'
  | 'dataParallel'
  | 'pipelineParallel'
  | 'threads'
  | 'threadsBatch'
  | 'batch'
  | 'microBatch'
  | 'speculation'
  | 'draftTokens';

interface Names {
  readonly flags: readonly string[];
  /** Name in the engine's own answer about itself, and in its log events. */
  readonly effective: readonly string[];
  readonly logValue: string | null;
}

const n = (
  flags: readonly string[],
  effective: readonly string[] = [],
  logValue: string | null = null,
): Names => ({
  flags,
  effective,
  logValue,
});

/** Where each engine tells a setting. Source: SGLang server_args.py, vLLM EngineArgs, llama.cpp common/arg.cpp. */
const NAMES: Readonly<Record<EngineId, Readonly<Partial<Record<SettingKey, Names>>>>> = {
  sglang: {
    maxRunning: n(['--max-running-requests'], ['max_running_requests'], 'maxRunning'),
    chunk: n(['--chunked-prefill-size'], ['chunked_prefill_size'], 'chunk'),
    prefillBatch: n(['--max-prefill-tokens'], ['max_prefill_tokens']),
    memoryFraction: n(['--mem-fraction-static'], ['mem_fraction_static']),
    conservativeness: n(['--schedule-conservativeness'], ['schedule_conservativeness']),
    graphMaxBatch: n(
      ['--cuda-graph-max-bs-decode', '--cuda-graph-max-bs'],
      ['cuda_graph_max_bs_decode', 'cuda_graph_max_bs'],
    ),
    contextLength: n(['--context-length'], ['context_length', 'context_len'], 'contextLength'),
    kvDtype: n(['--kv-cache-dtype'], ['kv_cache_dtype']),
    quantization: n(['--quantization'], ['quantization']),
    dtype: n(['--dtype'], ['dtype']),
    tensorParallel: n(['--tp-size', '--tensor-parallel-size', '--tp'], ['tp_size']),
    dataParallel: n(['--dp-size', '--data-parallel-size', '--dp'], ['dp_size']),
    pipelineParallel: n(['--pp-size', '--pipeline-parallel-size'], ['pp_size']),
    speculation: n(['--speculative-algorithm'], ['speculative_algorithm']),
    draftTokens: n(['--speculative-num-draft-tokens'], ['speculative_num_draft_tokens']),
  },
  vllm: {
    maxRunning: n(['--max-num-seqs'], ['max_num_seqs']),
    chunk: n(['--max-num-batched-tokens'], ['max_num_batched_tokens'], 'budget'),
    memoryFraction: n(['--gpu-memory-utilization'], ['gpu_memory_utilization']),
    graphMaxBatch: n(['--max-cudagraph-capture-size'], ['max_cudagraph_capture_size']),
    contextLength: n(['--max-model-len'], ['max_model_len'], 'contextLength'),
    kvDtype: n(['--kv-cache-dtype'], ['kv_cache_dtype', 'cache_dtype']),
    quantization: n(['--quantization'], ['quantization']),
    dtype: n(['--dtype'], ['dtype']),
    tensorParallel: n(['--tensor-parallel-size'], ['tensor_parallel_size']),
    dataParallel: n(['--data-parallel-size'], ['data_parallel_size']),
    pipelineParallel: n(['--pipeline-parallel-size'], ['pipeline_parallel_size']),
    speculation: n(['--speculative-config'], ['speculative_config']),
  },
  llamacpp: {
    maxRunning: n(['--parallel'], ['total_slots', 'n_parallel'], 'slots'),
    threads: n(['--threads'], ['n_threads'], 'threads'),
    threadsBatch: n(['--threads-batch'], ['n_threads_batch'], 'threadsBatch'),
    batch: n(['--batch-size'], ['n_batch']),
    microBatch: n(['--ubatch-size'], ['n_ubatch']),
    contextLength: n(['--ctx-size'], ['n_ctx'], 'contextLength'),
    kvDtype: n(['--cache-type-k'], ['cache_type_k']),
  },
};

export interface Setting {
  readonly text: string;
  /** Null when: it is no number. */
  readonly value: number | null;
  readonly fact: Fact;
}

/** A setting in force: what the engine answers or logs of itself, else the launch. Null when: nothing tells (a default). */
export function settingOf(o: Observation, key: SettingKey): Setting | null {
  const names = NAMES[o.engine][key];
  if (names === undefined) return null;
  return fromEffective(o, names) ?? fromLog(o, names) ?? fromLaunch(o, names);
}

function fromEffective(o: Observation, names: Names): Setting | null {
  for (const { values, evidenceId } of o.effective ?? []) {
    for (const name of names.effective) {
      const text = values.get(name);
      if (text !== undefined && !/^(?:null|None|)$/.test(text)) {
        return asSetting(text, { name, evidenceId });
      }
    }
  }
  return null;
}

function fromLog(o: Observation, names: Names): Setting | null {
  if (names.logValue === null || o.log === null) return null;
  for (const event of o.log.events) {
    const text = event.values[names.logValue];
    if (text !== undefined && text !== 'None') {
      return asSetting(text, {
        name: `log line ${event.lineNumber}`,
        evidenceId: o.log.evidenceId,
      });
    }
  }
  return null;
}

function fromLaunch(o: Observation, names: Names): Setting | null {
  for (const flag of names.flags) {
    const text = o.requested.get(flag);
    if (text !== undefined && text !== null)
      return asSetting(text, { name: flag, evidenceId: null });
  }
  return null;
}

function asSetting(
  text: string,
  where: { readonly name: string; readonly evidenceId: string | null },
): Setting {
  const number = Number(text.replaceAll(',', ''));
  return {
    text,
    value: text.trim() === '' || Number.isNaN(number) ? null : number,
    fact: { ...where, value: text.slice(0, 200) },
  };
}

/** What the engine tells under a name of its own. Undefined when: nobody tells it. */
export function toldOf(o: Observation, name: string): string | undefined {
  return o.effective?.find(({ values }) => values.has(name))?.values.get(name);
}

/** Flags of a setting, newest first. */
export function flagsOf(engine: EngineId, key: SettingKey): readonly string[] {
  return NAMES[engine][key]?.flags ?? [];
}

/** Settings that were asked for and are not in force, as the engine answers or logs them. */
export function unmetSettings(
  o: Observation,
): readonly { readonly flag: string; readonly asked: string; readonly fact: Fact }[] {
  return unmetFlags(o.requested, o.effective ?? []).map(
    ({ flag, asked, found, name, evidenceId }) => ({
      flag,
      asked,
      fact: { name, value: found, evidenceId },
    }),
  );
}
