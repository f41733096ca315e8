import { AutodebugError } from '../core/errors.ts';
import { type CanaryAnswer, readAnswer } from '../core/quality/answer.ts';
import type { App, Call } from './app.ts';

/** Where questions are sent, and how. */
export interface QualityTarget {
  readonly baseUrl: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seed: number;
  /** Extra fields of the body, e.g. `chat_template_kwargs`. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** True for a reference: it is asked twice, so that a coin toss is no reference and its noise is known. */
  readonly isReference: boolean;
}

export type Asked =
  | { readonly kind: 'answer'; readonly answer: CanaryAnswer; readonly body: unknown }
  | {
      readonly kind: 'none';
      readonly why: string;
      readonly status: number | null;
      readonly unreachable: boolean;
    };

export interface AskedQuestion {
  readonly prompt: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly call: Call;
}

const TIMEOUT_MS = 90_000;

/** One chat completion at temperature 0. A service that refuses or fails gives no answer, never an exception. */
export async function ask(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  { prompt, body, call }: AskedQuestion,
): Promise<Asked> {
  const reply = await send(app, target, {
    call,
    body: {
      messages: [{ role: 'user', content: prompt }],
      temperature: 0,
      seed: target.seed,
      ...body,
      ...target.extraBody,
    },
  });
  if ('why' in reply) return { kind: 'none', why: reply.why, status: null, unreachable: true };
  const answer = reply.status === 200 ? readAnswer(reply.body) : null;
  if (answer !== null) return { kind: 'answer', answer, body: reply.body };
  const { status } = reply;
  return { kind: 'none', why: `HTTP ${status}`, status, unreachable: status >= 500 };
}

/** One request to the service; the code of its failure where it cannot be reached. Throws: on abort. */
export async function send(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  request: {
    readonly path?: string | undefined;
    readonly body: Readonly<Record<string, unknown>>;
    readonly call: Call;
  },
): Promise<{ readonly status: number; readonly body: unknown } | { readonly why: string }> {
  const { path, body, call } = request;
  const { baseUrl, model, headers } = target;
  try {
    return await app.load.complete(
      { path, baseUrl, model, headers, body, timeoutMs: TIMEOUT_MS },
      call.signal,
    );
  } catch (error) {
    if (call.signal.aborted || !(error instanceof AutodebugError)) throw error;
    return { why: error.code };
  }
}

/** Works on all items, at most `concurrency` at a time, each place taking the next item when it is free. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  let next = 0;
  const place = async (): Promise<void> => {
    for (let index = next; index < items.length; index = next) {
      next += 1;
      const item = items[index];
      if (item !== undefined) results.set(index, await work(item));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, place));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}
