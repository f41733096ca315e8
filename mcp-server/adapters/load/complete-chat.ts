import { LoadError } from '../../core/errors.ts';
import { isRecord } from '../../core/parse.ts';
import { cleanText } from '../../core/redact.ts';
import type { LoadGenerator } from '../../ports/load-generator.ts';
import { createConnection, requestJson } from './connection.ts';

const MAX_TEXT_CHARS = 20_000;

/**
 * One chat completion without streaming. `text` is what the model said, or the raw answer where there is none.
 * Throws: LoadError `E_ENDPOINT` when the service cannot be reached or does not answer in time.
 */
export const completeChat: LoadGenerator['complete'] = async (request, signal) => {
  const connection = createConnection(request.baseUrl, request.headers);
  try {
    const answer = await requestJson(connection, {
      path: request.path ?? '/v1/chat/completions',
      body: JSON.stringify({ ...request.body, model: request.model, stream: false }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)]),
    });
    const text = cleanText(answerText(answer.body) ?? answer.text, MAX_TEXT_CHARS);
    return { status: answer.status, body: answer.body, text };
  } catch (error) {
    throw new LoadError('The service did not answer a chat completion.', {
      code: 'E_ENDPOINT',
      fix: 'Check that the service runs and is not overloaded, then try again.',
      retryable: true,
      cause: error,
    });
  } finally {
    await connection.destroy();
  }
};

function answerText(body: unknown): string | null {
  const choices = isRecord(body) ? body['choices'] : null;
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const message = isRecord(choice) ? choice['message'] : null;
  const content = isRecord(message) ? message['content'] : null;
  return typeof content === 'string' ? content : null;
}
