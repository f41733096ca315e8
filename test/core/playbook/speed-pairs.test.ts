import { describe, expect, it } from 'vitest';
import { diagnoseCase } from '../../../mcp-server/app/diagnose-case.ts';
import { readModel } from '../../../mcp-server/core/playbook/reported/words/learned.ts';
import {
  byRules,
  confidenceByRules,
  type Input,
  pairsOf,
  type Row,
  sureByRules,
} from './by-rules.ts';

const stats = (running: number, waiting: number, speed: string): string =>
  `INFO 03-22 15:00:10 [loggers.py:271] Engine 000: Avg prompt throughput: ${speed} tokens/s, Avg generation throughput: ${speed} tokens/s, Running: ${running} reqs, Waiting: ${waiting} reqs, GPU KV cache usage: 0.0%, Prefix cache hit rate: 0.0%`;

const ALONE =
  '[TP0] Decode batch. #running-req: 1, #token: 495, token usage: 0.00, gen throughput (token/s): 9.83, #queue-req: 0';

/** Reports of slow or silent servers that differ in the one thing that a reading is about. */
const ROWS: readonly Row[] = [
  [
    'a scheduler that runs nothing while requests wait',
    'hang_watchdog',
    'vllm',
    { log: [stats(0, 5, '0.0'), stats(0, 6, '0.0')].join('\n') },
    { log: [stats(4, 5, '90.0'), stats(4, 6, '90.0')].join('\n') },
  ],
  [
    'one request on layers that are split over machines',
    'tp_communication_bound',
    'sglang',
    { launch_command: 'sglang serve --tp 2 --nnodes 2', log: ALONE },
    { launch_command: 'sglang serve --pp-size 2 --nnodes 2', log: ALONE },
  ],
  [
    'a scheduler from which nothing comes any more',
    'hang_watchdog',
    'sglang',
    {
      log: "[2026-03-22 15:00:10] Health check failed. Server couldn't get a response from detokenizer for last 20 seconds. tic start time: 14:59:50. last_heartbeat time: 14:55:02",
    },
    { log: '[2026-03-22 15:00:10] INFO:     10.0.0.1:40022 - "GET /health HTTP/1.1" 200 OK' },
  ],
  [
    'a server that only a kill ends',
    'hang_watchdog',
    'llamacpp',
    { symptom: 'The task never released its slot, /slots does not answer, only kill -9 helps.' },
    { symptom: 'The slot is released after each task, and usage hangs around 50 %.' },
  ],
  [
    'cards whose paces are as their memories are',
    'decode_bandwidth_bound',
    'vllm',
    { benchmark: 'RTX A6000: 23 s\nRTX 4090: 17 s' },
    { benchmark: 'RTX A6000: 17 s\nRTX 4090: 17 s' },
  ],
  [
    'one stream that reads its weights as fast as the memory can',
    'decode_bandwidth_bound',
    'vllm',
    {
      gpu: 'DGX Spark (GB10)',
      model: 'Llama-3.3-70B-NVFP4',
      benchmark: 'one after another: 4.2 tok/s',
    },
    {
      gpu: 'DGX Spark (GB10)',
      model: 'Llama-3.3-70B-NVFP4',
      benchmark: 'one after another: 0.4 tok/s',
    },
  ],
  [
    'cores that cannot be filled',
    'decode_bandwidth_bound',
    'llamacpp',
    { symptom: 'While it answers the CPU usage is 50 % and I cannot get it to 100 %.' },
    { symptom: 'While it answers the CPU usage is 100 % on one core.' },
  ],
  [
    'weights that cross the bus',
    'layers_on_cpu',
    'vllm',
    { launch_command: 'vllm serve m --cpu-offload-gb 35', symptom: 'Slow.' },
    { launch_command: 'vllm serve m --cpu-offload-gb 0', symptom: 'Slow.' },
  ],
  [
    'layers that Ollama keeps off the card',
    'layers_on_cpu',
    'llamacpp',
    { log: 'msg=offload library=cuda layers.requested=-1 layers.model=37 layers.offload=20' },
    { log: 'msg=offload library=cuda layers.requested=-1 layers.model=37 layers.offload=37' },
  ],
  [
    'a slot that is emptied for a prompt which was to be kept',
    'prefix_cache_miss',
    'llamacpp',
    {
      symptom: 'With cache_prompt set the next call takes as long.',
      log: 'slot 0 : kv cache rm - [0, end)\nslot 0 : kv cache rm - [0, end)',
    },
    {
      symptom: 'With cache_prompt set the next call takes as long.',
      log: 'slot 0 : kv cache rm - [0, end)\nslot 0 : kv cache rm - [811, end)',
    },
  ],
  [
    'tools without the engine of templates',
    'tokenizer_or_template',
    'llamacpp',
    { log: '{"error":{"code":500,"message":"tool_choice param requires --jinja flag"}}' },
    { log: '{"error":{"code":500,"message":"prompt is empty"}}' },
  ],
  [
    'a library that was built without the card',
    'layers_on_cpu',
    'llamacpp',
    { log: 'AVX = 1 | FMA = 1 | BLAS = 0 | SSE3 = 1 |', symptom: 'Slow.' },
    { log: 'AVX = 1 | FMA = 1 | BLAS = 1 | SSE3 = 1 |', symptom: 'Slow.' },
  ],
  [
    'functions that make text of ids',
    'detokenizer_bound',
    'vllm',
    { log: 'INFO 06-03 llm_engine.py:611] detokenize_incrementally cost 0.0192 seconds' },
    { log: 'INFO 06-03 llm_engine.py:611] execute_model cost 0.0192 seconds' },
  ],
  [
    'a load generator that is what is short',
    'client_limited',
    'vllm',
    { symptom: 'The bench pod is at 100 % CPU, the server looks starved.' },
    { symptom: 'The API server is at 100 % CPU, the requests wait for it.' },
  ],
  [
    'a first request after which all others are quick',
    'cold_jit_in_window',
    'llamacpp',
    { symptom: 'The first query after a restart takes 8 seconds, all later ones come at once.' },
    { symptom: 'All queries take 8 seconds.' },
  ],
];

