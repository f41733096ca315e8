import { ConfigError } from '../core/errors.ts';
import { type SavedRun, toVllmResult } from '../core/interchange/write-vllm.ts';
import { cleanText } from '../core/redact.ts';

export interface SaveDeps {
  readonly nowMs: () => number;
  /** Writes a file that the caller named. Rejects: the place cannot be written. */
  readonly saveFile: (path: string, text: string) => Promise<void>;
}

/** Writes a run in the shape of vLLM's result files, where a place was named. Throws: ConfigError `E_SAVE_RESULT`. */
export async function saveResult(
  deps: SaveDeps,
  path: string | undefined,
  run: Omit<SavedRun, 'savedAtMs'>,
): Promise<void> {
  if (path === undefined) return;
  const result = toVllmResult({ ...run, savedAtMs: deps.nowMs() });
  try {
    await deps.saveFile(path, `${JSON.stringify(result)}\n`);
  } catch (cause) {
    throw new ConfigError(`The result could not be written to ${cleanText(path, 200)}.`, {
      code: 'E_SAVE_RESULT',
      fix: 'Name a file in a folder that exists and may be written.',
      cause,
    });
  }
}
