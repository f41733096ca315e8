import {
  type BenchResult,
  benchMetrics,
  tokensPerRequest,
  ttftSamples,
  workloadOf,
} from './read-vllm.ts';
import type { RunFacts } from './result-run.ts';

const WORKLOAD_KEYS = [
  'dataset_name',
  'request_rate',
  'max_concurrency',
  'random_input_len',
  'random_output_len',
  'random_range_ratio',
] as const;

/** One line of SGLang's bench_serving. It tells no failures, and writes lengths of `random` whatever the data set is. */
export function readSglang(result: BenchResult): RunFacts {
  const dataset: unknown = result['dataset_name'];
  const isRandom = typeof dataset === 'string' && dataset.startsWith('random');
  const keys = WORKLOAD_KEYS.filter((key) => isRandom || !key.startsWith('random_'));
  const backend: unknown = result['backend'];
  const route = backend === 'sglang' ? 'native route' : 'OpenAI route';
  return {
    variants: typeof backend === 'string' ? { itl: route } : {},
    metrics: benchMetrics(result),
    samples: ttftSamples(result),
    completed: result.completed,
    failed: null,
    workload: {
      ...workloadOf(result, keys),
      completed: result.completed,
      ...tokensPerRequest(result),
    },
  };
}
