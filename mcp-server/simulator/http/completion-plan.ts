import type { SimConfig } from '../core/config.ts';
import type { SimRequest } from '../core/sequence.ts';
import { composeReply, type Reply } from '../core/text/reply.ts';
import { ACCEPTANCE, textKind } from '../core/text/text-kind.ts';
import type { Tokenizer } from '../core/text/tokenizer.ts';
import { chooseToolCall, type ToolCallText } from '../core/text/tool-call.ts';
import { type ApiError, badRequest, notFoundModel } from './api-error.ts';
import { type ChatBody, type CompletionBody, messageText } from './request-body.ts';

/** A request as it will be served: what the engine computes and what the caller reads. */
export interface CompletionPlan {
  readonly kind: 'chat' | 'text';
  readonly request: SimRequest;
  readonly reply: Reply;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  readonly toolCall: { readonly name: string; readonly arguments: string } | null;
  readonly wantsLogprobs: boolean;
  readonly wantsPromptScores: boolean;
  /** True for SGLang's own route, which answers in its own shape. */
  readonly isNative: boolean;
}

interface Prompt {
  readonly ids: ArrayLike<number>;
  readonly last: string;
  readonly all: string;
}

/** Ids of marks in the chat template. */
const BEGIN = 1;
const HEADER = 2;
const END_HEADER = 3;
const END_TURN = 4;
const ROLES: Readonly<Record<string, number>> = { system: 10, user: 11, assistant: 12, tool: 13 };

function chatPrompt(body: ChatBody, tokenizer: Tokenizer): Prompt {
  const ids: number[] = [BEGIN];
  const texts: string[] = [];
  let last = '';
  for (const message of body.messages) {
    const text = messageText(message);
    const tokens = tokenizer.ids(tokenizer.pieces(text));
    ids.push(HEADER, ROLES[message.role] ?? 14, END_HEADER);
    for (const token of tokens) ids.push(token);
    ids.push(END_TURN);
    texts.push(text);
    if (message.role === 'user') last = text;
  }
  ids.push(HEADER, ROLES['assistant'] ?? 12, END_HEADER);
  return { ids, last, all: texts.join('\n') };
}

function textPrompt(body: CompletionBody, tokenizer: Tokenizer): Prompt {
  const { prompt } = body;
  const first = typeof prompt === 'string' ? prompt : prompt[0];
  if (typeof first === 'string') {
    const ids = [BEGIN, ...tokenizer.ids(tokenizer.pieces(first))];
    return { ids, last: first, all: first };
  }
  const ids = Array.isArray(first) ? first : toNumbers(prompt);
  const text = tokenizer.text(ids);
  return { ids, last: text, all: text };
}

const toNumbers = (prompt: CompletionBody['prompt']): number[] =>
  Array.isArray(prompt) ? prompt.flat().filter((one) => typeof one === 'number') : [];

type Body = ChatBody | CompletionBody;

/** A body's prompt as the engine reads it, template and start-of-text mark included. */
export function planPrompt(body: Body, tokenizer: Tokenizer): Prompt {
  return isChat(body) ? chatPrompt(body, tokenizer) : textPrompt(body, tokenizer);
}

/** Longest answer that is written when the caller names no limit. Source: no free answer is near it. */
const MOST_TOKENS = 16_384;

function limitOf(body: Body, room: number, kind: CompletionPlan['kind']): number {
  const asked = askedTokens(body);
  if (asked !== null) return asked;
  return Math.min(kind === 'chat' ? MOST_TOKENS : 16, room);
}

