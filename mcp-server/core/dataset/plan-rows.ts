import type { PlannedRequest } from '../workload/planned-request.ts';
import { promptWords } from '../workload/prompt-text.ts';
import type { TokenCalibration } from '../workload/token-calibration.ts';
import type { WorkloadSpec } from '../workload/workload.ts';
import { BLOCK_TOKENS } from './read-row.ts';
import type { DatasetRow } from './row.ts';

/** Imported requests as they will be sent, in the file's order; from the first again when more are asked for. */
export function planRows(
  rows: readonly DatasetRow[],
  how: {
    readonly count: number;
    readonly workload: WorkloadSpec;
    readonly calibration: TokenCalibration;
  },
): readonly PlannedRequest[] {
  const seenBlocks = new Set<number>();
  return Array.from({ length: how.count }, (_, index) => {
    const row = rows[index % rows.length];
    if (row === undefined) throw new RangeError('a dataset has at least one row');
    const prompt = row.prompt ?? blockText(row, how) ?? '';
    return {
      index,
      prompt: row.messages !== null && how.workload.api === 'completions' ? joined(row) : prompt,
      inputTokens: row.inTokens ?? 1,
      outputTokens: row.outTokens ?? 1,
      sharedTokens: index >= rows.length ? (row.inTokens ?? 1) : sharedTokens(row, seenBlocks),
      messages: row.messages,
      turn: null,
      params: row.params,
    };
  });
}

function joined(row: DatasetRow): string {
  return (row.messages ?? [])
    .map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)))
    .join('\n');
}

/** Text of recorded blocks: equal ids give equal words, so that caches see the recorded sharing. */
function blockText(
  row: DatasetRow,
  how: { readonly workload: WorkloadSpec; readonly calibration: TokenCalibration },
): string | null {
  if (row.prefixBlocks === null) return null;
  const { tokensPerWord, overheadTokens } = how.calibration;
  const total = Math.max(1, Math.round(((row.inTokens ?? 1) - overheadTokens) / tokensPerWord));
  const perBlock = Math.round(BLOCK_TOKENS / tokensPerWord);
  const words = row.prefixBlocks.flatMap((id, place) => {
    const count = Math.max(0, Math.min(perBlock, total - place * perBlock));
    return promptWords(how.workload.text, perBlock, ['block', id]).slice(0, count);
  });
  return words.join(' ');
}

/** Tokens of the leading blocks that an earlier request had; marks this one's as seen. */
function sharedTokens(row: DatasetRow, seen: Set<number>): number {
  const blocks = row.prefixBlocks ?? [];
  const fresh = blocks.findIndex((id) => !seen.has(id));
  const known = fresh === -1 ? blocks.length : fresh;
  for (const id of blocks) seen.add(id);
  return Math.min(row.inTokens ?? 0, known * BLOCK_TOKENS);
}
