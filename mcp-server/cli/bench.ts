import type { Command } from 'commander';
import { refuseWithoutSlo } from '../core/capacity/level.ts';
import { LoadError } from '../core/errors.ts';
import { renderBenchTable, toBenchReport } from '../core/metrics/bench-report.ts';
import { summarise } from '../core/metrics/summarise.ts';
import type { MeasurementSummary } from '../core/metrics/summary.ts';
import { findImplausible } from '../core/plausibility/find-implausible.ts';
import { trapPlaces } from '../core/plausibility/traps.ts';
import { normaliseBaseUrl } from '../core/workload/base-url.ts';
import type { PromptsSent } from '../core/workload/prompts-sent.ts';
import type { RequestRecord } from '../core/workload/request-record.ts';
import type { LoadGenerator, LoadProgress, LoadRequest } from '../ports/load-generator.ts';
import { findCapacity } from './bench-find.ts';
import { addBenchOptions, type BenchOptions } from './bench-options.ts';
import { createProgressLine } from './bench-progress.ts';
import { type BenchArgs, type BenchSource, benchLoadPoint, benchSource } from './bench-request.ts';
import { headers, sampling } from './bench-sampling.ts';
import { saveResult } from './bench-save.ts';
import { sloClauses } from './bench-slo.ts';
import { usage } from './bench-usage.ts';

export interface BenchDeps {
  readonly load: Pick<LoadGenerator, 'run'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
  /** Standard output: the table, or the one JSON object. */
  readonly write: (text: string) => void;
  /** Standard error: progress, notes, faults. */
  readonly writeError: (text: string) => void;
  /** True when standard error is a terminal, so that the progress line may be redrawn. */
  readonly isTerminal: boolean;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly setExitCode: (code: number) => void;
  /** Writes a file that the caller named. Rejects: the place cannot be written. */
  readonly saveFile: (path: string, text: string) => Promise<void>;
  /** Reads a dataset. Throws: InvalidInputError when it cannot. */
  readonly readText: (path: string) => Promise<string>;
  readonly hash: (text: string) => string;
}

/** `autodebug bench <base-url>`: loads any OpenAI-compatible endpoint and prints what a client saw. */
export function registerBench(program: Command, deps: BenchDeps): void {
  const command = program
    .command('bench')
    .description('load an OpenAI-compatible endpoint and print what the client saw')
    .argument('[base-url]', 'root of the service, with or without /v1');
  addBenchOptions(command);
  command.action((argument: string | undefined, options: BenchOptions) => {
    const baseUrl = argument ?? options.baseUrl;
    if (baseUrl === undefined) throw usage('The root of the service is missing');
    const isGiven = (option: keyof BenchOptions): boolean =>
      command.getOptionValueSource(option) === 'cli';
    return bench(deps, { baseUrl, options, isGiven });
  });
}

async function bench(deps: BenchDeps, args: BenchArgs): Promise<void> {
  const slo = sloClauses(args.options);
  if (args.options.find !== undefined) {
    refuseWithoutSlo(slo);
    if (args.options.saveResult !== undefined)
      throw usage('--save-result keeps one run, and --find makes many');
  }
  const source = await benchSource(args, deps);
  const request = toRequest(deps, args, source);
  if (args.options.find !== undefined) {
    await findCapacity(deps, { args, request, slo, find: args.options.find });
    return;
  }
  const progress = createProgressLine(deps);
  const outcome = await runOrReport(deps, request, progress.show);
  progress.end();
  const { loadPoint } = request;
  const summary = summarise(outcome.records, { loadPoint, slo });
  if (args.options.json !== true && outcome.prompts !== undefined) {
    deps.writeError(`${promptsLine(outcome.prompts)}\n`);
  }
  for (const note of [...outcome.notes, ...doubts(request, outcome, summary)]) {
    deps.writeError(`note: ${note}\n`);
  }
  print(deps, args, summary);
  await saveResult(deps, args.options, { request, summary });
  if (deps.signal.aborted) deps.setExitCode(130);
  else deps.setExitCode(summary.completed === 0 ? 1 : 0);
}

/** What was asked, so that two runs can be told to have asked the same. */
function promptsLine({ count, lengths, sizing, sha256 }: PromptsSent): string {
  const tokens = lengths === null ? '' : ` of ${lengths.min} to ${lengths.max} tokens`;
  return `prompts: ${count}${tokens} (${sizing}), sha256 ${sha256}`;
}

function print(deps: BenchDeps, args: BenchArgs, summary: MeasurementSummary): void {
  if (args.options.json === true) {
    deps.write(`${JSON.stringify(toBenchReport(summary))}\n`);
    return;
  }
  deps.write(`${renderBenchTable(summary)}\n`);
}

function toRequest(deps: BenchDeps, args: BenchArgs, source: BenchSource): LoadRequest {
  const { options } = args;
  return {
    baseUrl: normaliseBaseUrl(args.baseUrl),
    model: options.servedModelName ?? options.model,
    headers: headers(options, deps.env),
    workload: source.workload,
    rows: source.rows,
    loadPoint: benchLoadPoint(args, source),
    seed: options.seed ?? deps.nowMs() % 2 ** 31,
    repeat: 0,
    ...sampling(options),
    deadlineMs: options.timeout * 1000,
    stallMs: options.stallTimeout * 1000,
    warmup: options.warmup,
    traps: options.traps ?? false,
  };
}

interface BenchOutcome {
  readonly records: readonly RequestRecord[];
  readonly notes: readonly string[];
  readonly prompts?: PromptsSent | undefined;
  readonly eventsPerRead: number | null;
  readonly clientLagMs: number | null;
}

/** What cannot be true of the answers, as far as one run without a reference can tell. */
function doubts(
  request: LoadRequest,
  outcome: BenchOutcome,
  summary: MeasurementSummary,
): readonly string[] {
  const { traps, workload, loadPoint, seed } = request;
  return findImplausible({
    records: outcome.records,
    summary,
    exactOutput: workload.exactOutput,
    rttMs: null,
    eventsPerRead: outcome.eventsPerRead,
    clientLagMs: outcome.clientLagMs,
    wallMs: null,
    engine: null,
    floors: null,
    traps: traps === true ? trapPlaces(loadPoint.requests, seed) : [],
    service: null,
    reference: null,
    holdOut: null,
  }).map(({ name, detail }) => `implausible: ${name}: ${detail}`);
}

/** An endpoint that cannot be reached is an answer too: nothing completed. */
async function runOrReport(
  deps: BenchDeps,
  request: LoadRequest,
  onProgress: (progress: LoadProgress) => void,
): Promise<BenchOutcome> {
  try {
    const run = await deps.load.run(request, { signal: deps.signal, onProgress });
    const { eventsPerRead, loopLagP99Ms } = run.client;
    return { ...run, eventsPerRead, clientLagMs: loopLagP99Ms };
  } catch (error) {
    if (!(error instanceof LoadError) || error.code !== 'E_ENDPOINT') throw error;
    return { records: [], notes: [error.toText()], eventsPerRead: null, clientLagMs: null };
  }
}
