import { describe, expect, it } from 'vitest';
import {
  settingsInLog,
  unmetFlags,
} from '../../../mcp-server/core/telemetry/effective-settings.ts';
import { startupLines } from '../../../mcp-server/simulator/core/startup-lines.ts';
import { serviceConfig } from '../../simulator/configs.ts';

const USE = { kvTokens: 400_000 } as Parameters<typeof startupLines>[1];
/** What the simulated engine writes down for a launch, with a setting silently changed by the engine. */
function logOf(command: string, planted: Record<string, string | number | boolean> = {}): string {
  const config = serviceConfig(command);
  const effective = { ...config.effective, ...planted };
  return startupLines({ ...config, effective }, USE)
    .map((line) => line.render(0))
    .join('\n');
}
const told = (text: string) => [{ values: settingsInLog(text), evidenceId: 'e000001' }];
const SGLANG = 'python -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct';
const VLLM = 'vllm serve meta-llama/Llama-3.1-8B-Instruct';

describe('unmetFlags', () => {
  it('finds the setting that a simulated SGLang silently adjusted, and no other', () => {
    const asked = new Map([
      ['--stream-interval', '4'],
      ['--schedule-policy', 'lpm'],
      ['--enable-mixed-chunk', null],
    ]);
    const launch = `${SGLANG} --stream-interval 4 --schedule-policy lpm --enable-mixed-chunk`;
    expect(unmetFlags(asked, told(logOf(launch)))).toEqual([]);
    expect(unmetFlags(asked, told(logOf(launch, { schedule_policy: 'fcfs' })))).toEqual([
      {
        flag: '--schedule-policy',
        asked: 'lpm',
        found: 'fcfs',
        name: 'schedule_policy',
        evidenceId: 'e000001',
      },
    ]);
    const off = unmetFlags(asked, told(logOf(launch, { enable_mixed_chunk: false })));
    expect(off.map((one) => one.flag)).toEqual(['--enable-mixed-chunk']);
  });

  it('finds the setting that a simulated vLLM silently adjusted', () => {
    const asked = new Map<string, string | null>([
      ['--max-num-seqs', '512'],
      ['--async-scheduling', null],
    ]);
    const launch = `${VLLM} --max-num-seqs 512 --async-scheduling`;
    expect(unmetFlags(asked, told(logOf(launch)))).toEqual([]);
    const found = unmetFlags(
      asked,
      told(logOf(launch, { max_num_seqs: 256, async_scheduling: false })),
    );
    expect(found.map(({ flag, found: value }) => [flag, value])).toEqual([
      ['--max-num-seqs', '256'],
      ['--async-scheduling', 'false'],
    ]);
  });

  it('reads the configuration line of a real vLLM, under its own names', () => {
    const line =
      "(EngineCore pid=7) INFO 03-22 15:00:10 [core.py:93] Initializing a V1 LLM engine (v0.15.0) with config: model='m', dtype=torch.bfloat16, max_seq_len=8192, quantization=None, enforce_eager=True, kv_cache_dtype=auto";
    const asked = new Map<string, string | null>([
      ['--max-model-len', '16384'],
      ['--dtype', 'bfloat16'],
      ['--enforce-eager', null],
      ['--kv-cache-dtype', 'fp8'],
    ]);
    expect(unmetFlags(asked, told(line)).map(({ flag, found }) => [flag, found])).toEqual([
      ['--max-model-len', '8192'],
      ['--kv-cache-dtype', 'auto'],
    ]);
  });

  it('does not mind spelling, choices left to the engine, or what nobody tells', () => {
    const asked = new Map<string, string | null>([
      ['--mem-fraction-static', '0.80'],
      ['--attention-backend', 'auto'],
      ['--model-path', '/models/a'],
      ['--never-told', '1'],
    ]);
    const values = new Map([
      ['mem_fraction_static', '0.8'],
      ['attention_backend', 'fa3'],
      ['model_path', 'a'],
    ]);
    expect(unmetFlags(asked, [{ values, evidenceId: 'e000001' }])).toEqual([]);
  });

  it('believes what the engine answers before what it logged', () => {
    const asked = new Map([['--max-running-requests', '64']]);
    const answer = { values: new Map([['max_running_requests', '64']]), evidenceId: 'e000001' };
    const logged = { values: new Map([['max_running_requests', '32']]), evidenceId: 'e000002' };
    expect(unmetFlags(asked, [answer, logged])).toEqual([]);
    expect(unmetFlags(asked, [logged])).toHaveLength(1);
  });
});
