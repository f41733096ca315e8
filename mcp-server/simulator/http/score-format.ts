import { type SimScore, scoreTokens } from '../core/text/score.ts';
import type { FormatContext, UsageFacts } from './format-context.ts';

/** Log-probabilities of a chat answer as the OpenAI API tells them. Null when: the caller asked for none. */
export function chatLogprobs({ plan, config }: FormatContext): Record<string, unknown> | null {
  if (!plan.wantsLogprobs || plan.kind !== 'chat' || plan.toolCall !== null) return null;
  const scores = scoreTokens({
    ids: plan.request.output,
    corruptionRate: config.corruptionRate,
    request: plan.request.id,
    isOwn: true,
  });
  const content = scores.map((score, index) => {
    const token = plan.reply.pieces[index] ?? '';
    const next = { token: '…', logprob: score.logprob - score.gap, bytes: null };
    const own = { token, logprob: score.logprob, bytes: null };
    return { ...own, top_logprobs: [own, next] };
  });
  return { content };
}

function promptScores({ plan, config }: FormatContext): readonly SimScore[] {
  return scoreTokens({
    ids: plan.request.prompt,
    corruptionRate: config.corruptionRate,
    request: plan.request.id,
    isOwn: false,
  });
}

/** vLLM's `prompt_logprobs`: an object by token id per place, null for the first. Absent when: none were asked for. */
export function promptLogprobs(context: FormatContext): Record<string, unknown> {
  if (!context.plan.wantsPromptScores || context.config.engine !== 'vllm') return {};
  const list = promptScores(context).map((score, index) =>
    index === 0
      ? null
      : {
          [score.id]: ranked(score.logprob, score.topId === score.id ? 1 : 2),
          ...(score.topId === score.id ? {} : { [score.topId]: ranked(score.topLogprob, 1) }),
        },
  );
  return { prompt_logprobs: list };
}

const ranked = (logprob: number, rank: number): Record<string, unknown> => ({
  logprob,
  rank,
  decoded_token: null,
});

/** The body of SGLang's `/generate`. */
export function nativeBody(context: FormatContext, usage: UsageFacts): Record<string, unknown> {
  const { plan, id } = context;
  const scores = plan.wantsPromptScores ? promptScores(context) : [];
  const scored = {
    input_token_logprobs: scores.map((score, at) => [
      at === 0 ? null : score.logprob,
      score.id,
      null,
    ]),
    input_top_logprobs: scores.map((score, at) =>
      at === 0 ? null : [[score.topLogprob, score.topId, null]],
    ),
  };
  return {
    text: plan.reply.pieces.join(''),
    meta_info: {
      id,
      finish_reason: { type: plan.reply.finish },
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
      cached_tokens: usage.cachedTokens,
      ...(plan.wantsPromptScores ? scored : {}),
    },
  };
}
