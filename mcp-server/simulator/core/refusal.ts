import type { SimConfig } from './config.ts';

/** A launch that the engine refuses or cannot finish: what it prints and how it exits. */
export interface Refusal {
  readonly kind: 'refused';
  readonly exitCode: number;
  /** Lines on stderr, in the engine's own words. */
  readonly lines: readonly string[];
}

export type Resolved = { readonly kind: 'ok'; readonly config: SimConfig } | Refusal;

/** A Python exception before any weight is loaded. */
export function pythonError(
  file: string,
  type: 'AssertionError' | 'ValueError' | 'NotImplementedError' | 'OSError',
  message: string,
): Refusal {
  return {
    kind: 'refused',
    exitCode: 1,
    lines: [
      'Traceback (most recent call last):',
      `  File "${file}", line 1, in <module>`,
      `${type}: ${message}`,
    ],
  };
}

/** An argparse error: usage, message, exit code 2. */
export function usageError(program: string, message: string): Refusal {
  return {
    kind: 'refused',
    exitCode: 2,
    lines: [`usage: ${program} [-h] ...`, `${program}: error: ${message}`],
  };
}
