import { z } from 'zod';

const Part = z.looseObject({ type: z.string(), text: z.string().optional() });
const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(Part), z.null()]).optional(),
});
export type ChatMessage = z.infer<typeof Message>;

const Common = {
  model: z.string().optional(),
  max_tokens: z.number().int().nullish(),
  max_completion_tokens: z.number().int().nullish(),
  temperature: z.number().min(0).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .looseObject({
      include_usage: z.boolean().nullish(),
      continuous_usage_stats: z.boolean().nullish(),
    })
    .nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  ignore_eos: z.boolean().nullish(),
  n: z.number().int().nullish(),
  logprobs: z.unknown().optional(),
  prompt_logprobs: z.number().int().min(0).nullish(),
} as const;

/** Body of /v1/chat/completions; unknown fields pass, as the engines let them. */
export const ChatBody = z.looseObject({
  ...Common,
  messages: z.array(Message).min(1),
  tools: z.array(z.unknown()).nullish(),
  tool_choice: z.unknown().optional(),
});
export type ChatBody = z.infer<typeof ChatBody>;

/** Body of /v1/completions: one text, or token ids, or one of either in a list. */
export const CompletionBody = z.looseObject({
  ...Common,
  prompt: z.union([
    z.string(),
    z.array(z.number().int().min(0)).min(1),
    z.array(z.string()).length(1),
    z.array(z.array(z.number().int().min(0)).min(1)).length(1),
  ]),
});
export type CompletionBody = z.infer<typeof CompletionBody>;

/** Body of SGLang's `/generate`, as far as scoring needs it. */
export const GenerateBody = z.looseObject({
  text: z.string().min(1),
  sampling_params: z.looseObject({ max_new_tokens: z.number().int().optional() }).optional(),
  return_logprob: z.boolean().optional(),
  logprob_start_len: z.number().int().optional(),
});

/** Text of a message; other parts than text count for nothing. */
export function messageText(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => part.text ?? '').join('\n');
}
