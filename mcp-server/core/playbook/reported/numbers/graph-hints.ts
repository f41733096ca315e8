import { type Hint, numbersOf, type Report } from '../report.ts';

const LISTED = /cudagraph_capture_sizes["']?[ :=]+\[([\d, ]+)\]/;
const MAX_SEQS = /--max[-_]num[-_]seqs[ =]+(\d+)/g;
const DRAFTS = /num_speculative_tokens\W{1,4}(\d+)/;
/** Fewer batches than this lie above the largest graph that is left: they hardly show. Source: own reasoning. */
const MARGIN = 1.2;

/**
 * Sizes above what a decode step can hold get no graph, so that a cap between two sizes leaves the batches above the
 * smaller one without. Source: vLLM v1/worker/gpu_model_runner.py, `uniform_decode_query_len`.
 */
export function droppedGraphs(report: Report): readonly Hint[] {
  const { launch_command: launch = '', log = '' } = report.input;
  const sizes = (LISTED.exec(log)?.[1] ?? '').split(',').map(Number);
  const drafts = Number(DRAFTS.exec(launch)?.[1] ?? 0);
  const tokens = Math.max(0, ...numbersOf(launch, MAX_SEQS)) * (1 + drafts);
  const covered = Math.max(0, ...sizes.filter((size) => size <= tokens));
  if (Math.max(...sizes) <= tokens || !(tokens > MARGIN * covered) || covered === 0) return [];
  const evidence = `graphs for decoding cover ${covered}, ${tokens} may run`;
  return [{ cls: 'decode_eager_no_cuda_graph', weight: 0.7, evidence }];
}
