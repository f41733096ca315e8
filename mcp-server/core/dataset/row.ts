import { z } from 'zod';

export const ChatMessage = z.looseObject({
  role: z.string().min(1).max(40),
  content: z.unknown().optional(),
});
export type ChatMessage = z.infer<typeof ChatMessage>;

/** One imported request in the form that all formats share. */
export const DatasetRow = z.strictObject({
  id: z.string().max(200),
  /** Line of the file that it came from; the first is 1. */
  line: z.number().int(),
  /** Recorded time of arrival. Units: ms. */
  tMs: z.number().nullable(),
  session: z.string().max(200).nullable(),
  messages: z.array(ChatMessage).nullable(),
  prompt: z.string().nullable(),
  /** Blocks of a prompt that was recorded without its text: an equal id stands for equal text. */
  prefixBlocks: z.array(z.number().int()).nullable(),
  /** Null when: the file does not tell. */
  inTokens: z.number().int().nullable(),
  outTokens: z.number().int().nullable(),
  /** Fields of the request body that are passed on as they are. */
  params: z.record(z.string(), z.unknown()),
});
export type DatasetRow = z.infer<typeof DatasetRow>;

export const DATASET_FORMATS = [
  'sharegpt',
  'openai',
  'openai-batch',
  'custom',
  'mooncake',
] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

/** One row, or why it is none. */
export type RowResult =
  | { readonly row: Omit<DatasetRow, 'line' | 'id'> & { readonly id: string | null } }
  | { readonly why: string };

/** What a row has unless its format says more. */
export const BARE_ROW = {
  id: null,
  tMs: null,
  session: null,
  messages: null,
  prompt: null,
  prefixBlocks: null,
  inTokens: null,
  outTokens: null,
  params: {},
} as const;

/**
 * Tokens of a text that nobody counted. Source: about four characters of English a token, OpenAI's rule of thumb.
 */
export function estimateTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}
