import { datasetWorkload } from '../core/dataset/dataset-workload.ts';
import { parseDataset } from '../core/dataset/parse-dataset.ts';
import type { DatasetRow } from '../core/dataset/row.ts';
import { rampMeanRatePerS, traceRatePerS } from '../core/workload/arrivals.ts';
import { type LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';
import type { BenchOptions } from './bench-options.ts';
import { usage } from './bench-usage.ts';

export interface BenchSource {
  readonly workload: WorkloadSpec;
  readonly rows?: readonly DatasetRow[];
}

export interface BenchArgs {
  readonly baseUrl: string;
  readonly options: BenchOptions;
  /** True for an option that the caller wrote. */
  readonly isGiven: (option: keyof BenchOptions) => boolean;
}

/**
 * The requests: made, or imported from a file.
 * Throws: InvalidInputError `E_DATASET` that names every malformed row by its line, `E_USAGE`.
 */
export async function benchSource(
  { options, isGiven }: BenchArgs,
  deps: {
    readonly readText: (path: string) => Promise<string>;
    readonly hash: (text: string) => string;
  },
): Promise<BenchSource> {
  const { datasetName: format, datasetPath: path } = options;
  if (options.tokenizePrompt === true && (format !== 'random' || apiOf(options) === 'chat')) {
    throw usage('--tokenize-prompt needs prompts of ours and --endpoint /v1/completions');
  }
  if (format === 'random') {
    if (path !== undefined) throw usage('--dataset-path needs the --dataset-name of its format');
    return { workload: madeWorkload(options) };
  }
  if (path === undefined) throw usage(`--dataset-name ${format} needs a --dataset-path`);
  const rows = parseDataset(await deps.readText(path), { format, name: path });
  return datasetWorkload(rows, {
    format,
    count: isGiven('numPrompts') ? options.numPrompts : rows.length,
    outputTokens: isGiven('outputTokens') ? options.outputTokens : null,
    exactOutput: options.ignoreEos,
    api: apiOf(options),
    text: options.text,
    hash: deps.hash,
  });
}

const apiOf = ({ endpoint }: BenchOptions): WorkloadSpec['api'] =>
  endpoint === '/v1/completions' ? 'completions' : 'chat';

function madeWorkload(options: BenchOptions): WorkloadSpec {
  const { randomPrefixLen: prefix, randomRangeRatio: range } = options;
  return WorkloadSpec.parse({
    id: 'bench',
    api: apiOf(options),
    text: options.text,
    exactOutput: options.ignoreEos,
    ...(options.tokenizePrompt === true ? { tokenIds: true } : {}),
    components: [
      {
        inputTokens: around(options.inputTokens, range, prefix),
        outputTokens: around(options.outputTokens, range, 0),
        sharedPrefixTokens: prefix,
      },
    ],
  });
}

/** A length, or uniform lengths about it, behind a prefix. Source: `vllm bench serve --random-range-ratio`, which draws from [L(1 - r), L(1 + r)]. */
function around(length: number, range: number, prefix: number): number | object {
  if (range === 0) return prefix + length;
  return {
    min: prefix + Math.max(1, Math.floor(length * (1 - range))),
    max: prefix + Math.ceil(length * (1 + range)),
  };
}

/** How fast. Throws: InvalidInputError `E_USAGE` for options that contradict each other. */
export function benchLoadPoint(args: BenchArgs, source: BenchSource): LoadPoint {
  const { options, isGiven } = args;
  const requests = requestCount(args, source);
  const cap = isGiven('concurrency') ? { maxConcurrency: options.concurrency } : {};
  const timed = traceForm(options, source, requests) ?? rampForm(options);
  if (timed !== null) return { kind: 'open', requests, burstiness: 1, ...timed, ...cap };
  const { requestRate } = options;
  if (requestRate === undefined || requestRate === Infinity) {
    return { kind: 'closed', concurrency: options.concurrency, requests };
  }
  const form =
    options.burstiness === Infinity
      ? { burstiness: 1, pattern: { kind: 'constant' as const } }
      : { burstiness: Math.min(100, options.burstiness) };
  return { kind: 'open', requestRatePerS: requestRate, requests, ...form, ...cap };
}

function requestCount({ options, isGiven }: BenchArgs, { rows }: BenchSource): number {
  if (rows === undefined || isGiven('numPrompts')) return options.numPrompts;
  return rows.length;
}

type OpenForm = Pick<Extract<LoadPoint, { kind: 'open' }>, 'requestRatePerS' | 'pattern'>;

function traceForm(
  options: BenchOptions,
  { rows }: BenchSource,
  requests: number,
): OpenForm | null {
  if (options.useTraceTimestamps !== true) return null;
  const timesMs = (rows ?? []).flatMap((row) => (row.tMs === null ? [] : [row.tMs]));
  const requestRatePerS = traceRatePerS(timesMs, requests, options.slowdownFactor);
  if (timesMs.length < requests || requestRatePerS === null) {
    throw usage('--use-trace-timestamps needs a dataset that tells when each request came');
  }
  return { requestRatePerS, pattern: { kind: 'trace', timesMs } };
}

function rampForm(options: BenchOptions): OpenForm | null {
  const { rampUpStrategy: curve, rampUpStartRps: from, rampUpEndRps: to } = options;
  if (curve === undefined) return null;
  if (from === undefined || to === undefined) {
    throw usage('--ramp-up-strategy needs --ramp-up-start-rps and --ramp-up-end-rps');
  }
  return {
    requestRatePerS: rampMeanRatePerS({ from, to, curve }),
    pattern: { kind: 'ramp', from, to, curve },
  };
}
