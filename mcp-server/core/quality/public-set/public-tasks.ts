import type { Grader } from '../graders.ts';
import { followsRules } from './follows-rules.ts';
import { IFEVAL_LINES } from './ifeval.ts';

/** One prompt of the public set with what its answer must be like. */
export interface PublicTask {
  readonly key: string;
  readonly prompt: string;
  readonly rules: string;
  readonly grade: Grader;
}

function readLine(line: string): readonly PublicTask[] {
  const [key = '', rules = '', ...rest] = line.split(' | ');
  const grade = followsRules(rules);
  return grade === null
    ? []
    : [{ key, rules, grade, prompt: rest.join(' | ').replaceAll('⏎', '\n') }];
}

/** The public set, in its own order. */
export const PUBLIC_TASKS: readonly PublicTask[] = IFEVAL_LINES.trim()
  .split('\n')
  .flatMap(readLine);
