import type { RequestRecord } from '../workload/request-record.ts';
import { buildTasks, type Task } from './task-suite.ts';

/** Kinds whose right answer fits what a record keeps of an answer, and needs no field of the request's own. */
const KINDS: ReadonlySet<string> = new Set(['arithmetic', 'copy', 'recall']);
/** Tasks of each kind. Source: own reasoning; six wrong of 30 beside none of 60 are chance in 1 of 1,000. */
const EACH = 10;
/** Kinds of a suite, in turn: so many items hold one of each. */
const TURN = 5;
/** Tens of words to be copied: as many as fit the beginning of an answer that a record keeps. */
const COPY_TENS = 3;
/** A table is so many times as long as a usual prompt, so that what is done to the long ones is done to it. */
const LONGER = 2;
/** Where the looked-up values stand: the middle is what is left out where prompts are shortened. */
const DEPTHS = [0.2, 0.4, 0.5, 0.6, 0.8] as const;
/** Longest table that is looked up. Units: tokens. Source: own reasoning; prefill of one such prompt is no cost. */
const MAX_TABLE_TOKENS = 2000;

/**
 * Small tasks with a known right answer, mixed into a health sample: wrong words, another model or a prompt read in part
 * are seen there where the words cannot be compared. `promptTokens` is the usual length of the workload's prompts.
 */
export function sampleTasks(seed: number, promptTokens: number): readonly Task[] {
  const recallTokens = Math.min(MAX_TABLE_TOKENS, Math.round(LONGER * promptTokens));
  return buildTasks({
    seed,
    items: EACH * TURN,
    recallTokens,
    copyTens: COPY_TENS,
    depths: DEPTHS,
  }).filter(({ kind }) => KINDS.has(kind));
}

/** True where the streamed answer is the right one. A request that failed gave none. */
export function isTaskSolved(task: Task, record: RequestRecord | undefined): boolean {
  if (record === undefined || record.failure !== null) return false;
  const text = record.textSample;
  return task.grade({ text, finishReason: record.finishReason, toolCalls: [] });
}

/** Time that the tasks may add to a health sample. Units: ms. Source: own reasoning; a trial's runs take about as long. */
const MAX_TASKS_MS = 30_000;

/**
 * The tasks, or none where a service is so slow that they would take longer than half a minute: fewer tell nothing, and a
 * night is for trials. `ttltMs`: mean of the requests just measured, null when none ended; `concurrency` from 1.
 */
export function affordableTasks(
  tasks: readonly Task[],
  { ttltMs, concurrency }: { readonly ttltMs: number | null; readonly concurrency: number },
): readonly Task[] {
  return ttltMs !== null && (tasks.length * ttltMs) / concurrency <= MAX_TASKS_MS ? tasks : [];
}
