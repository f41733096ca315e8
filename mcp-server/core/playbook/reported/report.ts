import { z } from 'zod';
import type { EngineId } from '../../ledger/vocabulary.ts';

const Text = z.string().max(2_000_000);

/** What somebody reports of a service that fails or is slow: texts alone, no ledger and no evidence behind them. */
export const Report = z.object({
  engine: z.enum(['sglang', 'vllm', 'llamacpp', 'dstack']),
  engine_version: z.string().max(200).nullish(),
  input: z.object({
    launch_command: Text.nullish(),
    log: Text.nullish(),
    metrics_text: Text.nullish(),
    benchmark: Text.nullish(),
    symptom: Text.nullish(),
    gpu: z.string().max(2000).nullish(),
    model: z.string().max(2000).nullish(),
  }),
});
export type Report = z.infer<typeof Report>;

/** One reason to think of a cause class. */
export interface Hint {
  readonly cls: string;
  /** How sure it makes alone, 0..1. */
  readonly weight: number;
  /** Where it stands: a line of the report, or numbers of it. Data from outside. */
  readonly evidence: string;
}

/** The engine whose playbook is asked; an orchestrator has none of its own. Source: own reasoning. */
export function engineOf(report: Report): EngineId {
  if (report.engine !== 'dstack') return report.engine;
  const text = `${report.input.launch_command ?? ''}\n${report.input.log ?? ''}`;
  if (/sglang/i.test(text)) return 'sglang';
  return /llama-server|llama\.cpp|gguf/i.test(text) ? 'llamacpp' : 'vllm';
}

/** The words of whoever reported, without launch and log. */
export const wordsOf = (report: Report): string =>
  [report.input.symptom, report.input.benchmark]
    .filter((text) => typeof text === 'string')
    .join('\n');