function checkLimits(
  config: SimConfig,
  promptTokens: number,
  asked: number | null,
): ApiError | null {
  if (asked !== null && asked < 1)
    return badRequest(`max_tokens must be at least 1, got ${asked}.`, 'max_tokens');
  const wanted = promptTokens + (asked ?? 1);
  if (wanted <= config.maxContext) return null;
  if (config.engine === 'sglang')
    return badRequest(
      `Requested token count exceeds the model's maximum context length of ${config.maxContext} tokens. You requested a total of ${wanted} tokens: ${promptTokens} tokens from the input messages and ${asked ?? 0} tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.`,
    );
  return badRequest(
    `This model's maximum context length is ${config.maxContext} tokens. However, you requested ${asked ?? 0} output tokens and your prompt contains ${promptTokens} input tokens, for a total of ${wanted} tokens. Please reduce the length of the input prompt or the number of requested output tokens.`,
  );
}

const stopsOf = (body: Body): string[] =>
  body.stop === null || body.stop === undefined ? [] : [body.stop].flat();

export interface PlanContext {
  readonly config: SimConfig;
  readonly tokenizer: Tokenizer;
  readonly id: number;
}

const askedTokens = (body: Body): number | null =>
  body.max_completion_tokens ?? body.max_tokens ?? null;

function isChat(body: Body): body is ChatBody {
  return 'messages' in body;
}

function toolCallOf(body: Body, question: string): ToolCallText | null {
  if (!isChat(body) || body.tool_choice === 'none') return null;
  return chooseToolCall(body.tools ?? [], question);
}

function replyTo(
  body: Body,
  prompt: Prompt,
  context: PlanContext & { readonly maxTokens: number; readonly answer: string | null },
): Reply {
  const { config, tokenizer, maxTokens, answer } = context;
  return composeReply(
    {
      model: config.model.id,
      question: { last: prompt.last, all: prompt.all },
      promptTokens: prompt.ids.length,
      maxTokens,
      ignoreEos: body.ignore_eos === true,
      stop: stopsOf(body),
      corruptionRate: config.corruptionRate,
      answer,
    },
    tokenizer,
  );
}

function refuse(body: Body, prompt: Prompt, config: SimConfig): ApiError | null {
  if ((body.n ?? 1) !== 1) return badRequest('n must be 1.', 'n');
  return checkLimits(config, prompt.ids.length, askedTokens(body));
}

/** Turns a body into work for the engine, or into the engine's refusal. */
export function planCompletion(body: Body, context: PlanContext): CompletionPlan | ApiError {
  const { config, tokenizer } = context;
  if (body.model !== undefined && body.model !== config.servedName)
    return notFoundModel(body.model);
  const prompt = planPrompt(body, tokenizer);
  const problem = refuse(body, prompt, config);
  if (problem !== null) return problem;
  return buildPlan(body, prompt, context);
}

function usageWishes(
  body: Body,
  config: SimConfig,
): Pick<CompletionPlan, 'includeUsage' | 'continuousUsage'> {
  const options = body.stream_options;
  return {
    includeUsage: options?.include_usage === true || config.forceUsage,
    continuousUsage: options?.continuous_usage_stats === true,
  };
}

function buildPlan(body: Body, prompt: Prompt, context: PlanContext): CompletionPlan {
  const { config, tokenizer, id } = context;
  const kind = isChat(body) ? 'chat' : 'text';
  const maxTokens = limitOf(body, config.maxContext - prompt.ids.length, kind);
  const call = toolCallOf(body, prompt.last);
  const reply = replyTo(body, prompt, { ...context, maxTokens, answer: call?.arguments ?? null });
  return {
    kind,
    request: {
      id,
      prompt: prompt.ids,
      output: tokenizer.ids(reply.pieces),
      maxTokens,
      finish: reply.finish,
      acceptance: ACCEPTANCE[textKind(prompt.last)],
    },
    reply,
    stream: body.stream === true,
    ...usageWishes(body, config),
    toolCall: call === null ? null : { name: call.name, arguments: reply.pieces.join('') },
    wantsLogprobs: body.logprobs === true,
    wantsPromptScores: typeof body.prompt_logprobs === 'number',
    isNative: false,
  };
}
