import { describe, expect, it } from 'vitest';
import { parseLaunch } from '../../mcp-server/core/service/launch.ts';
import { checkFlags, silentAdjustments } from '../../mcp-server/engines/check-flags.ts';
import { choicesAt } from '../../mcp-server/engines/choices.ts';
import type { FlagQuestion } from '../../mcp-server/engines/flag-question.ts';
import { detectEngine, ENGINES } from '../../mcp-server/engines/index.ts';

/** Checks going from one command to another by setting the flags that the second adds. */
function question(parent: string, added: string, version: string | null = null): FlagQuestion {
  const parentArgv = parseLaunch(parent).argv;
  const argv = parseLaunch(`${parent} ${added}`).argv;
  const engine = detectEngine(parentArgv)!;
  const words = argv.slice(parentArgv.length);
  const changes = words.flatMap((word, index) => {
    if (!/^--?[a-z]/i.test(word)) return [];
    const next = words[index + 1];
    const value = next === undefined || /^--?[a-z]/i.test(next) ? null : next;
    return [{ kind: 'set_flag' as const, flag: word, value }];
  });
  return {
    engine,
    inventory: null,
    version,
    parentArgv,
    argv,
    changes,
    minContextTokens: 1024,
    attentionHeads: 32,
  };
}

const SGLANG = 'python -m sglang.launch_server --model-path m';
const VLLM = 'vllm serve m';
const LLAMA = 'llama-server -m m.gguf';
const checks = (...args: Parameters<typeof question>): readonly string[] =>
  checkFlags(question(...args)).map((refusal) => refusal.check);

describe('checkFlags by version', () => {
  it.each([
    [SGLANG, '--enable-ep-moe', '0.5.4', []],
    [SGLANG, '--enable-ep-moe', '0.5.5', ['removed_flag']],
    [SGLANG, '--cuda-graph-max-bs-decode 64', '0.5.9', ['unlisted_flag']],
    [SGLANG, '--cuda-graph-max-bs 64', '0.5.9', []],
    [SGLANG, '--cuda-graph-max-bs-decode 64', '0.5.14', []],
    [SGLANG, '--schedule-policy routing-key', '0.5.5', ['wrong_choice']],
    [SGLANG, '--schedule-policy routing-key', '0.5.9', []],
    [SGLANG, '--radix-eviction-policy slru', '0.5.9', ['wrong_choice']],
    [SGLANG, '--radix-eviction-policy slru', '0.5.10', []],
    [SGLANG, '--speculative-algorithm ngram', '0.5.9', ['wrong_choice']],
    [SGLANG, '--speculative-algorithm ngram', null, ['wrong_choice']],
    [SGLANG, '--speculative-algorithm NGRAM', '0.5.9', []],
    [SGLANG, '--speculative-algorithm MY_OWN', '0.5.12', []],
    [SGLANG, '--num-continuous-decode-steps 8', '0.5.9', ['no_op']],
    [SGLANG, '--kv-cache-dtype fp8', '0.5.9', ['wrong_choice']],
    [SGLANG, '--kv-cache-dtype fp8_e5m2', '0.5.9', []],
    [VLLM, '--kv-cache-dtype fp8', '0.11.0', []],
    [VLLM, '--num-scheduler-steps 8', '0.11.0', ['removed_flag']],
    [VLLM, '--swap-space 4', '0.11.0', []],
    [VLLM, '--swap-space 4', null, ['removed_flag']],
    [VLLM, '--max_num_seqs 64', null, []],
    [VLLM, '--performance-mode throughput', '0.11.0', ['unlisted_flag']],
    [VLLM, '--performance-mode throughput', null, []],
    [VLLM, '--no-enable-prefix-caching', null, []],
    [VLLM, '--max-num-seqs lots', null, ['wrong_choice']],
    [VLLM, "--speculative-config '{broken'", null, ['wrong_choice', 'fatal_combination']],
    [LLAMA, '--threads 4', null, []],
    [LLAMA, '-t 4 -fa on -ctk q8_0', null, []],
    [LLAMA, '--cache-type-k q9', null, ['wrong_choice']],
    [LLAMA, '--draft-max 4', null, ['removed_flag']],
    [LLAMA, '--make-it-fast', null, ['unlisted_flag']],
    [LLAMA, '--defrag-thold 0.1', null, ['no_op']],
    [LLAMA, '--cont-batching', null, []],
    [LLAMA, '--batch-size 2048', null, ['no_op']],
  ])('answers %s %s at %s with %j', (...row) => {
    const [parent, added, version, expected] = row;
    expect(checks(parent, added, version)).toEqual(expected);
  });
});

