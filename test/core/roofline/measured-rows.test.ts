import { describe, expect, it } from 'vitest';
import {
  decodeCeilingTokensPerS,
  decodeFloorMs,
  type Placement,
} from '../../../mcp-server/core/roofline/floors.ts';
import { gpuFacts } from '../../../mcp-server/core/roofline/gpus.ts';
import { bytesPerWeight, modelFacts } from '../../../mcp-server/core/roofline/models.ts';
import { MEASURED_ROWS, type MeasuredRow } from '../../../scripts/bench/simulator-rows.ts';

/** Null when: model or GPU is not in our tables. */
function placementOf(row: MeasuredRow): Placement | null {
  const id = /(?:vllm serve|--model-path)\s+(\S+)/.exec(row.command)?.[1] ?? '';
  const model = modelFacts(id);
  const gpu = gpuFacts(row.gpu.replace(/:\d+$/, ''));
  if (model === null || gpu === null) return null;
  const method = /--quantization\s+(\S+)/.exec(row.command)?.[1];
  const gpus = Number(
    /(?:--tensor-parallel-size|--tp-size|--tp)\s+(\d+)/.exec(row.command)?.[1] ?? 1,
  );
  const isKv8 = /--kv-cache-dtype\s+fp8/.test(row.command);
  return {
    model,
    gpu,
    gpus,
    weightBytesEach: method === undefined ? model.weightBytes : bytesPerWeight(method),
    kvBytesEach: isKv8 ? 1 : 2,
  };
}

const KNOWN = MEASURED_ROWS.flatMap((row) => {
  const placement = placementOf(row);
  return placement === null ? [] : [{ name: row.name, row, placement }];
});

describe('published measurements', () => {
  it('are nearly all of models and GPUs that we know', () => {
    expect(KNOWN.length).toBeGreaterThanOrEqual(0.8 * MEASURED_ROWS.length);
  });

  it.each(KNOWN.filter(({ row }) => row.tpotMs !== null))(
    '$name: time per token does not beat the floor',
    ({ row, placement }) => {
      const contexts = row.concurrency * (row.inputTokens + row.outputTokens / 2);
      // Those in flight that wait or prefill do not decode: the least is one sequence with the weights read once.
      const tokensPerS = row.tokensPerS === null || row.countsInput ? null : row.tokensPerS;
      const decoding =
        tokensPerS === null || row.tpotMs === null
          ? 1
          : Math.min(1, (tokensPerS * row.tpotMs) / 1000 / row.concurrency);
      expect(row.tpotMs).toBeGreaterThanOrEqual(
        decodeFloorMs(placement, contexts * decoding).floorMs * (tokensPerS === null ? 0.999 : 1),
      );
    },
  );

  it.each(KNOWN.filter(({ row }) => row.tokensPerS !== null))(
    '$name: throughput does not beat the ceiling',
    ({ row, placement }) => {
      const share = row.countsInput ? row.outputTokens / (row.inputTokens + row.outputTokens) : 1;
      const contextTokens = row.inputTokens + row.outputTokens / 2;
      const ceiling = decodeCeilingTokensPerS(placement, { batch: row.concurrency, contextTokens });
      expect((row.tokensPerS ?? 0) * share).toBeLessThanOrEqual(ceiling);
    },
  );
});
