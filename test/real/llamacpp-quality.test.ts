import { afterEach, describe, expect, test } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { agreements, readTokens, WITH_LOGPROBS } from '../../mcp-server/core/quality/greedy.ts';
import { SCORE_PROTOCOLS } from '../../mcp-server/core/quality/token-scores.ts';
import { CALL } from '../fakes/test-app.ts';
import { closeLlamaSessions, exampleOnPort, openLlamaSession } from './llamacpp-session.ts';

afterEach(closeLlamaSessions);

async function serve(): Promise<string> {
  const port = await findFreePort();
  const { tested } = await openLlamaSession(exampleOnPort(port));
  await deployTrial(tested.app, { wait_s: 50 }, CALL);
  return `http://127.0.0.1:${port}`;
}

describe('what a real llama.cpp server tells about its outputs', () => {
  test('it tells log-probabilities of generated tokens with a runner-up, and scores no given text', async () => {
    const baseUrl = await serve();
    const load = createLoadGenerator();
    const ask = (path: string | undefined, body: Readonly<Record<string, unknown>>) =>
      load.complete(
        { path, baseUrl, model: 'gemma-3-270m', headers: {}, body, timeoutMs: 60_000 },
        CALL.signal,
      );
    const messages = [{ role: 'user', content: 'The boats leave the harbour and' }];
    const body = { messages, temperature: 0, max_tokens: 16, ...WITH_LOGPROBS };
    const [first, second] = [await ask(undefined, body), await ask(undefined, body)];
    const tokens = readTokens(first.body);
    expect(tokens?.length).toBeGreaterThan(3);
    expect(tokens?.every((token) => token.gap !== null && token.gap >= 0)).toBe(true);
    const [same] = agreements(
      [{ id: 'a', text: first.text, tokens }],
      [{ id: 'a', text: second.text, tokens: readTokens(second.body) }],
    );
    expect(same?.share).toBeGreaterThan(0);
    for (const route of SCORE_PROTOCOLS) {
      const reply = await ask(route.path, route.body('The boats leave the harbour.'));
      expect(route.read(reply.body)).toBeNull();
    }
  });
});
