import type { SimConfig } from '../core/config.ts';
import type { FormatContext, UsageFacts } from './format-context.ts';
import { chatLogprobs, nativeBody, promptLogprobs } from './score-format.ts';

/** Writes the events of one stream in the engine's own form. */
export interface SseFormat {
  role(usage: UsageFacts): string;
  /** `finish` is set on the last content (vLLM puts the reason there, SGLang sends it apart). */
  content(text: string, finish: string | null, usage: UsageFacts): string;
  usage(usage: UsageFacts): string;
  done(): string;
}

const event = (body: unknown): string => `data: ${JSON.stringify(body)}\n\n`;

/** Cached tokens are told only when asked for at start and above zero. */
function usageBody(config: SimConfig, usage: UsageFacts): Record<string, unknown> {
  const details =
    config.cacheReport && usage.cachedTokens > 0 ? { cached_tokens: usage.cachedTokens } : null;
  return {
    prompt_tokens: usage.promptTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    completion_tokens: usage.completionTokens,
    prompt_tokens_details: details,
    ...(config.engine === 'sglang' ? { reasoning_tokens: 0 } : {}),
  };
}

function stopFields(context: FormatContext, finish: string | null): Record<string, unknown> {
  const matched = finish === 'stop' ? context.plan.reply.matchedStop : null;
  return context.config.engine === 'sglang' ? { matched_stop: matched } : { stop_reason: matched };
}

/** The `choices` entry of one streamed piece. */
function choice(
  context: FormatContext,
  text: string,
  finish: string | null,
): Record<string, unknown> {
  const { plan, config } = context;
  const head =
    plan.kind === 'text' ? { index: 0, text } : { index: 0, delta: deltaOf(config, text) };
  return { ...head, logprobs: null, finish_reason: finish, ...stopFields(context, finish) };
}

function deltaOf(config: SimConfig, text: string): Record<string, unknown> {
  return config.engine === 'sglang'
    ? { role: null, content: text, reasoning_content: null, tool_calls: null }
    : { content: text };
}

function envelope(context: FormatContext, choices: readonly unknown[]): Record<string, unknown> {
  const { plan, config, id, createdS } = context;
  return {
    id,
    object: plan.kind === 'chat' ? 'chat.completion.chunk' : 'text_completion',
    created: createdS,
    model: config.servedName,
    choices,
  };
}

/** Splits a rendered event around its text, so that most events are one join of three strings. */
function createTemplate(context: FormatContext): (text: string) => string {
  const mark = '@@text@@';
  const rendered = event(envelope(context, [choice(context, mark, null)]));
  const at = rendered.indexOf(`"${mark}"`);
  const before = rendered.slice(0, at);
  const after = rendered.slice(at + mark.length + 2);
  return (text) => before + JSON.stringify(text) + after;
}

function toolCallChoice(context: FormatContext): Record<string, unknown> {
  const call = context.plan.toolCall;
  const delta = {
    tool_calls: [
      {
        id: `call_${context.id.slice(-12)}`,
        index: 0,
        type: 'function',
        function: { name: call?.name ?? '', arguments: call?.arguments ?? '' },
      },
    ],
  };
  return { index: 0, delta, logprobs: null, finish_reason: null };
}

class ChunkFormat implements SseFormat {
  private readonly context: FormatContext;
  private readonly template: (text: string) => string;

  constructor(context: FormatContext) {
    this.context = context;
    this.template = createTemplate(context);
  }

  private withUsage(choices: readonly unknown[], usage: UsageFacts): string {
    const body = envelope(this.context, choices);
    if (this.context.plan.continuousUsage) body['usage'] = usageBody(this.context.config, usage);
    return event(body);
  }

  role(usage: UsageFacts): string {
    if (this.context.plan.kind === 'text') return '';
    const extra = this.context.config.engine === 'sglang' ? { reasoning_content: null } : {};
    const delta = { role: 'assistant', content: '', ...extra };
    return this.withUsage([{ index: 0, delta, logprobs: null, finish_reason: null }], usage);
  }

  content(text: string, finish: string | null, usage: UsageFacts): string {
    const { plan, config } = this.context;
    if (plan.toolCall !== null) return finish === null ? '' : this.toolCall(usage);
    const isSglang = config.engine === 'sglang';
    const piece =
      plan.continuousUsage || (finish !== null && !isSglang)
        ? this.withUsage([choice(this.context, text, isSglang ? null : finish)], usage)
        : this.template(text);
    if (finish === null || !isSglang) return piece;
    const last = this.withUsage([this.finishChoice(finish)], usage);
    return text === '' ? last : piece + last;
  }

  private toolCall(usage: UsageFacts): string {
    const finish = { ...this.finishChoice('tool_calls') };
    return this.withUsage([toolCallChoice(this.context)], usage) + this.withUsage([finish], usage);
  }

  private finishChoice(finish: string): Record<string, unknown> {
    const body = choice(this.context, '', finish);
    if (this.context.plan.kind === 'chat')
      body['delta'] = { role: null, content: null, reasoning_content: null, tool_calls: null };
    return body;
  }

  usage(usage: UsageFacts): string {
    if (!this.context.plan.includeUsage) return '';
    return event({
      ...envelope(this.context, []),
      usage: usageBody(this.context.config, usage),
    });
  }

  done(): string {
    return 'data: [DONE]\n\n';
  }
}

export function createSseFormat(context: FormatContext): SseFormat {
  return new ChunkFormat(context);
}

/** The answer to a request that does not stream. */
export function wholeBody(context: FormatContext, usage: UsageFacts): Record<string, unknown> {
  const { plan, config, id, createdS } = context;
  if (plan.isNative) return nativeBody(context, usage);
  const text = plan.reply.pieces.join('');
  const finish = plan.toolCall === null ? plan.reply.finish : 'tool_calls';
  const head =
    plan.kind === 'text' ? { index: 0, text } : { index: 0, message: messageOf(context, text) };
  return {
    id,
    object: plan.kind === 'chat' ? 'chat.completion' : 'text_completion',
    created: createdS,
    model: config.servedName,
    choices: [
      {
        ...head,
        logprobs: chatLogprobs(context),
        finish_reason: finish,
        ...stopFields(context, finish),
        ...promptLogprobs(context),
      },
    ],
    usage: usageBody(config, usage),
  };
}

function messageOf(context: FormatContext, text: string): Record<string, unknown> {
  const call = context.plan.toolCall;
  if (call === null)
    return { role: 'assistant', content: text, reasoning_content: null, tool_calls: null };
  const { delta } = toolCallChoice(context);
  return { role: 'assistant', content: null, ...(typeof delta === 'object' ? delta : {}) };
}
