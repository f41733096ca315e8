import { isRecord } from '../parse.ts';
import {
  BARE_ROW,
  ChatMessage,
  type DatasetFormat,
  estimateTokens,
  type RowResult,
} from './row.ts';

/** Reader of one row of each format. Source: docs/load.md. */
export const ROW_READERS: Readonly<
  Record<DatasetFormat, (value: Readonly<Record<string, unknown>>) => RowResult>
> = {
  sharegpt: readShareGpt,
  openai: readMessages,
  'openai-batch': readBatch,
  custom: readCustom,
  mooncake: readMooncake,
};

/** Fields of a body that are ours to write. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'messages',
  'prompt',
  'model',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
]);

/** First question and first answer of a conversation; the answer gives the length. */
function readShareGpt(value: Readonly<Record<string, unknown>>): RowResult {
  const turns = value['conversations'] ?? value['conversation'];
  if (!Array.isArray(turns)) return { why: 'has no array "conversations"' };
  const [first, second]: readonly unknown[] = turns;
  if (!isRecord(first) || !isRecord(second)) return { why: 'has fewer than two turns' };
  const question = first['value'];
  const answer = second['value'];
  if (typeof question !== 'string' || question.trim() === '') {
    return { why: 'its first turn has no text "value"' };
  }
  if (typeof answer !== 'string' || answer === '') {
    return { why: 'its second turn has no text "value"' };
  }
  return {
    row: {
      ...BARE_ROW,
      id: textOrNull(value['id']),
      prompt: question,
      inTokens: estimateTokens(question),
      outTokens: estimateTokens(answer),
    },
  };
}

function readMessages(value: Readonly<Record<string, unknown>>): RowResult {
  const messages = ChatMessage.array().min(1).safeParse(value['messages']);
  if (!messages.success) {
    return { why: '"messages" is not a list of objects with a role and a content' };
  }
  const faulty = messages.data.findIndex((message) => !hasContent(message));
  if (faulty !== -1) return { why: `messages.${faulty} has neither content nor tool calls` };
  const limit = readLimit(value);
  if (typeof limit === 'string') return { why: limit };
  return {
    row: {
      ...BARE_ROW,
      id: textOrNull(value['id'] ?? value['custom_id']),
      messages: messages.data,
      inTokens: estimateTokens(messages.data.map(({ content }) => textOf(content)).join(' ')),
      outTokens: limit,
      params: Object.fromEntries(
        Object.entries(value).filter(([key]) => !OWN_FIELDS.has(key) && !ROW_FIELDS.has(key)),
      ),
    },
  };
}

/** Fields of a row that say something about it rather than to the service. */
const ROW_FIELDS: ReadonlySet<string> = new Set(['id', 'custom_id']);

function hasContent(message: ChatMessage): boolean {
  const { content } = message;
  if (typeof content === 'string' || Array.isArray(content)) return true;
  return (content === null || content === undefined) && Array.isArray(message['tool_calls']);
}

/** Text of a message, the parts of a list joined; pictures count as nothing. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isRecord(part) ? (textOrNull(part['text']) ?? '') : ''))
    .join(' ');
}

const PATHS: ReadonlySet<unknown> = new Set(['/v1/chat/completions', '/v1/completions']);

function readBatch(value: Readonly<Record<string, unknown>>): RowResult {
  const { custom_id: id, method, url, body } = value;
  if (typeof id !== 'string' || id === '') return { why: 'has no text "custom_id"' };
  if (method !== 'POST') return { why: '"method" is not POST' };
  if (!PATHS.has(url)) return { why: '"url" is neither /v1/chat/completions nor /v1/completions' };
  if (!isRecord(body)) return { why: '"body" is no object' };
  if (url === '/v1/chat/completions') {
    const read = readMessages(body);
    return 'why' in read ? { why: `body: ${read.why}` } : { row: { ...read.row, id } };
  }
  const read = readPrompt(body, OWN_FIELDS);
  return 'why' in read ? { why: `body: ${read.why}` } : { row: { ...read.row, id } };
}

/** `prompt`, or the first of `turns`; `output_tokens` where it is told. Other fields are labels, not parameters. */
function readCustom(value: Readonly<Record<string, unknown>>): RowResult {
  const { turns } = value;
  const first: unknown = Array.isArray(turns) ? turns[0] : undefined;
  const read = readPrompt({ ...value, prompt: value['prompt'] ?? first }, null);
  const wanted = value['output_tokens'];
  if ('why' in read || wanted === undefined) return read;
  if (!isCount(wanted)) return { why: '"output_tokens" is not a whole number of at least 1' };
  return { row: { ...read.row, outTokens: wanted } };
}

function readPrompt(
  value: Readonly<Record<string, unknown>>,
  own: ReadonlySet<string> | null,
): RowResult {
  const { prompt } = value;
  if (typeof prompt !== 'string' || prompt === '') return { why: 'has no text "prompt"' };
  const limit = readLimit(value);
  if (typeof limit === 'string') return { why: limit };
  const passed =
    own === null ? [] : Object.entries(value).filter(([key]) => !own.has(key) && key !== 'id');
  return {
    row: {
      ...BARE_ROW,
      id: textOrNull(value['id'] ?? value['question_id']),
      prompt,
      inTokens: estimateTokens(prompt),
      outTokens: limit,
      params: Object.fromEntries(passed),
    },
  };
}

/** Tokens of a recorded block. Source: Mooncake trace, 512 tokens a hash id. */
export const BLOCK_TOKENS = 512;

function readMooncake(value: Readonly<Record<string, unknown>>): RowResult {
  const { timestamp, input_length: input, output_length: output, hash_ids: ids } = value;
  if (typeof timestamp !== 'number' || timestamp < 0) {
    return { why: '"timestamp" is not a number of at least 0' };
  }
  if (!isCount(input)) return { why: '"input_length" is not a whole number of at least 1' };
  if (!isCount(output)) return { why: '"output_length" is not a whole number of at least 1' };
  const blocks = Array.isArray(ids) ? ids.filter((id: unknown) => Number.isInteger(id)) : null;
  if (blocks === null || !Array.isArray(ids) || blocks.length !== ids.length) {
    return { why: '"hash_ids" is not a list of whole numbers' };
  }
  if (blocks.length !== Math.ceil(input / BLOCK_TOKENS)) {
    return { why: `${blocks.length} hash ids do not cover ${input} tokens in blocks of 512` };
  }
  return {
    row: {
      ...BARE_ROW,
      tMs: timestamp,
      session: textOrNull(value['session_id']),
      prefixBlocks: blocks,
      inTokens: input,
      outTokens: output,
    },
  };
}

/** Null when: the row sets none. A text when: what it sets is wrong. */
function readLimit(value: Readonly<Record<string, unknown>>): number | string | null {
  const limit = value['max_completion_tokens'] ?? value['max_tokens'] ?? null;
  if (limit === null || isCount(limit)) return limit;
  return '"max_tokens" is not a whole number of at least 1';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1_000_000;
}

function textOrNull(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.slice(0, 200) : null;
}