const PAIRS = pairsOf(ROWS);

const sure = (engine: string, input: Input): readonly string[] =>
  sureByRules(engine, input, (confidence) => confidence >= 0.5);
const confidenceOf = (engine: string, cls: string, input: Input): number =>
  confidenceByRules(engine, input, cls);

describe('what a report of a slow or silent server shows', () => {
  it.each(PAIRS)('$what is read as $cls', ({ cls, engine, fires }) => {
    expect(sure(engine, fires)[0]).toBe(cls);
  });

  it.each(PAIRS)('without $what nobody says $cls', ({ cls, engine, quiet }) => {
    expect(sure(engine, quiet)).not.toContain(cls);
  });

  it('takes a build with its switches for no compilation while it serves', () => {
    const built = 'Compiled with cmake -DGGML_CUDA=ON, and it is slow.';
    const served = 'Kernels are compiled while it serves, and it is slow.';
    const of = (symptom: string): number =>
      confidenceOf('llamacpp', 'cold_jit_in_window', { symptom });
    expect(of(built)).toBeLessThan(of(served) - 0.2);
  });

  it('blames no layers on the CPU where all are on the GPU', () => {
    const symptom = 'The GPU idles, slow.';
    const log = (layers: string): Input => ({
      symptom,
      log: `load_tensors: offloaded ${layers} layers to GPU`,
    });
    const of = (layers: string): number => confidenceOf('llamacpp', 'layers_on_cpu', log(layers));
    expect(of('33/33')).toBeLessThan(of('12/33') - 0.1);
  });

  it('names the build first where it has no GPU in it, and a flag where layers were left out', () => {
    const knobOf = (log: string): string | undefined =>
      byRules({
        engine: 'llamacpp',
        input: { log, launch_command: 'llama-server -ngl 12' },
      }).causes.find((cause) => cause.class === 'layers_on_cpu')?.knobs[0];
    expect(knobOf('warning: no usable GPU found, --gpu-layers option will be ignored')).toBe(
      'GGML_CUDA',
    );
    expect(knobOf('load_tensors: offloaded 12/33 layers to GPU')).toBe('--n-gpu-layers');
  });

  it('blames drafts less where they are accepted as ever', () => {
    const launch_command = 'vllm serve m --speculative-config {"method":"mtp"}';
    const of = (symptom: string): number =>
      confidenceOf('vllm', 'speculation_not_paying', { launch_command, symptom });
    expect(of('Acceptance is the same, each step is slower.')).toBeLessThan(
      of('Acceptance is low, each step is slower.') - 0.1,
    );
  });

  it('takes a tokenizer that counts a long text for no refusal', () => {
    const log =
      'Token indices sequence length is longer than the specified maximum sequence length for this model (20448 > 8192). Running this sequence through the model will result in indexing errors';
    expect(confidenceOf('vllm', 'context_too_long', { log })).toBeLessThan(0.5);
  });

  it('trusts words less in a log that complains of nothing', () => {
    const model = readModel(
      ['nccl_interconnect', 'port_conflict'],
      [0, 0],
      ['fabric 100 0:200 1:-200'],
    );
    const of = (end: string): number =>
      diagnoseCase(
        { engine: 'vllm', input: { log: `the fabric is up\n${end}` } },
        model,
      ).causes.find((cause) => cause.class === 'nccl_interconnect')?.confidence ?? 0;
    expect(of('Starting to load model')).toBeLessThan(of('Connection failed') - 0.05);
  });

  it('blames no step of decode that the report finds fine', () => {
    const launch_command = 'vllm serve m --enforce-eager';
    const of = (symptom: string): number =>
      confidenceOf('vllm', 'decode_eager_no_cuda_graph', { launch_command, symptom });
    expect(of('Decode is fine, first tokens are late.')).toBeLessThan(
      of('Decode is slow, first tokens are late.') - 0.1,
    );
  });

  it('takes no run for warm whose prompts no cache can know', () => {
    const benchmark = 'TTFT run 1: 900 ms\nTTFT run 2: 90 ms';
    const of = (symptom: string): number =>
      confidenceOf('sglang', 'warm_prefix_cache_in_benchmark', { benchmark, symptom });
    expect(of('The cache was flushed between runs.')).toBeLessThan(
      of('The cache was not flushed between runs.') - 0.1,
    );
  });

  it('takes no run for warm of whose prompts none was cached', () => {
    const prefill = (cached: number): string =>
      `[TP0] Prefill batch. #new-seq: 2, #new-token: 4096, #cached-token: ${cached}, token usage: 0.19, #running-req: 4, #queue-req: 0`;
    const of = (cached: number): number =>
      confidenceOf('sglang', 'warm_prefix_cache_in_benchmark', {
        benchmark: 'TTFT run 1: 900 ms\nTTFT run 2: 90 ms',
        log: Array.from({ length: 4 }, () => prefill(cached)).join('\n'),
      });
    expect(of(0)).toBeLessThan(of(9000) - 0.1);
  });

  it('offers a flag of the launch though later versions lack it', () => {
    const input = {
      launch_command: 'vllm serve m --speculative-model "[ngram]" --num-speculative-tokens 8',
      benchmark: 'without ngram: 485 tok/s\nwith ngram: 301 tok/s, slower',
    };
    const [first] = byRules({ engine: 'vllm', input }).causes;
    expect(first?.class).toBe('speculation_not_paying');
    expect(first?.knobs).toContain('--num-speculative-tokens');
  });
});
