import type { Sample } from '../../../telemetry/prometheus.ts';
import { type Report, wordsOf } from '../report.ts';

const IN_LAUNCH =
  /(?:--max-running-requests|--max-num-seqs|--max_num_seqs|--parallel|(?<![\w-])-np)[ =]+(\d+)/g;
const IN_LOG =
  /max_running_requests(?:=|: | is capped to | was reduced from requested \d+ to )(\d+)/g;
const IN_WORDS = /max[_-]running[_-]requests\D{0,40}(\d{3,})/g;
const IN_METRICS = /max_running_requests$/;

/** As files of stages and lines of arguments write it. Source: vLLM-Omni docs, stage configurations; vLLM's non-default args. */
const IN_FILE = /max_num_seqs["']?(?:=|: ?)(\d+)/g;

/** Caps of a report's log, be it of an engine or of a file that was pasted. */
export const loggedCaps = (report: Report): readonly number[] =>
  [...(report.input.log ?? '').slice(0, 200_000).matchAll(IN_FILE)]
    .map((found) => Number(found[1]))
    .filter((cap) => cap > 0);

/** Each rank of data parallelism gets its share of the launch's cap. Source: SGLang scheduler.py. */
const RANKS = /(?:--dp(?:-size)?|--data-parallel-size)[ =]+(\d+)/;
const ranksOf = (report: Report): number =>
  report.engine === 'sglang' ? Number(RANKS.exec(report.input.launch_command ?? '')?.[1] ?? 1) : 1;

/** The largest batch that may run, as launch, start-up lines or a scrape tell it. Null when: none does. */
export function batchCapOf(report: Report, scrape: readonly Sample[]): number | null {
  const numbers = (text: string | null | undefined, pattern: RegExp): readonly number[] =>
    [...(text ?? '').slice(0, 200_000).matchAll(pattern)].map((found) => Number(found[1]));
  const told = [
    ...numbers(report.input.launch_command, IN_LAUNCH).map((cap) =>
      Math.floor(cap / ranksOf(report)),
    ),
    ...numbers(report.input.log, IN_LOG),
    ...loggedCaps(report),
    ...numbers(report.input.symptom, IN_WORDS),
    ...scrape.filter(({ name }) => IN_METRICS.test(name)).map(({ value }) => value),
  ].filter((value) => value > 0);
  return told.length === 0 ? null : Math.min(...told);
}

const GRAPH_SIZE =
  /(?:cuda[-_]graph[-_]max[-_]bs(?:[-_]decode)?|max[-_]cudagraph[-_]capture[-_]size(?: to)?|largest captured[^\d\n]{0,20})[ =:]*(\d+)/gi;

/** Sizes as vLLM lists them. */
const GRAPH_SIZES = /cuda_?graph_(?:capture_sizes|batch_sizes|bs)["']?[ :=]+\[([\d, ]+)\]/gi;

/** The largest batch that graphs cover, as any text of the report tells it. Null when: none does. */
export function graphCapOf(report: Report): number | null {
  const { launch_command: launch, log, symptom, benchmark } = report.input;
  const text = [launch, symptom, benchmark, (log ?? '').slice(0, 50_000)].join('\n');
  const truncated = /Truncating max_cudagraph_capture_size to (\d+)/.exec(log ?? '')?.[1];
  if (truncated !== undefined) return Number(truncated);
  const listed = [...text.matchAll(GRAPH_SIZES)].flatMap((found) => (found[1] ?? '').split(','));
  const named = [...text.matchAll(GRAPH_SIZE)].map((found) => found[1]);
  const told = [...listed, ...named].map(Number).filter((size) => size > 0);
  return told.length === 0 ? null : Math.max(...told);
}

const REPLAYED = /\bcuda graph: True\b/;
const NOT_REPLAYED = /\b[Dd]ecode[^\n]*cuda graph: False\b/;

/** Decode lines say that they ran as graphs, and none says that it did not, be they pasted or told of. Source: SGLang scheduler metrics. */
export function ranAsGraphs(report: Report): boolean {
  const told = `${report.input.log ?? ''}\n${wordsOf(report)}`;
  return REPLAYED.test(told) && !NOT_REPLAYED.test(told);
}