describe('checkFlags on combinations', () => {
  it.each([
    [SGLANG, '--disable-radix-cache --enable-hierarchical-cache'],
    [SGLANG, '--chunked-prefill-size 1000 --page-size 64'],
    [SGLANG, '--speculative-algorithm EAGLE'],
    [SGLANG, '--enable-dp-attention --dp-size 3 --tp-size 4'],
    [SGLANG, '--served-model-name a:b'],
    [SGLANG, '--tp-size 3'],
    [VLLM, '--max-num-batched-tokens 128 --max-num-seqs 256'],
    [VLLM, '--max-num-partial-prefills 2'],
    [VLLM, '--enable-eplb'],
    [
      VLLM,
      `--async-scheduling --speculative-config '{"method":"ngram","num_speculative_tokens":3,"prompt_lookup_max":4}'`,
    ],
    [VLLM, '-tp 3'],
    [LLAMA, '--cache-type-v q8_0 --flash-attn off'],
  ])('refuses %s %s as fatal', (parent, added) => {
    expect(checks(parent, added)).toContain('fatal_combination');
  });

  it('does not blame a plan for what its parent has already', () => {
    const parent = `${SGLANG} --disable-radix-cache --enable-hierarchical-cache`;
    expect(checks(parent, '--max-running-requests 64')).toEqual([]);
  });

  it.each([
    [SGLANG, '--context-length 512'],
    [VLLM, '--max-model-len 1k'],
    [LLAMA, '--ctx-size 4096 --parallel 8'],
  ])('never allows %s %s below the guaranteed context', (parent, added) => {
    const found = checkFlags({ ...question(parent, added), minContextTokens: 1024 });
    expect(found.find((refusal) => refusal.check === 'min_context')?.forcible).toBe(false);
  });

  it('tells what the engine will change by itself', () => {
    const told = silentAdjustments(
      question(SGLANG, '--speculative-algorithm NGRAM --enable-mixed-chunk'),
    );
    expect(told.join()).toMatch(/mixed-chunk off.*48/);
  });
});

describe('choicesAt', () => {
  const fact = (flag: string) => ENGINES.sglang.flags.find((one) => one.flag === flag)!;

  it('widens the choices of a span by what later versions add', () => {
    const at = (version: string) =>
      choicesAt(ENGINES.sglang, fact('--radix-eviction-policy'), version);
    expect(at('0.5.9')).toEqual(['lru', 'lfu']);
    expect(at('0.5.11')).toEqual(['lru', 'lfu', 'slru']);
    expect(at('0.5.13')).toEqual(['lru', 'lfu', 'slru', 'priority']);
  });

  it('takes the newest choices where the version is unknown or newer than our data', () => {
    const newest = fact('--attention-backend').choices;
    expect(choicesAt(ENGINES.sglang, fact('--attention-backend'), null)).toEqual(newest);
    expect(choicesAt(ENGINES.sglang, fact('--attention-backend'), '0.6.0')).toEqual(newest);
  });

  it('takes the oldest span for a version before all', () => {
    expect(choicesAt(ENGINES.sglang, fact('--load-balance-method'), '0.5.3')).toContain(
      'shortest_queue',
    );
  });
});
