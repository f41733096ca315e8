import { type Command, InvalidArgumentError } from 'commander';
import { InvalidInputError } from '../core/errors.ts';
import { compareResults, type ResultComparison } from '../core/interchange/compare-results.ts';
import { parseMetricName } from '../core/interchange/metric-name.ts';
import { readResults } from '../core/interchange/read-results.ts';
import type { ResultRun } from '../core/interchange/result-run.ts';
import { describeProbability } from '../core/judge/describe-comparison.ts';
import { formatNumber } from '../core/judge/feasibility.ts';
import { DEFAULT_MIN_EFFECT_RATIO } from '../core/judge/gain.ts';
import { percent, signedPercent } from '../core/percent.ts';
import { cleanText } from '../core/redact.ts';

export interface CompareDeps {
  /** Text of a file, unpacked where it is gzip. Null when: it cannot be read. */
  readonly readFile: (path: string) => Promise<string | null>;
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

interface CompareOptions {
  readonly baseline: readonly string[];
  readonly candidate: readonly string[];
  readonly metric: string;
  readonly noiseSd?: number;
  readonly minEffect: number;
  readonly json?: boolean;
}

function ratio(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a relative number from 0 to below 1, e.g. 0.01.');
}

const HELP = `
Files: autodebug bench --json or --save-result, our stored request records (.jsonl, .jsonl.gz), vllm bench serve --save-result
and --append-result, SGLang bench_serving (.jsonl), AIPerf profile_export_aiperf.json, GuideLLM benchmarks.json.
Exit: 0 keep, tie or retest; 1 discard or invalid; 2 usage or a malformed file; 3 other definitions or workloads.`;

/** `autodebug compare`: the judge's verdict on result files that exist already. */
export function registerCompare(program: Command, deps: CompareDeps): void {
  program
    .command('compare')
    .description('judge result files of a candidate against those of a baseline')
    .requiredOption('--baseline <file...>', 'result files of the baseline, one a run')
    .requiredOption('--candidate <file...>', 'result files of the candidate, one a run')
    .option('--metric <name>', 'e.g. output_throughput, p95_ttft_ms', 'output_throughput')
    .option('--noise-sd <ratio>', 'relative sd of one run, where it is known', ratio)
    .option('--min-effect <ratio>', 'smallest gain worth having', ratio, DEFAULT_MIN_EFFECT_RATIO)
    .option('--json', 'print one JSON object and nothing else on standard output')
    .addHelpText('after', HELP)
    .action((options: CompareOptions) => compare(deps, options));
}

async function compare(deps: CompareDeps, options: CompareOptions): Promise<void> {
  const metric = parseMetricName(options.metric);
  const baseline = await readAll(deps, options.baseline);
  const candidate = await readAll(deps, options.candidate);
  const result = compareResults(
    { baseline, candidate, metric },
    { noiseSdRatio: options.noiseSd ?? null, minEffectRatio: options.minEffect },
  );
  deps.write(options.json === true ? `${JSON.stringify(result)}\n` : asText(result));
  const isBad = result.verdict === 'discard' || result.verdict === 'invalid';
  deps.setExitCode(isBad ? 1 : 0);
}

async function readAll(deps: CompareDeps, files: readonly string[]): Promise<ResultRun[]> {
  const runs: ResultRun[] = [];
  for (const file of files) {
    const text = await deps.readFile(file);
    if (text === null) {
      throw new InvalidInputError(`${cleanText(file, 300)} cannot be read.`, {
        code: 'E_RESULT_FILE',
        fix: 'Name a file that exists and may be read.',
      });
    }
    runs.push(...readResults(cleanText(file, 300), text));
  }
  return runs;
}

function asText(result: ResultComparison): string {
  const { deltaRatio, interval, probabilityBetter, noiseFloorRatio } = result;
  const rows = [
    ['metric', result.metric],
    ['baseline', formatNumber(result.baseline)],
    ['candidate', formatNumber(result.candidate)],
    ['change', deltaRatio === null ? '–' : signedPercent(deltaRatio, 2)],
    [
      '95 % interval',
      interval === null ? '–' : interval.map((end) => signedPercent(end, 2)).join(' to '),
    ],
    ['better with', probabilityBetter === null ? '–' : describeProbability(probabilityBetter)],
    ['noise floor', noiseFloorRatio === null ? '–' : percent(noiseFloorRatio, 2)],
    ['verdict', result.verdict],
  ];
  const table = rows.map(([name = '', value = '']) => `${name.padEnd(14)} ${value}`);
  return [...table, ...result.reasons.map((reason) => `- ${reason}`), ''].join('\n');
}
