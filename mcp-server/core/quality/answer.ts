import { isRecord } from '../parse.ts';
import { cleanText } from '../redact.ts';

interface ToolCall {
  readonly name: string;
  readonly arguments: string;
}

/** What a chat completion said, reduced to what a grader looks at. All of it is untrusted data. */
export interface CanaryAnswer {
  readonly text: string;
  readonly finishReason: string | null;
  readonly toolCalls: readonly ToolCall[];
}

/** Longest text of an answer that is graded and stored. Source: own reasoning, canaries ask for one line. */
const MAX_ANSWER_CHARS = 2000;

/** Reads a chat completion of the OpenAI API. Null when: the body is not one. */
export function readAnswer(body: unknown): CanaryAnswer | null {
  if (!isRecord(body) || !Array.isArray(body['choices'])) return null;
  const choice: unknown = body['choices'][0];
  if (!isRecord(choice) || !isRecord(choice['message'])) return null;
  const message = choice['message'];
  const content = typeof message['content'] === 'string' ? message['content'] : '';
  const finish = choice['finish_reason'];
  return {
    text: cleanText(withoutReasoning(content), MAX_ANSWER_CHARS),
    finishReason: typeof finish === 'string' ? finish.slice(0, 40) : null,
    toolCalls: readToolCalls(message['tool_calls']),
  };
}

function withoutReasoning(text: string): string {
  const end = text.lastIndexOf('</think>');
  return end < 0 ? text : text.slice(end + '</think>'.length);
}

function readToolCalls(value: unknown): readonly ToolCall[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 8).flatMap((call: unknown) => {
    if (!isRecord(call) || !isRecord(call['function'])) return [];
    const { name, arguments: given } = call['function'];
    if (typeof name !== 'string' || typeof given !== 'string') return [];
    return [{ name: cleanText(name, 100), arguments: cleanText(given, MAX_ANSWER_CHARS) }];
  });
}
