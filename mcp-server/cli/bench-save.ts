import { ConfigError } from '../core/errors.ts';
import { type SavedRun, toVllmResult } from '../core/interchange/write-vllm.ts';
import { cleanText } from '../core/redact.ts';
import type { BenchOptions } from './bench-options.ts';
import { keyValue } from './bench-sampling.ts';

export interface SaveDeps {
  readonly nowMs: () => number;
  /** Writes a file that the caller named. Rejects: the place cannot be written. */
  readonly saveFile: (path: string, text: string) => Promise<void>;
}

type SaveOptions = Pick<BenchOptions, 'saveResult' | 'resultDir' | 'resultFilename' | 'metadata'>;

/** Writes a run in the shape of vLLM's result files, where that was asked for. Throws: ConfigError `E_SAVE_RESULT`. */
export async function saveResult(
  deps: SaveDeps,
  options: SaveOptions,
  run: Pick<SavedRun, 'summary' | 'request'>,
): Promise<void> {
  if (options.saveResult === undefined && options.resultFilename === undefined) return;
  const metadata = (options.metadata ?? []).map((text) => keyValue('--metadata', text));
  const result = toVllmResult({ ...run, savedAtMs: deps.nowMs() });
  const path = resultPath(options, run.request, String(result['date']));
  try {
    await deps.saveFile(
      path,
      `${JSON.stringify({ ...Object.fromEntries(metadata), ...result })}\n`,
    );
  } catch (cause) {
    throw new ConfigError(`The result could not be written to ${cleanText(path, 200)}.`, {
      code: 'E_SAVE_RESULT',
      fix: 'Name a file in a folder that exists and may be written.',
      cause,
    });
  }
}

/** The file that was named, or vLLM's own pattern of rate, concurrency, model and date. */
function resultPath(
  { saveResult: given, resultDir, resultFilename }: SaveOptions,
  { loadPoint, model }: SavedRun['request'],
  date: string,
): string {
  const rate = loadPoint.kind === 'open' ? loadPoint.requestRatePerS : 'inf';
  const most = loadPoint.kind === 'closed' ? loadPoint.concurrency : loadPoint.maxConcurrency;
  const cap = most === undefined ? '' : `-concurrency${most}`;
  const name =
    model
      .split('/')
      .at(-1)
      ?.replace(/[^\w.-]/g, '_') ?? 'model';
  const pattern = `autodebug-${rate}qps${cap}-${name}-${date}.json`;
  const file = resultFilename ?? (typeof given === 'string' ? given : pattern);
  return resultDir === undefined ? file : `${resultDir}/${file}`;
}
