import type { Distribution, MeasurementSummary } from '../metrics/summary.ts';
import type { LoadPoint, WorkloadSpec } from '../workload/workload.ts';

/** A run and what it was asked for. */
export interface SavedRun {
  readonly summary: MeasurementSummary;
  readonly request: {
    readonly model: string;
    readonly workload: WorkloadSpec;
    readonly loadPoint: LoadPoint;
  };
  readonly savedAtMs: number;
}

/**
 * A run in the shape of `vllm bench serve --save-result`, so that tools which read that can read ours. The numbers keep our
 * definitions, which `definition` says; `itl` holds the gaps between content events.
 */
export function toVllmResult(run: SavedRun): Record<string, unknown> {
  const { summary, request } = run;
  const { loadPoint, workload } = request;
  const backend = workload.api === 'chat' ? 'openai-chat' : 'openai';
  return {
    date: stampOf(run.savedAtMs),
    definition: 'autodebug',
    backend,
    endpoint_type: backend,
    label: null,
    model_id: request.model,
    tokenizer_id: null,
    num_prompts: loadPoint.requests,
    dataset_name: workload.dataset?.format ?? (workload.text === 'natural' ? 'natural' : 'random'),
    random_input_len: lengthOf(workload.components[0]?.inputTokens),
    random_output_len: lengthOf(workload.components[0]?.outputTokens),
    ...loadOf(loadPoint),
    duration: summary.durationMs / 1000,
    completed: summary.completed,
    failed: summary.failed,
    total_input_tokens: summary.inputTokens,
    total_output_tokens: summary.outputTokens,
    request_throughput: summary.requestsPerS ?? 0,
    request_goodput: summary.goodputRps,
    output_throughput: summary.outputTokensPerS ?? 0,
    total_token_throughput: summary.totalTokensPerS ?? 0,
    ...statisticsOf('ttft', summary.ttftMs),
    ...statisticsOf('tpot', summary.tbotMs),
    ...statisticsOf('itl', summary.iclMs),
    ...statisticsOf('e2el', summary.ttltMs),
  };
}

/** Null when: the length is drawn from a distribution. */
const lengthOf = (length: unknown): number | null => (typeof length === 'number' ? length : null);

function loadOf(point: LoadPoint): Record<string, unknown> {
  if (point.kind === 'closed') {
    return { request_rate: 'inf', burstiness: 1, max_concurrency: point.concurrency };
  }
  return {
    request_rate: point.requestRatePerS,
    burstiness: point.burstiness,
    max_concurrency: point.maxConcurrency ?? null,
  };
}

function statisticsOf(family: string, values: Distribution): Record<string, number | null> {
  return {
    [`mean_${family}_ms`]: values.mean,
    [`median_${family}_ms`]: values.p50,
    [`std_${family}_ms`]: values.sd,
    [`p90_${family}_ms`]: values.p90,
    [`p95_${family}_ms`]: values.p95,
    [`p99_${family}_ms`]: values.p99,
  };
}

/** YYYYMMDD-HHMMSS, as vLLM writes it; UTC. */
function stampOf(atMs: number): string {
  const [day = '', time = ''] = new Date(atMs).toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}`;
}
