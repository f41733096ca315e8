import { isRecord, parseJson } from '../../core/parse.ts';

/** What one event of a completion stream says. */
export interface ChunkEvent {
  /** Text of any kind that a user would see: content, reasoning, tool-call arguments. Empty for a role or usage chunk. */
  readonly text: string;
  readonly hasDelta: boolean;
  readonly finishReason: string | null;
  readonly model: string | null;
  readonly id: string | null;
  readonly fingerprint: string | null;
  readonly usage: Usage | null;
  /** Tokens of this event where log-probabilities tell. */
  readonly logprobTokens: number | null;
  readonly error: string | null;
}

export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
}

/** Null when: the text is not a JSON object. */
export function readChunkEvent(data: string): ChunkEvent | null {
  const json = parseJson(data);
  if (!isRecord(json)) return null;
  const choices = json['choices'];
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const delta = isRecord(choice) ? choice['delta'] : null;
  return {
    text: isRecord(choice) ? textOf(choice, delta) : '',
    hasDelta: isRecord(choice),
    finishReason: isRecord(choice) ? stringOf(choice['finish_reason']) : null,
    model: stringOf(json['model']),
    id: stringOf(json['id']),
    fingerprint: stringOf(json['system_fingerprint']),
    usage: readUsage(json['usage']),
    logprobTokens: isRecord(choice) ? countLogprobs(choice['logprobs']) : null,
    error: readError(json['error']),
  };
}

function textOf(choice: Record<string, unknown>, delta: unknown): string {
  if (!isRecord(delta)) return stringOf(choice['text']) ?? '';
  const content = stringOf(delta['content']) ?? '';
  const reasoning = stringOf(delta['reasoning']) ?? stringOf(delta['reasoning_content']) ?? '';
  return reasoning + content + toolArguments(delta['tool_calls']);
}

function toolArguments(calls: unknown): string {
  if (!Array.isArray(calls)) return '';
  return calls
    .map((call: unknown) => {
      const fn = isRecord(call) ? call['function'] : null;
      return isRecord(fn) ? (stringOf(fn['arguments']) ?? '') : '';
    })
    .join('');
}

function readUsage(usage: unknown): Usage | null {
  if (!isRecord(usage)) return null;
  const details = usage['prompt_tokens_details'];
  return {
    inputTokens: countOf(usage['prompt_tokens']),
    outputTokens: countOf(usage['completion_tokens']),
    cachedTokens: isRecord(details) ? countOf(details['cached_tokens']) : null,
  };
}

/** Chat: `content` is one entry a token. Completions: `tokens`. */
function countLogprobs(logprobs: unknown): number | null {
  if (!isRecord(logprobs)) return null;
  const list = logprobs['content'] ?? logprobs['tokens'];
  return Array.isArray(list) ? list.length : null;
}

function readError(error: unknown): string | null {
  if (error === null || error === undefined) return null;
  if (typeof error === 'string') return error;
  const message = isRecord(error) ? stringOf(error['message']) : null;
  return message ?? JSON.stringify(error);
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
}
