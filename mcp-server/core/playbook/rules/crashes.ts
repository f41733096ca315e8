import type { EngineId } from '../../ledger/vocabulary.ts';
import { short } from '../fact.ts';
import type { Observation } from '../observation.ts';
import { type Knob, set } from '../rule.ts';
import {
  graphCeiling,
  higherFraction,
  lowerFraction,
  smallerChunk,
  smallerRunning,
} from '../values.ts';

/** One crash class: what it means and which flags address it. */
export interface CrashFacts {
  readonly cause: string;
  readonly title: string;
  readonly knobs?: Readonly<Partial<Record<EngineId, readonly Knob[]>>>;
  readonly expected: string;
  readonly confirmBy: string;
  readonly source: string;
}

/** The limit that the engine itself names, rounded down to a hundred. Null when: it names none. */
function lengthNamedInLog(o: Observation): string | null {
  for (const event of o.log?.events ?? []) {
    const named = Number(event.values['maxModelLength'] ?? Number.NaN);
    if (named >= 100) return String(Math.floor(named / 100) * 100);
  }
  return null;
}

/** Never below what the contract needs. */
function contextThatFits(o: Observation): string | null {
  const named = lengthNamedInLog(o);
  if (named !== null) return Number(named) >= o.minContextTokens ? named : null;
  return o.minContextTokens > 0 ? String(o.minContextTokens) : null;
}

const halfGraphs = (o: Observation): string | null => {
  const ceiling = graphCeiling(o);
  return ceiling === null ? '16' : short(Math.max(8, Number(ceiling) / 2));
};

const fewerSequences = (o: Observation): string => smallerRunning(o) ?? '256';

const START = 'the deployment gets ready';

/** What each crash class means and which flags address it. Source per row: the engines' own texts and their documentation. */
export const MEMORY_CRASHES: readonly CrashFacts[] = [
  {
    cause: 'weights_do_not_fit',
    title: 'Weights leave no memory for the KV cache',
    knobs: {
      sglang: [set('--mem-fraction-static', higherFraction), set('--quantization', 'fp8')],
      vllm: [set('--gpu-memory-utilization', higherFraction), set('--quantization', 'fp8')],
    },
    expected: START,
    confirmBy: 'the log shows a KV capacity above 0',
    source: 'SGLang docs faq; vLLM docs conserving_memory',
  },
  {
    cause: 'kv_cache_too_small',
    title: 'The KV cache cannot hold one request of the model’s full length',
    knobs: {
      sglang: [
        set('--context-length', contextThatFits),
        set('--mem-fraction-static', higherFraction),
      ],
      vllm: [
        set('--max-model-len', contextThatFits),
        set('--gpu-memory-utilization', higherFraction),
      ],
      llamacpp: [set('--ctx-size', contextThatFits)],
    },
    expected: START,
    confirmBy: 'the log shows a KV capacity of at least one full request',
    source: 'vLLM kv_cache_utils.py text; vLLM docs conserving_memory',
  },
  {
    cause: 'oom_activation_prefill',
    title: 'Activations of a prefill do not fit beside weights and KV cache',
    knobs: {
      sglang: [
        set('--chunked-prefill-size', smallerChunk),
        set('--mem-fraction-static', lowerFraction),
      ],
      vllm: [
        set('--max-num-batched-tokens', smallerChunk),
        set('--gpu-memory-utilization', lowerFraction),
      ],
    },
    expected: 'no out-of-memory under long prompts; TTFT slightly higher',
    confirmBy: 'no out-of-memory line in a run with the longest prompts',
    source: 'SGLang docs hyperparameter_tuning, faq; vLLM docs conserving_memory',
  },
  {
    cause: 'oom_cuda_graph_capture',
    title: 'Capturing CUDA graphs runs out of memory',
    knobs: {
      sglang: [
        set('--mem-fraction-static', lowerFraction),
        set(['--cuda-graph-max-bs-decode', '--cuda-graph-max-bs'], halfGraphs),
      ],
      vllm: [
        set('--gpu-memory-utilization', lowerFraction),
        set('--max-cudagraph-capture-size', halfGraphs),
        set('--max-num-seqs', smallerRunning),
      ],
    },
    expected: START,
    confirmBy: 'the log shows the end of graph capture',
    source: 'SGLang cuda_graph_runner text; vLLM docs conserving_memory',
  },
  {
    cause: 'oom_sampler_warmup',
    title: 'The sampler’s warm-up with the full batch runs out of memory',
    knobs: {
      vllm: [set('--max-num-seqs', fewerSequences), set('--gpu-memory-utilization', lowerFraction)],
    },
    expected: START,
    confirmBy: 'the log shows the end of the warm-up',
    source: 'vLLM gpu_model_runner.py text',
  },
  {
    cause: 'oom_under_load',
    title: 'Memory runs out under load',
    knobs: {
      sglang: [
        set('--max-running-requests', smallerRunning),
        set('--mem-fraction-static', lowerFraction),
      ],
      vllm: [set('--max-num-seqs', smallerRunning), set('--gpu-memory-utilization', lowerFraction)],
      llamacpp: [set('--parallel', smallerRunning)],
    },
    expected: 'no crash under load; more requests wait',
    confirmBy: 'no out-of-memory line in a run of the same load',
    source: 'SGLang docs hyperparameter_tuning, faq; vLLM docs conserving_memory',
  },
];
