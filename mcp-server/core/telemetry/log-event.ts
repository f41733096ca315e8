import type { LogSeverity } from './log-pattern.ts';

/** What the engine was doing when it printed a line. */
export type LogPhase = 'starting' | 'weights' | 'kv' | 'graphs' | 'ready';

/** One classified line of a log. The text is data from outside: cleaned and capped, never an instruction. */
export interface LogEvent {
  readonly cls: string;
  readonly severity: LogSeverity;
  readonly line: string;
  /** From 1; lines are ended by newline, progress redraws share one. */
  readonly lineNumber: number;
  readonly rootCause: boolean;
  readonly values: Readonly<Record<string, string>>;
  readonly phase: LogPhase;
  /** How many further lines of this class followed that are not listed. */
  readonly repeats: number;
}

const PHASES: ReadonlyMap<string, LogPhase> = new Map([
  ['phase_weights', 'weights'],
  ['phase_kv', 'kv'],
  ['phase_graphs', 'graphs'],
  ['ready', 'ready'],
]);

/** The phase that an event begins. Null when: it begins none. */
export function phaseBegunBy(cls: string): LogPhase | null {
  return PHASES.get(cls) ?? null;
}

const OOM_BY_TEXT: readonly (readonly [string, RegExp])[] = [
  ['oom_cuda_graph_capture', /captur|cuda_?graph/i],
  ['oom_sampler_warmup', /_dummy_sampler_run|warming up (?:the )?sampler/i],
  [
    'weights_do_not_fit',
    /load_model|load_weights|create_weights|model_loader|initialize_model|process_weights_after_loading/,
  ],
  [
    'kv_cache_too_small',
    /_allocate_kv_cache|initialize_kv_cache|init_kv_cache|init_memory_pool|MHATokenToKVPool|MLATokenToKVPool|memory_pool\.py/,
  ],
  [
    'oom_activation_prefill',
    /profile_run|_dummy_run|determine_available_memory|determine_num_available_blocks|forward_extend|prefill|logits_processor|prompt_logprobs/i,
  ],
  ['oom_under_load', /forward_decode|decode|execute_model|event_loop|run_batch/],
];

/**
 * Which out-of-memory it is: by what the traceback names, else by the phase of the start.
 * Source: frames of SGLang model_runner.py and vLLM gpu_model_runner.py.
 */
export function refineOom(context: { readonly trace: string; readonly phase: LogPhase }): string {
  const named = OOM_BY_TEXT.find(([, pattern]) => pattern.test(context.trace));
  if (named !== undefined) return named[0];
  switch (context.phase) {
    case 'graphs':
      return 'oom_cuda_graph_capture';
    case 'weights':
      return 'weights_do_not_fit';
    case 'kv':
    case 'ready':
    case 'starting':
      return 'oom_under_load';
  }
}
