import type { ChatMessage } from '../dataset/row.ts';

/** One request as it will be sent. */
export interface PlannedRequest {
  readonly index: number;
  readonly prompt: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens that the workload itself lets a prefix cache hit: template, common prefix, repeated prompt. */
  readonly sharedTokens: number;
  /** What is sent instead of the prompt: a conversation. Null: the prompt is all. */
  readonly messages: readonly ChatMessage[] | null;
  /** What is sent instead of the prompt's text. Absent: the text is sent. */
  readonly tokenIds?: readonly number[] | undefined;
  /** Turns of one conversation are sent one after the other. Null: it waits for nobody. */
  readonly turn: {
    readonly conversation: number;
    readonly thinkTimeMs: number;
  } | null;
  /** Fields of the body that an imported request brings. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Requests of a plan that must follow each other, by index: the turns of a conversation, else one alone. */
export function requestUnits(plan: readonly PlannedRequest[]): readonly (readonly number[])[] {
  const units: number[][] = [];
  let open: number | null = null;
  for (const { index, turn } of plan) {
    const last = units.at(-1);
    if (turn !== null && turn.conversation === open && last !== undefined) last.push(index);
    else units.push([index]);
    open = turn?.conversation ?? null;
  }
  return units;
}
