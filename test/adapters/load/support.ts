import type { RunOptions } from '../../../mcp-server/adapters/load/run-load.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';
import type { LoadRequest } from '../../../mcp-server/ports/load-generator.ts';

export const SMALL = WorkloadSpec.parse({
  id: 'small',
  components: [{ inputTokens: 40, outputTokens: 12 }],
});

/** A small closed-loop run against a fake; change what the test is about. */
export function loadRequest(baseUrl: string, change: Partial<LoadRequest> = {}): LoadRequest {
  return {
    baseUrl,
    model: 'fake',
    headers: {},
    workload: SMALL,
    loadPoint: { kind: 'closed', concurrency: 2, requests: 6 },
    seed: 1,
    repeat: 0,
    sampling: { temperature: 0 },
    extraBody: {},
    deadlineMs: 20_000,
    stallMs: 2000,
    warmup: false,
    ...change,
  };
}

export function runOptions(change: Partial<RunOptions> = {}): RunOptions {
  return {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onMeasureStart: () => Promise.resolve(null),
    calibration: null,
    ...change,
  };
}
