import { type Command, InvalidArgumentError, Option } from 'commander';
import { DATASET_FORMATS, type DatasetFormat } from '../core/dataset/row.ts';
import { addSamplingOptions, type SamplingOptions } from './bench-sampling.ts';

/** What the bench command is asked for. Names follow `vllm bench serve` where the meaning is the same. */
export interface BenchOptions extends SamplingOptions {
  readonly baseUrl?: string;
  readonly endpoint: '/v1/chat/completions' | '/v1/completions';
  readonly model: string;
  readonly servedModelName?: string;
  readonly concurrency: number;
  readonly numPrompts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly randomPrefixLen: number;
  readonly randomRangeRatio: number;
  readonly requestRate?: number;
  readonly burstiness: number;
  readonly rampUpStrategy?: 'linear' | 'exponential';
  readonly rampUpStartRps?: number;
  readonly rampUpEndRps?: number;
  readonly datasetName: 'random' | DatasetFormat;
  readonly datasetPath?: string;
  readonly useTraceTimestamps?: boolean;
  readonly slowdownFactor: number;
  readonly goodput?: readonly string[];
  readonly sloQuantile: 'mean' | 'p50' | 'p90' | 'p95' | 'p99';
  readonly find?: 'max_rate' | 'max_concurrency';
  readonly seed?: number;
  readonly text: 'random-words' | 'natural';
  readonly tokenizePrompt?: boolean;
  readonly ignoreEos: boolean;
  readonly warmup: boolean;
  readonly traps?: boolean;
  readonly timeout: number;
  readonly stallTimeout: number;
  /** True: under the name that vLLM would choose. */
  readonly saveResult?: string | true;
  readonly resultDir?: string;
  readonly resultFilename?: string;
  readonly metadata?: readonly string[];
  readonly json?: boolean;
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

function ratio(text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to below 1.');
}

const choice = (flags: string, about: string, values: readonly string[]): Option =>
  new Option(flags, about).choices(values);

/** Adds the options of the bench command. */
export function addBenchOptions(command: Command): void {
  command
    .requiredOption('--model <name>', 'model name as the service knows it')
    .option('--served-model-name <name>', 'the name to ask for, where it is another one')
    .option('--base-url <url>', 'instead of the argument')
    .addOption(
      choice('--endpoint <path>', 'which API is asked', [
        '/v1/chat/completions',
        '/v1/completions',
      ]).default('/v1/chat/completions'),
    )
    .option('--max-concurrency, --concurrency <n>', 'requests in flight', integer(1), 16)
    .option('--num-prompts <n>', 'measured requests', integer(1), 200)
    .option('--random-input-len, --input-tokens <n>', 'prompt length', integer(1), 512)
    .option('--random-output-len, --output-tokens <n>', 'completion length', integer(1), 128)
    .option('--random-prefix-len <n>', 'tokens before it that all share', integer(0), 0)
    .option('--random-range-ratio <r>', 'lengths from (1 - r) to (1 + r) of these', ratio, 0);
  addArrivalOptions(command);
  addDatasetOptions(command);
  addRunOptions(command);
  addSamplingOptions(command);
  addResultOptions(command);
}

function addRunOptions(command: Command): void {
  command
    .option('--goodput <metric:ms...>', 'service level: ttft:500 tbot:50 (tpot, e2el)')
    .addOption(
      choice('--slo-quantile <q>', 'quantile that the service level holds for', [
        'mean',
        'p50',
        'p90',
        'p95',
        'p99',
      ]).default('p95'),
    )
    .addOption(
      choice('--find <what>', 'search the most that meets --goodput', [
        'max_rate',
        'max_concurrency',
      ]),
    )
    .option('--seed <n>', 'seed of the prompts; default: another one each time', integer(0))
    .addOption(
      choice('--text <kind>', 'random-words or natural', ['random-words', 'natural']).default(
        'random-words',
      ),
    )
    .option(
      '--tokenize-prompt',
      'send prompts as token ids of the service’s own tokenizer (with --endpoint /v1/completions)',
    )
    .option('--ignore-eos', 'exactly the completion length that was asked for', true)
    .option('--no-ignore-eos', 'let answers end where the model ends them')
    .option('--no-warmup', 'measure from the first request on')
    .option('--traps', 'repeat one prompt in ten, to catch answers that come from a cache')
    .option('--timeout <s>', 'longest run in seconds', positive, 3600)
    .option('--stall-timeout <s>', 'longest silence of one stream in seconds', positive, 120)
    .option('--json', 'print one JSON object and nothing else on standard output');
}

function addResultOptions(command: Command): void {
  command
    .option('--save-result [file]', 'also write the result in the shape of vLLM’s result files')
    .option('--result-dir <folder>', 'where it goes')
    .option('--result-filename <file>', 'and under which name')
    .option('--metadata <key=value...>', 'kept in it');
}

function addArrivalOptions(command: Command): void {
  command
    .option('--request-rate <r>', 'open loop: Poisson arrivals per second', positive)
    .option('--burstiness <b>', 'gamma shape of the gaps; inf: all alike', positive, 1)
    .addOption(
      choice('--ramp-up-strategy <s>', 'let the rate rise or fall over the run', [
        'linear',
        'exponential',
      ]),
    )
    .option('--ramp-up-start-rps <r>', 'rate at the start of the ramp', positive)
    .option('--ramp-up-end-rps <r>', 'rate at its end', positive);
}

function addDatasetOptions(command: Command): void {
  command
    .addOption(
      choice('--dataset-name <name>', 'where the requests come from', [
        'random',
        ...DATASET_FORMATS,
      ]).default('random'),
    )
    .option('--dataset-path <file>', 'file of the dataset')
    .option('--use-trace-timestamps', 'send at the recorded times')
    .option('--slowdown-factor <f>', 'stretches the recorded times', positive, 1);
}
