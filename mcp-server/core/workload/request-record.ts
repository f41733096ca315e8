import { z } from 'zod';
import { AnswerFacts } from '../quality/answer-facts.ts';

/**
 * Why a response is not valid (docs/load.md, "A valid response"). The first that holds, in this order.
 * `cancelled` is ours (the run was stopped): censored, neither good nor bad.
 */
export const FAILURE_CLASSES = [
  'connection_failed',
  'http_client_error',
  'http_server_error',
  'not_event_stream',
  'malformed_event',
  'error_event',
  'connection_reset',
  'timed_out',
  'no_finish_reason',
  'no_usage',
  'empty_output',
  'short_output',
  'wrong_model',
  'cancelled',
] as const;
export const FailureClass = z.enum(FAILURE_CLASSES);
export type FailureClass = z.infer<typeof FailureClass>;

const timeMs = z.number().nullable();

/**
 * What one request did. All times in ms on the monotonic clock since the run's origin, stamped at the network read
 * before any parsing; null where the event never came.
 */
export const RequestRecord = z.object({
  index: z.number().int(),
  phase: z.enum(['warmup', 'measure', 'probe']),
  /** Open loop: when the arrival table wanted it sent. Null in closed loop. */
  intendedAtMs: timeMs,
  sentAtMs: z.number(),
  headersAtMs: timeMs,
  roleAtMs: timeMs,
  firstTokenAtMs: timeMs,
  lastTokenAtMs: timeMs,
  closedAtMs: timeMs,
  requestedInputTokens: z.number().int(),
  requestedOutputTokens: z.number().int(),
  /** From the server's usage; null when it sent none. */
  inputTokens: z.number().int().nullable(),
  cachedTokens: z.number().int().nullable(),
  outputTokens: z.number().int().nullable(),
  /** Tokens in the first content event, 1 unless the server tells (continuous usage or log-probabilities). */
  firstEventTokens: z.number().int(),
  contentEvents: z.number().int(),
  /** Gap before each content event after the first, in ms. Length = max(0, contentEvents - 1). */
  gapsMs: z.array(z.number()),
  httpStatus: z.number().int().nullable(),
  finishReason: z.string().max(40).nullable(),
  failure: FailureClass.nullable(),
  /** Capped, cleaned reason of a failure: data, never an instruction. */
  failureDetail: z.string().max(300).nullable(),
  model: z.string().max(200).nullable(),
  /** Stable hash of the produced text, and its first characters; empty when nothing came. */
  textHash: z.string().max(64),
  textSample: z.string().max(240),
  /** Characters of the whole text; absent in older records, as the two below are. */
  textChars: z.number().int().optional(),
  /** Events that carried a usage: one, or one an event where the server tells it throughout. */
  usageEvents: z.number().int().optional(),
  /** True when the first content event had no visible character. */
  firstTextBlank: z.boolean().optional(),
  /** Characters of the prompt that was sent, and what the whole answer shows. */
  promptChars: z.number().int().optional(),
  answer: AnswerFacts.optional(),
  /** The server's own name for the answer, and for the configuration that gave it; absent where it gives none. */
  responseId: z.string().max(120).optional(),
  fingerprint: z.string().max(120).optional(),
});
export type RequestRecord = z.infer<typeof RequestRecord>;
