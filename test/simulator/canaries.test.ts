import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../mcp-server/core/quality/answer.ts';
import { buildCanaries } from '../../mcp-server/core/quality/canaries.ts';
import { createTokenizer } from '../../mcp-server/simulator/core/text/tokenizer.ts';
import { planCompletion } from '../../mcp-server/simulator/http/completion-plan.ts';
import { ChatBody } from '../../mcp-server/simulator/http/request-body.ts';
import { wholeBody } from '../../mcp-server/simulator/http/sse-format.ts';
import { baselineConfig, serviceConfig } from './configs.ts';

function askAll(config: ReturnType<typeof baselineConfig>, seed: number): string[] {
  const tokenizer = createTokenizer(config.model.vocab);
  return buildCanaries(seed).flatMap((canary) => {
    const body = ChatBody.parse({
      model: config.servedName,
      messages: [{ role: 'user', content: canary.prompt }],
      ...canary.body,
    });
    const plan = planCompletion(body, { config, tokenizer, id: 1 });
    if ('status' in plan) return [canary.id];
    const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 };
    const answer = readAnswer(wholeBody({ plan, config, id: 'x', createdS: 0 }, usage));
    return answer !== null && canary.grade(answer) ? [] : [canary.id];
  });
}

describe('quality of simulated answers', () => {
  it('a healthy model answers all twenty canaries of several seeds', () => {
    for (const seed of [1, 2, 3, 17, 400]) expect(askAll(baselineConfig(), seed)).toEqual([]);
  });

  it('8-bit weights leave the canaries alone', () => {
    const config = baselineConfig('--quantization fp8');
    expect(config.corruptionRate).toBeGreaterThan(0);
    expect(askAll(config, 1).length).toBeLessThanOrEqual(1);
  });

  it('a broken combination fails most of them', () => {
    const config = serviceConfig(
      'python -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct --kv-cache-dtype fp8_e5m2 --attention-backend flashinfer --speculative-algorithm EAGLE3 --speculative-draft-model-path some/draft',
    );
    expect(askAll(config, 1).length).toBeGreaterThan(8);
  });
});
