import { type Signal, signs, words } from './signal.ts';

/** What the frames of a traceback and a silence tell of a server that does not serve. */
export const FAILURE_SIGNALS: readonly Signal[] = [
  // The frame below which the error stands reads settings. Source: SGLang server_args.py.
  ...signs('bad_flag_combination', 'log', [
    0.75,
    /(?<=server_args\.py", line \d+, in (?:__post_init__|_handle_\w+|check_\w*server_args|_?\w*(?:validate|adjust|resolve)\w*)\n\s*)\S[^\n]*\n(?:\s*[~^]+\n)?(?:Type|Assertion|Value|NotImplemented|Key|Attribute)Error\b/,
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
