import { type Signal, signs, words } from './signal.ts';

/** What the frames of a traceback and a silence tell of a server that does not serve. */
export const FAILURE_SIGNALS: readonly Signal[] = [
  // The frame below which the error stands reads settings. Source: SGLang server_args.py.
  ...signs('bad_flag_combination', 'log', [
    0.75,
    /(?<=server_args\.py", line \d+, in (?:__post_init__|_handle_\w+|check_\w*server_args|_?\w*(?:validate|adjust|resolve)\w*)\n\s*)\S[^\n]*\n(?:\s*[~^]+\n)?(?:Type|Assertion|Value|NotImplemented|Key|Attribute)Error\b/,
  ]),
  // What is below reads a template or a vocabulary. Source: SGLang managers/template_manager.py, transformers utils and tokenization files, Jinja.
  ...signs('tokenizer_or_template', 'log', [
    0.75,
    /(?<=(?:template_manager|jinja_template_utils|chat_template_utils|tokenization_\w+|jinja2\/\w+)\.py", line \d+, in \w+\n\s*)\S[^\n]*\n(?:\s*[~^]+\n)?(?:Type|Assertion|Value|NotImplemented|Key|Attribute)Error\b/,
  ]),
  // A speculative step ends within attention that was written without it. Source: SGLang srt/speculative, srt/layers/attention.
  ...signs('bad_flag_combination', 'log', [
    0.8,
    /(?<=speculative\/\w+\.py", line \d+[\s\S]{0,1500})attention\/\w+\.py", line \d+, in \w+\n\s*\S[^\n]*\n(?:\s*[~^]+\n)?(?:Type|Assertion|Value|NotImplemented|Key|Attribute)Error\b/,
  ]),
  // What runs is a step made up to be captured. Source: vLLM gpu_model_runner.py, SGLang cuda_graph_runner.py.
  ...signs('oom_cuda_graph_capture', 'log', [
    0.8,
    /\bin (?:capture_model|capture_one_batch_size)\b[\s\S]{0,2500}out of memory/i,
  ]),
  // A compiler that ends within its own passes does not know the card. Source: Triton compiler/compiler.py, third_party/nvidia/backend/compiler.py.
  ...signs('unsupported_gpu_or_kernel', 'log', [
    0.7,
    /(?<=triton\/\S*compiler\.py", line \d+, in make_(?:ir|ttir|ttgir|llir)\n\s*)\S[^\n]*\n(?:\s*[~^]+\n)?(?:Index|Runtime|Value|NotImplemented|Assertion|Key)Error\b/,
  ]),
  ...words(
    'hang_watchdog',
    [
      0.6,
      /\bstall(?:s|ed)?\b[^.\n]{0,60}\b(?:stays?|remains?|forever|for good|indefinitely|endless|never|without end)\b/i,
    ],
    [
      0.6,
      /\bno (?:traceback|errors?|exception|stack ?trace)\b[^.\n]{0,60}\b(?:stalls?|hangs?|sits|waits|stands still|does nothing|silent)\b/i,
    ],
  ),
];
