import { describe, expect, it } from 'vitest';
import { cardHints } from '../../../mcp-server/core/playbook/reported/numbers/card-hints.ts';
import { logLoadHints } from '../../../mcp-server/core/playbook/reported/numbers/load-hints.ts';
import { numberHints } from '../../../mcp-server/core/playbook/reported/numbers/number-hints.ts';
import { refutedClasses } from '../../../mcp-server/core/playbook/reported/refuted.ts';
import { Report } from '../../../mcp-server/core/playbook/reported/report.ts';
import { toldWords } from '../../../mcp-server/core/playbook/reported/words/concept-hints.ts';
import { readLogLoad } from '../../../mcp-server/core/telemetry/log-load.ts';
import { byRules } from './by-rules.ts';

const llamacpp = (symptom: string, launch: string, gpu?: string): Report =>
  Report.parse({ engine: 'llamacpp', input: { symptom, launch_command: launch, gpu } });
const classes = (hints: readonly { readonly cls: string }[]): readonly string[] =>
  hints.map(({ cls }) => cls);
const confidenceOf = (symptom: string, cls: string): number =>
  byRules({ engine: 'vllm', input: { symptom } }).causes.find((one) => one.class === cls)
    ?.confidence ?? 0;

describe('what a report denies', () => {
  it.each([
    'Retractions never occur in the log.',
    'It does not crash, and it never preempts.',
    'No preemptions and no errors.',
  ])('does not stand among its words: %s', (symptom) => {
    const told = toldWords(Report.parse({ engine: 'vllm', input: { symptom } }));
    expect(told).not.toMatch(/retract|crash|preempt/i);
  });

  it('leaves what it affirms', () => {
    const symptom = 'It crashes, and requests are retracted.';
    const told = toldWords(Report.parse({ engine: 'vllm', input: { symptom } }));
    expect(told).toMatch(/crashes.*retracted/);
  });
});

describe('a card that llama.cpp hardly uses', () => {
  it('speaks for layers on the CPU by the memory that is taken', () => {
    expect(classes(cardHints(llamacpp('The card has 1.1 GB of it in use.', '')))).toEqual([
      'layers_on_cpu',
    ]);
  });

  it('speaks for them where the launch gives no layers to a known card', () => {
    const slow = 'slow, 3 t/s';
    expect(classes(cardHints(llamacpp(slow, 'llama-server -m a.gguf', 'A100 40GB')))).toEqual([
      'layers_on_cpu',
    ]);
    expect(cardHints(llamacpp(slow, 'llama-server -m a.gguf -ngl 99', 'A100 40GB'))).toEqual([]);
    expect(cardHints(llamacpp(slow, 'llama-server -m a.gguf'))).toEqual([]);
  });

  it('says nothing of a card that is full', () => {
    expect(cardHints(llamacpp('The card has 21 GB of it in use.', ''))).toEqual([]);
  });
});

describe('prompts that are nearly all cached', () => {
  it('are not what takes the time, whatever the words say', () => {
    const report = Report.parse({ engine: 'sglang', input: { symptom: 'TTFT is high.' } });
    const load = (cached: number) =>
      readLogLoad(
        `[2026-03-22 15:00:10 TP0] Prefill batch. #new-seq: 8, #new-token: 64, #cached-token: ${cached}, token usage: 0.11, #running-req: 24, #queue-req: 0,`,
        null,
      );
    const refuted = (cached: number) => refutedClasses(report, { load: load(cached), scrape: [] });
    expect(refuted(32_704)).toContain('prefill_bound');
    expect(refuted(32)).not.toContain('prefill_bound');
  });
});

describe('who waits', () => {
  it('is not held by caps, reserves or a full pool where nobody waits', () => {
    const cap = 'Exactly 100 requests run, max_num_seqs is 512, and';
    const served = confidenceOf(`${cap} nothing is pending.`, 'batch_cap_binding');
    expect(served).toBeLessThan(confidenceOf(`${cap} 80 are pending.`, 'batch_cap_binding'));
  });

  it('are agents, streams and sessions beyond the slots as much as users', () => {
    const hints = numberHints(
      llamacpp('Our 20 agents end in groups.', 'llama-server --parallel 4'),
    );
    expect(classes(hints)).toContain('batch_cap_binding');
    const fewer = numberHints(llamacpp('Our 4 agents end together.', 'llama-server --parallel 4'));
    expect(classes(fewer)).not.toContain('batch_cap_binding');
  });

  it('is the client where the queue and all but all of the pool are empty', () => {
    const lines = (usage: string): string =>
      [31, 34, 29]
        .map(
          (running) =>
            `[2026-03-22 15:00:10 TP0] Decode batch. #running-req: ${running}, #token: 22110, token usage: ${usage}, cuda graph: True, gen throughput (token/s): 1880.41, #queue-req: 0,`,
        )
        .join('\n');
    expect(classes(logLoadHints(readLogLoad(lines('0.05'), null), null))).toContain(
      'client_limited',
    );
    expect(classes(logLoadHints(readLogLoad(lines('0.62'), null), null))).not.toContain(
      'client_limited',
    );
  });

  it('waits for prompts where large prefills follow one another and few requests decode', () => {
    const log = (running: number): string =>
      [
        '[2026-03-22 15:00:10 TP0] Prefill batch. #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.21, #running-req: 3, #queue-req: 41,',
        '[2026-03-22 15:00:12 TP0] Prefill batch. #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.22, #running-req: 3, #queue-req: 41,',
        `[2026-03-22 15:00:14 TP0] Decode batch. #running-req: ${running}, #token: 90011, token usage: 0.23, cuda graph: True, gen throughput (token/s): 11.2, #queue-req: 41,`,
      ].join('\n');
    const few = classes(logLoadHints(readLogLoad(log(3), null), null));
    expect(few).toContain('prefill_bound');
    expect(few).not.toContain('admission_too_conservative');
    const many = classes(logLoadHints(readLogLoad(log(60), null), null));
    expect(many).not.toContain('prefill_bound');
    expect(many).toContain('admission_too_conservative');
  });
});
