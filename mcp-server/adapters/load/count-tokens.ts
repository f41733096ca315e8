import { isRecord } from '../../core/parse.ts';
import type { LoadRequest } from '../../ports/load-generator.ts';
import { type Connection, requestJson } from './connection.ts';
import { apiPath } from './request-body.ts';

const TIMEOUT_MS = 60_000;

/**
 * Prompt tokens that the service counts of one tiny completion; several texts are the turns of a conversation, a
 * question first. Null when: it does not answer, or tells no count.
 */
export async function countTokens(
  connection: Connection,
  load: LoadRequest,
  probe: {
    readonly texts: readonly string[];
    /** Sent instead of the texts. */
    readonly ids?: readonly number[] | undefined;
    readonly signal: AbortSignal;
  },
): Promise<number | null> {
  const prompt =
    load.workload.api === 'chat'
      ? {
          messages: probe.texts.map((content, turn) => ({
            role: turn % 2 === 0 ? 'user' : 'assistant',
            content,
          })),
        }
      : { prompt: probe.ids ?? probe.texts.join('\n') };
  const body = JSON.stringify({
    ...load.extraBody,
    model: load.model,
    ...prompt,
    max_tokens: 1,
    temperature: 0,
    stream: false,
  });
  const answer = await askJson(connection, {
    path: apiPath(load.workload.api),
    body,
    signal: probe.signal,
  });
  const usage = isRecord(answer) ? answer['usage'] : null;
  const tokens = isRecord(usage) ? usage['prompt_tokens'] : null;
  return typeof tokens === 'number' ? tokens : null;
}

/** Body of a small answer. Null when: there is none with status 200. */
export async function askJson(
  connection: Connection,
  ask: { readonly path: string; readonly body: string; readonly signal: AbortSignal },
): Promise<unknown> {
  try {
    const signal = AbortSignal.any([ask.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = await requestJson(connection, { ...ask, signal });
    return answer.status === 200 ? answer.body : null;
  } catch {
    return null;
  }
}
