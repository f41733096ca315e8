import { describe, expect, it } from 'vitest';
import { simulateRow } from '../../scripts/bench/simulator.ts';
import { MEASURED_ROWS } from '../../scripts/bench/simulator-rows.ts';

/** A spread of engines, GPUs and precisions that runs in a second or two. */
const NAMES = [
  '8B H100 TensorRT-LLM 1024/512 c=32',
  '70B fp8 TP4 H100 vLLM 1024/1024 c=4',
  '70B fp8 TP4 H100 vLLM 8192/1024 c=16',
  'Qwen3-32B TP4 H100 vLLM 1024/512 c=8',
  '8B H100 vLLM chat, max_num_seqs 8',
  '70B TP4 H100 vLLM chat, max_num_seqs 8',
  '8B L40S vLLM 256/256 c=16',
  '8B RTX 4090 vLLM 60/512 c=8',
];

describe('step times against published measurements', () => {
  it.each(NAMES)('the TPOT of %s is near the published one', (name) => {
    const row = MEASURED_ROWS.find((one) => one.name === name);
    if (row === undefined) throw new Error(`no row ${name}`);
    const { tpotMs } = simulateRow(row);
    expect(Math.abs(tpotMs / (row.tpotMs ?? 0) - 1)).toBeLessThan(0.2);
  });
});
