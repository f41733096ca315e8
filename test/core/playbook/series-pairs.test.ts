import { describe, expect, it } from 'vitest';
import { seriesHints } from '../../../mcp-server/core/playbook/reported/numbers/series-hints.ts';
import { refutedClasses } from '../../../mcp-server/core/playbook/reported/refuted.ts';
import { Report } from '../../../mcp-server/core/playbook/reported/report.ts';
import { byRules, confidenceByRules, type Input, pairsOf, type Row } from './by-rules.ts';

const SPEC = 'vllm serve m --enable-prefix-caching';

/** Reports that differ in the one thing that a row of measurements shows. */
const ROWS: readonly Row[] = [
  [
    'the first line of a stream with its last',
    'proxy_buffering',
    'vllm',
    { benchmark: 'by the gateway: first chunk after 8.2 s, last after 8.3 s' },
    { benchmark: 'by the gateway: first chunk after 0.4 s, last after 8.3 s' },
  ],
  [
    'a first token that takes the whole request, and no gaps',
    'proxy_buffering',
    'vllm',
    {
      benchmark:
        'Time to first token (ms): avg 5,120.40\nInter token latency (ms): avg 0.03\nRequest latency (ms): avg 5,124.10',
    },
    {
      benchmark:
        'Time to first token (ms): avg 120.40\nInter token latency (ms): avg 31.03\nRequest latency (ms): avg 5,124.10',
    },
  ],
  [
    'the same prompt read anew',
    'prefix_cache_miss',
    'vllm',
    { benchmark: 'the same 30k prompt twice: TTFT 9.4 s, then 9.3 s', launch_command: SPEC },
    { benchmark: 'the same 30k prompt twice: TTFT 9.4 s, then 0.6 s', launch_command: SPEC },
  ],
  [
    'the first of different requests to a new process',
    'cold_jit_in_window',
    'llamacpp',
    { benchmark: 'restarted server, three sound files: 2.4 s, 0.9 s, 0.95 s' },
    { benchmark: 'restarted server, three sound files: 0.9 s, 0.9 s, 0.95 s' },
  ],
  [
    'a graph compiled after the warm-up',
    'cold_jit_in_window',
    'vllm',
    {
      log: 'ERROR Recompilation after warm up is detected. num_xla_graphs_before = 41 curr_cached_graph = 43',
      symptom: 'Some requests of the benchmark take long.',
    },
    {
      log: 'INFO Compilation finished in 41.12 [secs].',
      symptom: 'Some requests of the benchmark take long.',
    },
  ],
  [
    'threads that bring nothing',
    'decode_bandwidth_bound',
    'llamacpp',
    { benchmark: '--threads 8: 2.1 tokens/s\n--threads 16: 2.15 tokens/s' },
    { benchmark: '--threads 8: 2.1 tokens/s\n--threads 16: 3.9 tokens/s' },
  ],
  [
    'what was asked before, and comes too fast',
    'warm_prefix_cache_in_benchmark',
    'sglang',
    { symptom: 'The loop sends the same document again; first tokens come suspiciously fast.' },
    { symptom: 'The loop sends other documents again; first tokens come suspiciously fast.' },
  ],
  [
    'a profile of what makes text',
    'detokenizer_bound',
    'vllm',
    { symptom: 'py-spy shows tokenizers.Tokenizer.decode on top of the front process.' },
    { symptom: 'py-spy shows tokenizers.Tokenizer.encode on top of the front process.' },
  ],
];

const strongest = (engine: string, input: Input, cls: string): number =>
  Math.max(
    0,
    ...seriesHints(Report.parse({ engine, kind: 'performance', input }))
      .filter((hint) => hint.cls === cls)
      .map(({ weight }) => weight),
  );

const refutedIn = (symptom: string): ReadonlySet<string> =>
  refutedClasses(Report.parse({ engine: 'vllm', input: { symptom } }), { load: null, scrape: [] });

describe('what a row of measurements shows', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls ($engine)', ({ cls, engine, fires, quiet }) => {
    expect(strongest(engine, fires, cls)).toBeGreaterThanOrEqual(0.75);
    expect(strongest(engine, quiet, cls)).toBe(0);
    expect(byRules({ engine, kind: 'performance', input: fires }).causes[0]?.class).toBe(cls);
  });

  it('another setting that keeps the prompt makes it surer', () => {
    const lost = 'the same 30k prompt twice: TTFT 9.4 s, then 9.3 s';
    const kept = `${lost}\nwithout drafts: TTFT 9.4 s, then 0.6 s`;
    const of = (benchmark: string): number => strongest('vllm', { benchmark }, 'prefix_cache_miss');
    expect(of(kept)).toBeGreaterThan(of(lost));
  });

  it('what comes too fast is no slow prompt', () => {
    expect(refutedIn('First tokens come suspiciously fast.')).toContain('prefill_bound');
    expect(refutedIn('First tokens come late, never too fast.')).not.toContain('prefill_bound');
  });

  it('threads that bring nothing do not wait for cores', () => {
    const flat = '--threads 8: 2.1 tokens/s\n--threads 16: 2.15 tokens/s';
    expect(refutedIn(flat)).toContain('cpu_or_frontend_bound');
    expect(refutedIn(flat.replace('2.15', '3.9'))).not.toContain('cpu_or_frontend_bound');
  });

  it('a machine that still serves was not taken back', () => {
    const log = 'Run failed with error code JobErrorCode.INTERRUPTED_BY_NO_CAPACITY';
    const of = (symptom: string): number =>
      confidenceByRules('dstack', { log, symptom }, 'instance_unreachable');
    expect(of('The container still served when I looked.')).toBeGreaterThan(0.6);
    expect(of('The spot machine went away.')).toBeLessThan(0.3);
  });

  it('a short name of several letters takes one dash, and an image may begin the command itself', () => {
    const knobsOf = (engine: string, log: string, launch_command: string): readonly string[] =>
      byRules({ engine, kind: 'startup_failure', input: { log, launch_command } }).causes[0]
        ?.knobs ?? [];
    const short = 'error: invalid argument: --ngl';
    expect(knobsOf('llamacpp', short, 'llama-server -m m.gguf --ngl 40')).toContain('-ngl');
    const doubled = 'vllm: error: unrecognized arguments: serve m';
    expect(knobsOf('vllm', doubled, 'docker run vllm/vllm-openai vllm serve m')).toContain(
      '--entrypoint',
    );
    expect(
      knobsOf('vllm', doubled.replace('serve m', '--foo'), 'vllm serve m --foo'),
    ).not.toContain('--entrypoint');
  });
});
