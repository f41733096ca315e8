import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { heldDeployments } from '../../mcp-server/core/ledger/lookup.ts';
import { CALL } from '../fakes/test-app.ts';
import { closeLlamaSessions, exampleOnPort, openLlamaSession } from './llamacpp-session.ts';

afterEach(closeLlamaSessions);

describe('a real llama.cpp server under the local backend', () => {
  test('starts from the example, answers a chat, streams under load, logs, and is gone with proof', async () => {
    const port = await findFreePort();
    const { tested, writer } = await openLlamaSession(exampleOnPort(port));
    const answer = await deployTrial(tested.app, { wait_s: 50 }, CALL);
    expect(answer).toMatchObject({ status: 'ready', outcome: { priceUsdPerHour: 0 } });
    const baseUrl = `http://127.0.0.1:${port}`;
    const load = createLoadGenerator();
    const reply = await load.complete(
      {
        baseUrl,
        model: 'gemma-3-270m',
        headers: {},
        body: { messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 8 },
        timeoutMs: 60_000,
      },
      CALL.signal,
    );
    expect(reply.status).toBe(200);
    const run = await load.run(
      {
        baseUrl,
        model: 'gemma-3-270m',
        headers: {},
        workload: {
          id: 'tiny',
          description: '',
          api: 'chat',
          text: 'random-words',
          exactOutput: true,
          components: [
            {
              weight: 1,
              inputTokens: 32,
              outputTokens: 8,
              sharedPrefixTokens: 0,
              prefixGroups: 1,
              repeatsOfEachPrompt: 1,
            },
          ],
        },
        loadPoint: { kind: 'closed', concurrency: 2, requests: 4 },
        seed: 1,
        repeat: 0,
        sampling: { temperature: 0 },
        extraBody: {},
        deadlineMs: 120_000,
        stallMs: 60_000,
        warmup: false,
      },
      { signal: CALL.signal },
    );
    const measured = run.records.filter((record) => record.phase === 'measure');
    expect(measured.map((record) => [record.failure, record.outputTokens])).toEqual(
      measured.map(() => [null, 8]),
    );
    expect(measured).toHaveLength(4);
    const stopped = await stopDeployments(tested.app, { final: false, wait_s: 50 }, CALL);
    expect(stopped.stopped[0]?.proof.join('\n')).toMatch(
      new RegExp(`process group \\d+: none\nport ${port}: closed`),
    );
    expect(heldDeployments(writer.state())).toEqual([]);
    const log = [...writer.state().evidence.values()].find(({ kind }) => kind === 'engine_log');
    expect(log).toBeDefined();
    if (log === undefined) return;
    expect(await tested.app.evidence.get(writer.sessionId, log)).toContain('print_timing');
  });

  test('a flag that the engine does not know is a crash with its exit code and its own words', async () => {
    const port = await findFreePort();
    const { tested } = await openLlamaSession(
      exampleOnPort(port).replace('--metrics', '--no-such-flag'),
    );
    const answer = await deployTrial(tested.app, { wait_s: 50 }, CALL);
    expect(answer).toMatchObject({ status: 'failed', outcome: { gone: true } });
    expect(JSON.stringify(answer.outcome)).toMatch(/exited \(1\).*--no-such-flag/);
  });

  test('a port that is taken is refused by its number, and whoever holds it is left alone', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { tested, writer } = await openLlamaSession(exampleOnPort(port));
    await expect(deployTrial(tested.app, { wait_s: 50 }, CALL)).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    expect(heldDeployments(writer.state())).toEqual([]);
    expect(server.listening).toBe(true);
    server.close();
  });
});
