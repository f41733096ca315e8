import { describe, expect, it } from 'vitest';
import {
  settingsInLog,
  unmetFlags,
} from '../../../mcp-server/core/telemetry/effective-settings.ts';
import { startupLines } from '../../../mcp-server/simulator/core/startup-lines.ts';
import { recorded } from '../../recorded/recorded-files.ts';
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
/** What is asked for and told otherwise, as `<flag> <asked>: <name> is <found>`. */
const unmetOf = (asked: Record<string, string | null>, log: string): string[] =>
  unmetFlags(new Map(Object.entries(asked)), told(log)).map(
    (one) => `${one.flag} ${one.asked}: ${one.name} is ${one.found}`,
  );
/** Lines in the format of llama.cpp. Source: tools/server/server-context.cpp. */
const SLOTS_APART = `srv    load_model: initializing, n_slots = 4, n_ctx_slot = 8192, kv_unified = 'false'`;
const SLOTS_TOGETHER = `srv    load_model: initializing, n_slots = 4, n_ctx_slot = 32768, kv_unified = 'true'`;
const CAPPED = [
  'llama_context: n_ctx         = 65536',
  'srv    load_model: initializing slots, n_slots = 1',
  'srv    load_model: the slot context (65536) exceeds the training context of the model (40960) - capping',
  'slot   load_model: id  0 | task -1 | new slot, n_ctx = 40960',
].join('\n');
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

  it('reads what a recorded start of vLLM printed, arguments and configuration', () => {
    const log = recorded('vllm/serve-eager.log.txt');
    const launch = { '--enforce-eager': null, '--max-num-seqs': '8', '--load-format': 'dummy' };
    expect(unmetOf({ ...launch, '--max-model-len': '2k', '--dtype': 'bfloat16' }, log)).toEqual([
      '--max-model-len 2k: max_seq_len is 2048',
    ]);
    const other = { '--max-num-seqs': '256', '--dtype': 'half', '--max-model-len': '2K' };
    expect(unmetOf({ ...launch, ...other }, log)).toEqual([
      '--max-num-seqs 256: max_num_seqs is 8',
      '--dtype half: dtype is bfloat16',
    ]);
  });

  it('reads what a recorded start of llama.cpp printed', () => {
    const log = recorded('llamacpp/fault-context-too-long.log.txt');
    const launch = { '--threads': '1', '--parallel': '1', '--ctx-size': '256' };
    expect(unmetOf(launch, log)).toEqual([]);
    expect(unmetOf({ '--threads': '8', '--parallel': '4', '--ctx-size': '4096' }, log)).toEqual([
      '--threads 8: n_threads is 1',
      '--parallel 4: n_slots is 1',
      '--ctx-size 4096: n_ctx_slot is 256',
    ]);
  });

  it.each([
    ['shared by four slots', SLOTS_APART, '32768', []],
    ['shared by four slots, in part', SLOTS_APART, '65536', ['n_ctx_slot is 8192']],
    ['of all slots together', SLOTS_TOGETHER, '32768', []],
    ['rounded up to whole blocks', SLOTS_TOGETHER, '32700', []],
    ['cut to what the model was trained on', CAPPED, '65536', ['new slot, n_ctx is 40960']],
    ['left to the model', CAPPED, '0', []],
  ])('takes the context of llama.cpp as it is told: %s', (...[, log, asked, found]) => {
    const unmet = unmetOf({ '--ctx-size': asked }, log);
    expect(unmet).toEqual(found.map((text) => `--ctx-size ${asked}: ${text}`));
  });

  it('takes the settings of the model, not those of the draft model behind it', () => {
    const log = ['1024', '256'].map((n) => `llama_context: n_batch       = ${n}`).join('\n');
    expect(unmetOf({ '--batch-size': '1024' }, log)).toEqual([]);
    expect(unmetOf({ '--batch-size': '2048' }, log)).toEqual([
      '--batch-size 2048: n_batch is 1024',
    ]);
  });

  it('takes the share of one rank of SGLang for what was asked of all', () => {
    const log = [
      "[2026-03-22 15:00:00] server_args=ServerArgs(model_path='m', dp_size=2, cuda_graph_bs=[1, 2], chunked_prefill_size=4096, max_running_requests=512)",
      '[2026-03-22 15:01:00 DP0 TP0] max_total_num_tokens=400000, chunked_prefill_size=4096, max_prefill_tokens=16384, max_running_requests=200, context_len=8192',
    ].join('\n');
    const launch = { '--dp-size': '2', '--chunked-prefill-size': '8192', '--cuda-graph-bs': '1 2' };
    expect(unmetOf({ ...launch, '--max-running-requests': '400' }, log)).toEqual([]);
    expect(unmetOf({ ...launch, '--max-running-requests': '512' }, log)).toEqual([
      '--max-running-requests 512: max_running_requests is 200',
    ]);
  });

  it('does not mind spelling, choices left to the engine, or what nobody tells', () => {
    const asked = new Map<string, string | null>([
      ['--mem-fraction-static', '0.80'],
      ['--attention-backend', 'auto'],
      ['--model-path', '/models/a'],
      ['--tokenizer', '$TOKENIZER'],
      ['--never-told', '1'],
    ]);
    const values = new Map([
      ['mem_fraction_static', '0.8'],
      ['tokenizer', 'b'],
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
