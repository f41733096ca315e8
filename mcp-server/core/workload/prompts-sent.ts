import { z } from 'zod';
import { canonicalJson } from '../contract/canonical-json.ts';
import { quantile } from '../stats/quantile.ts';
import type { PlannedRequest } from './planned-request.ts';
import type { TokenCalibration } from './token-calibration.ts';

/**
 * How the lengths of prompts were reached: as token ids, by the service's own tokenizer, by the mean tokens of a word as
 * its usage counts them, by an assumed mean, or not at all, since the requests were imported.
 */
const PromptSizing = z.enum([
  'token_ids',
  'server_tokenizer',
  'calibrated_words',
  'assumed_words',
  'imported',
]);
type PromptSizing = z.infer<typeof PromptSizing>;

/** What one run asked, in the order of its plan. A run that was stopped asked the first of these only. */
export const PromptsSent = z.object({
  sizing: PromptSizing,
  count: z.number().int(),
  /** Planned prompt tokens, template included. Null when: nothing was planned. */
  lengths: z.object({ min: z.number(), p50: z.number(), max: z.number() }).nullable(),
  /** Over the hash of each request: what stands in its body as prompt, messages or token ids, the longest answer, and what an imported one brings. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type PromptsSent = z.infer<typeof PromptsSent>;

/** The record of a plan. `hash` is SHA-256 in hex. */
export function describePrompts(
  plan: readonly PlannedRequest[],
  how: {
    readonly calibration: TokenCalibration;
    readonly isImported: boolean;
    readonly hash: (text: string) => string;
  },
): PromptsSent {
  const lengths = plan.map((planned) => planned.inputTokens);
  const p50 = quantile(lengths, 0.5);
  const each = plan.map((planned) => how.hash(canonicalJson(askOf(planned))));
  return {
    sizing: how.isImported ? 'imported' : sizingOf(how.calibration),
    count: plan.length,
    lengths: p50 === null ? null : { min: Math.min(...lengths), p50, max: Math.max(...lengths) },
    sha256: how.hash(each.join('\n')),
  };
}

function askOf(planned: PlannedRequest): Readonly<Record<string, unknown>> {
  return {
    prompt: planned.messages ?? planned.tokenIds ?? planned.prompt,
    maxTokens: planned.outputTokens,
    params: planned.params,
  };
}

function sizingOf({ words, isAssumed }: TokenCalibration): PromptSizing {
  if (words?.ids !== undefined) return 'token_ids';
  if (words !== undefined) return 'server_tokenizer';
  return isAssumed === true ? 'assumed_words' : 'calibrated_words';
}
