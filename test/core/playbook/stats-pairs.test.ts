import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, type Input, pairsOf, type Row } from './by-rules.ts';

const OOM = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 640.00 MiB.';
const statsAt = (made: number, kv: string): string =>
  `INFO [loggers.py:271] Engine 000: Avg prompt throughput: 9120.4 tokens/s, Avg generation throughput: ${made} tokens/s, Running: 2 reqs, Waiting: 1 reqs, GPU KV cache usage: ${kv}%\n${OOM}`;

const NO_KERNEL =
  'ValueError: Failed to find a kernel that can implement the WNA16 linear layer. Reasons:';
const REASON = 'MacheteLinearKernel cannot implement due to: only supports float16 activations';
const TOO_OLD = 'MacheteLinearKernel requires capability 90, current compute capability is 80';

const slots = (read: number): string =>
  `slot get_availabl: id  1 | task 9 | selected slot by LCP similarity, sim_best = 0.998 (> 0.100 thold)
slot get_availabl: id  0 | task 10 | selected slot by LRU, t_last = 381204411
slot update_slots: id  0 | task 10 | new prompt, n_ctx_slot = 262144, task.n_tokens = 146287
slot print_timing: id  0 | task 10 | prompt eval time =   79442.93 ms / ${read} tokens`;

const SIZES = 'INFO [vllm.py:754] cudagraph_capture_sizes: [1, 2, 4, 8, 16]';

/** Reports that differ in what the lines of one engine tell of how it stood. */
const ROWS: readonly Row[] = [
  [
    'memory that ends while a few long prompts are read',
    'oom_activation_prefill',
    'vllm',
    { log: statsAt(3.1, '22.8') },
    { log: statsAt(812.5, '22.8') },
  ],
  [
    'memory that ends in a prompt beside a pool with room',
    'oom_activation_prefill',
    'vllm',
    { log: statsAt(3.1, '22.8') },
    { log: statsAt(3.1, '97.2') },
  ],
  [
    'a layer that no kernel takes for its kind',
    'quantization_mismatch',
    'vllm',
    { log: `${NO_KERNEL}\n${REASON}` },
    { log: `${NO_KERNEL}\n${TOO_OLD}\n${REASON}` },
  ],
  [
    'nothing left for an answer',
    'context_too_long',
    'vllm',
    { log: 'openai.BadRequestError: max_tokens must be at least 1, got -186.' },
    { log: 'openai.BadRequestError: max_tokens must be at least 1, got 0.' },
  ],
  [
    'a long prompt that is read anew in another slot',
    'prefix_cache_miss',
    'llamacpp',
    { log: slots(146_287) },
    { log: slots(212) },
  ],
  [
    'a cap between two captured sizes',
    'decode_eager_no_cuda_graph',
    'vllm',
    { launch_command: 'vllm serve org/m --max-num-seqs 6', log: SIZES },
    { launch_command: 'vllm serve org/m --max-num-seqs 8', log: SIZES },
  ],
  [
    'a cap and drafts between two captured sizes',
    'decode_eager_no_cuda_graph',
    'vllm',
    {
      launch_command:
        'vllm serve org/m --max-num-seqs 2 --speculative-config {"num_speculative_tokens":2}',
      log: SIZES,
    },
    { launch_command: 'vllm serve org/m --max-num-seqs 2', log: SIZES },
  ],
  [
    'a short question behind a long document',
    'prefill_interference',
    'vllm',
    { symptom: 'A short question that arrives behind one of the long documents waits.' },
    { symptom: 'A short question that arrives alone is answered.' },
  ],
];

describe('what the lines of an engine tell of how it stood', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls first, and not where it is not so', (row) => {
    const first = (input: Input): string | undefined =>
      byRules({ engine: row.engine, input }).causes[0]?.class;
    expect(first(row.fires)).toBe(row.cls);
    expect(first(row.quiet)).not.toBe(row.cls);
  });

  it('a full pool counts for less where the words tell of room', () => {
    const of = (usage: string): number =>
      confidenceByRules(
        'vllm',
        { symptom: `Requests queue for the KV cache; vllm:kv_cache_usage_perc ${usage}.` },
        'kv_bound_queueing',
      );
    expect(of('0.18 to 0.27')).toBeLessThan(of('0.88 to 0.97') - 0.1);
  });

  it('a card that idles at the end of each step waits for the host', () => {
    const of = (when: string): number =>
      confidenceByRules(
        'vllm',
        { benchmark: `profile: the device idles about 7 ms ${when}` },
        'cpu_or_frontend_bound',
      );
    expect(of('at the end of each step')).toBeGreaterThan(of('at the end of the day') + 0.1);
  });

  it('offers the flag of the model where only a command takes it alone', () => {
    const knobsOf = (left: string): readonly string[] =>
      byRules({
        engine: 'vllm',
        input: { log: `api_server.py: error: unrecognized arguments: ${left}` },
      }).causes[0]?.knobs ?? [];
    expect(knobsOf('org/m-3B --dtype auto')).toContain('--model');
    expect(knobsOf('--max-model-length 10')).not.toContain('--model');
  });
});
