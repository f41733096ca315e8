import { canonicalJson } from '../contract/canonical-json.ts';
import { WorkloadSpec } from '../workload/workload.ts';
import type { DatasetFormat, DatasetRow } from './row.ts';

/** Completion length where neither file nor caller tells one. Source: vLLM's serving benchmark, custom dataset. */
const DEFAULT_OUTPUT_TOKENS = 256;

export interface DatasetWorkload {
  readonly workload: WorkloadSpec;
  readonly rows: readonly DatasetRow[];
}

/** The workload that sends the first `count` rows, in order, and the rows with their lengths decided. */
export function datasetWorkload(
  rows: readonly DatasetRow[],
  how: {
    readonly format: DatasetFormat;
    readonly count: number;
    /** Null: as recorded. */
    readonly outputTokens: number | null;
    readonly exactOutput: boolean;
    readonly api: WorkloadSpec['api'];
    readonly text: WorkloadSpec['text'];
    readonly hash: (text: string) => string;
  },
): DatasetWorkload {
  const used = rows.slice(0, how.count).map((row) => ({
    ...row,
    outTokens: how.outputTokens ?? row.outTokens ?? DEFAULT_OUTPUT_TOKENS,
  }));
  const workload = WorkloadSpec.parse({
    id: `dataset-${how.format}`,
    api: how.api,
    text: how.text,
    exactOutput: how.exactOutput,
    components: [
      {
        inputTokens: rangeOf(used.map((row) => row.inTokens ?? 1)),
        outputTokens: rangeOf(used.map((row) => row.outTokens)),
      },
    ],
    dataset: { format: how.format, rows: used.length, sha256: how.hash(canonicalJson(used)) },
  });
  return { workload, rows: used };
}

function rangeOf(values: readonly number[]): { readonly min: number; readonly max: number } {
  return {
    min: values.reduce((least, value) => Math.min(least, value), Infinity),
    max: values.reduce((most, value) => Math.max(most, value), 1),
  };
}
