import type { Rule } from '../../mcp-server/core/playbook/rule.ts';
import { ADMISSION_RULES } from '../../mcp-server/core/playbook/rules/admission.ts';
import { DECODE_RULES } from '../../mcp-server/core/playbook/rules/decode.ts';
import { FRONT_END_RULES } from '../../mcp-server/core/playbook/rules/front-end.ts';
import { KERNEL_RULES } from '../../mcp-server/core/playbook/rules/kernels.ts';
import { LLAMACPP_RULES } from '../../mcp-server/core/playbook/rules/llamacpp.ts';
import { MEASUREMENT_RULES } from '../../mcp-server/core/playbook/rules/measurement.ts';
import { NODE_RULES } from '../../mcp-server/core/playbook/rules/node.ts';
import { PARALLEL_RULES } from '../../mcp-server/core/playbook/rules/parallel.ts';
import { PREFILL_RULES } from '../../mcp-server/core/playbook/rules/prefill.ts';
import { PREFIX_CACHE_RULES } from '../../mcp-server/core/playbook/rules/prefix-cache.ts';
import { SERVICE_RULES } from '../../mcp-server/core/playbook/rules/service.ts';
import { SPECULATION_RULES } from '../../mcp-server/core/playbook/rules/speculation.ts';
import { STARTUP_RULES } from '../../mcp-server/core/playbook/rules/startup.ts';
import { THROUGHPUT_RULES } from '../../mcp-server/core/playbook/rules/throughput.ts';

/** A chapter of the guide. */
export interface Family {
  readonly title: string;
  readonly advice: string;
  readonly rules: readonly Rule[];
  /** Entries that need no more than a line each. */
  readonly asTable?: true;
}

/** The chapters in the order in which a person would look. */
export const FAMILIES: readonly Family[] = [
  {
    title: 'Faults of the measurement',
    advice:
      'Look here first, and tune nothing while one of them holds: the number is not the engine’s.',
    rules: MEASUREMENT_RULES,
  },
  {
    title: 'Faults of the machine',
    advice: 'Deploy the same file on another host before anything else.',
    rules: NODE_RULES,
  },
  {
    title: 'Starts that fail, and crashes',
    advice:
      'The log alone tells. Its first cause counts, not its last line, and the same command again ends the same way. A dash means that no flag of the engine helps: mend what stands in front of it.',
    rules: STARTUP_RULES,
    asTable: true,
  },
  {
    title: 'Requests wait',
    advice: 'Find out for what: a slot, memory, or a scheduler that is too careful.',
    rules: [...ADMISSION_RULES, ...SERVICE_RULES],
  },
  {
    title: 'The first token is late though nobody waits',
    advice:
      'First what need not be computed at all, then how it is computed, then what stands before the scheduler.',
    rules: [...PREFIX_CACHE_RULES, ...PREFILL_RULES, ...FRONT_END_RULES],
  },
  {
    title: 'Tokens come slowly',
    advice:
      'Compare with the floor: within twice of it only fewer bytes or more tokens per step help, far above it something else fills the step.',
    rules: [...DECODE_RULES, ...SPECULATION_RULES],
  },
  {
    title: 'The service is full, and more should fit',
    advice: 'Work per second counts here; each entry costs some latency of the single request.',
    rules: [...THROUGHPUT_RULES, ...PARALLEL_RULES],
  },
  {
    title: 'What fills a step, by kernel',
    advice:
      'A profile tells which kernels take the GPU’s time. Kernels do not nest: their times may be added.',
    rules: KERNEL_RULES,
  },
  {
    title: 'llama.cpp',
    advice: 'Mostly on a processor, with few requests at a time.',
    rules: LLAMACPP_RULES,
  },
];
