import { z } from 'zod';
import { badRequest } from './api-error.ts';
import { planPrompt } from './completion-plan.ts';
import { describeIssues, sendError } from './completion-routes.ts';
import type { Route } from './exchange.ts';
import { readJson, sendJson } from './http-io.ts';
import { ChatBody } from './request-body.ts';

const TextBody = z.looseObject({
  prompt: z.string(),
  /** Start-of-text mark in front, as a completion has it. */
  add_special_tokens: z.boolean().default(true),
});

/** Ids of a text or of a conversation with its template: those that a completion of it counts. */
export const tokenize: Route = async (exchange) => {
  const { service, request, response } = exchange;
  const { tokenizer } = service;
  const value: unknown = (await readJson(request))?.value;
  const text = TextBody.safeParse(value);
  const chat = ChatBody.safeParse(value);
  if (!text.success && !chat.success) {
    return sendError(exchange, badRequest(describeIssues(text.error)));
  }
  const tokens =
    text.success && !text.data.add_special_tokens
      ? tokenizer.ids(tokenizer.pieces(text.data.prompt))
      : Array.from(planPrompt(text.data ?? chat.data ?? { prompt: '' }, tokenizer).ids);
  sendJson(response, 200, {
    count: tokens.length,
    max_model_len: service.config.maxContext,
    tokens,
  });
};

const DetokenizeBody = z.looseObject({ tokens: z.array(z.number().int().min(0)) });

/** The way back; vLLM names the text `prompt`, SGLang `text`. */
export function createDetokenizeRoute(field: 'prompt' | 'text'): Route {
  return async (exchange) => {
    const { service, request, response } = exchange;
    const body = DetokenizeBody.safeParse((await readJson(request))?.value);
    if (!body.success) return sendError(exchange, badRequest(describeIssues(body.error)));
    sendJson(response, 200, { [field]: service.tokenizer.text(body.data.tokens) });
  };
}
