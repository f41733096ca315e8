import { type Command, InvalidArgumentError } from 'commander';
import { ConfigError, LoadError } from '../core/errors.ts';
import { renderBenchTable, toBenchReport } from '../core/metrics/bench-report.ts';
import { summarise } from '../core/metrics/summarise.ts';
import type { MeasurementSummary } from '../core/metrics/summary.ts';
import { normaliseBaseUrl } from '../core/workload/base-url.ts';
import type { RequestRecord } from '../core/workload/request-record.ts';
import { type LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';
import type { LoadGenerator, LoadProgress, LoadRequest } from '../ports/load-generator.ts';
import { saveResult } from './bench-save.ts';

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
}

interface BenchOptions {
  readonly model: string;
  readonly concurrency: number;
  readonly numPrompts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requestRate?: number;
  readonly apiKeyEnv?: string;
  readonly seed?: number;
  readonly text: 'random-words' | 'natural';
  readonly ignoreEos: boolean;
  readonly warmup: boolean;
  readonly timeout: number;
  readonly stallTimeout: number;
  readonly json?: boolean;
  readonly saveResult?: string;
}

function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  };
}

function positive(text: string): number {
  const value = text === 'inf' ? Infinity : Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0, or inf.');
}

function textKind(text: string): BenchOptions['text'] {
  if (text === 'random-words' || text === 'natural') return text;
  throw new InvalidArgumentError('Expected random-words or natural.');
}

/** `autodebug bench <base-url>`: loads any OpenAI-compatible endpoint and prints what a client saw. */
export function registerBench(program: Command, deps: BenchDeps): void {
  const command = program
    .command('bench')
    .description('load an OpenAI-compatible endpoint and print what the client saw')
    .argument('<base-url>', 'root of the service, with or without /v1');
  command
    .requiredOption('--model <name>', 'model name as the service knows it')
    .option('--max-concurrency, --concurrency <n>', 'requests in flight', integer(1), 16)
    .option('--num-prompts <n>', 'measured requests', integer(1), 200)
    .option('--random-input-len, --input-tokens <n>', 'prompt length', integer(1), 512)
    .option('--random-output-len, --output-tokens <n>', 'completion length', integer(1), 128)
    .option('--request-rate <r>', 'open loop: Poisson arrivals per second', positive)
    .option('--api-key-env <name>', 'environment variable that holds the bearer token')
    .option('--seed <n>', 'seed of the prompts; default: another one each time', integer(0))
    .option('--text <kind>', 'random-words or natural', textKind, 'random-words')
    .option('--no-ignore-eos', 'let answers end where the model ends them')
    .option('--no-warmup', 'measure from the first request on')
    .option('--timeout <s>', 'longest run in seconds', positive, 3600)
    .option('--stall-timeout <s>', 'longest silence of one stream in seconds', positive, 120)
    .option('--save-result <file>', 'also write the result in the shape of vLLM’s result files')
    .option('--json', 'print one JSON object and nothing else on standard output')
    .action((baseUrl: string, options: BenchOptions) => {
      const capGiven = command.getOptionValueSource('concurrency') !== 'default';
      return bench(deps, { baseUrl, options, capGiven });
    });
}

interface BenchArgs {
  readonly baseUrl: string;
  readonly options: BenchOptions;
  /** True when the caller named a concurrency: it then also caps an open loop. */
  readonly capGiven: boolean;
}

async function bench(deps: BenchDeps, args: BenchArgs): Promise<void> {
  const request = toRequest(deps, args);
  const progress = createProgressLine(deps);
  const outcome = await runOrReport(deps, request, progress.show);
  progress.end();
  const { loadPoint } = request;
  const summary = summarise(outcome.records, { loadPoint, slo: [] });
  for (const note of outcome.notes) deps.writeError(`note: ${note}\n`);
  print(deps, args, summary);
  await saveResult(deps, args.options.saveResult, { request, summary });
  if (deps.signal.aborted) deps.setExitCode(130);
  else deps.setExitCode(summary.completed === 0 ? 1 : 0);
}

function print(deps: BenchDeps, args: BenchArgs, summary: MeasurementSummary): void {
  if (args.options.json === true) {
    deps.write(`${JSON.stringify(toBenchReport(summary))}\n`);
    return;
  }
  deps.write(`${renderBenchTable(summary)}\n`);
}

function toRequest(deps: BenchDeps, args: BenchArgs): LoadRequest {
  const { options } = args;
  return {
    baseUrl: normaliseBaseUrl(args.baseUrl),
    model: options.model,
    headers: authHeaders(deps, options.apiKeyEnv),
    workload: WorkloadSpec.parse({
      id: 'bench',
      text: options.text,
      exactOutput: options.ignoreEos,
      components: [{ inputTokens: options.inputTokens, outputTokens: options.outputTokens }],
    }),
    loadPoint: toLoadPoint(args),
    seed: options.seed ?? deps.nowMs() % 2 ** 31,
    repeat: 0,
    sampling: { temperature: 0 },
    extraBody: {},
    deadlineMs: options.timeout * 1000,
    stallMs: options.stallTimeout * 1000,
    warmup: options.warmup,
  };
}

function toLoadPoint({ options, capGiven }: BenchArgs): LoadPoint {
  const { concurrency, numPrompts: requests, requestRate } = options;
  if (requestRate === undefined || requestRate === Infinity) {
    return { kind: 'closed', concurrency, requests };
  }
  const cap = capGiven ? { maxConcurrency: concurrency } : {};
  return { kind: 'open', requestRatePerS: requestRate, requests, burstiness: 1, ...cap };
}

function authHeaders(deps: BenchDeps, name: string | undefined): Readonly<Record<string, string>> {
  if (name === undefined) return {};
  const key = deps.env[name];
  if (key !== undefined && key !== '') return { authorization: `Bearer ${key}` };
  throw new ConfigError(`The environment variable ${name.slice(0, 80)} is not set.`, {
    code: 'E_NO_KEY',
    fix: `Set it to the service's API key, or leave --api-key-env out.`,
  });
}

interface BenchOutcome {
  readonly records: readonly RequestRecord[];
  readonly notes: readonly string[];
}

/** An endpoint that cannot be reached is an answer too: nothing completed. */
async function runOrReport(
  deps: BenchDeps,
  request: LoadRequest,
  onProgress: (progress: LoadProgress) => void,
): Promise<BenchOutcome> {
  try {
    return await deps.load.run(request, { signal: deps.signal, onProgress });
  } catch (error) {
    if (!(error instanceof LoadError) || error.code !== 'E_ENDPOINT') throw error;
    return { records: [], notes: [error.toText()] };
  }
}

const LINES_NOT_MORE_THAN = 10;

/** One line on standard error: redrawn on a terminal, else at most ten lines a phase. */
function createProgressLine(deps: BenchDeps): {
  readonly show: (progress: LoadProgress) => void;
  readonly end: () => void;
} {
  let lastTenth = '';
  let isDrawn = false;
  return {
    show: ({ phase, completed, failed, total }) => {
      const text = `${phase} ${completed + failed}/${total}${failed === 0 ? '' : `, ${failed} failed`}`;
      if (deps.isTerminal) {
        isDrawn = true;
        deps.writeError(`\r${text.padEnd(60)}`);
        return;
      }
      const tenth = `${phase} ${Math.floor(((completed + failed) / total) * LINES_NOT_MORE_THAN)}`;
      if (tenth !== lastTenth) deps.writeError(`${text}\n`);
      lastTenth = tenth;
    },
    end: () => {
      if (isDrawn) deps.writeError('\n');
    },
  };
}
