import type { Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readTokens } from '../../mcp-server/core/quality/greedy.ts';
import { SCORE_PROTOCOLS } from '../../mcp-server/core/quality/token-scores.ts';
import { parseProfilerContext } from '../../mcp-server/core/telemetry/graphsignal.ts';
import { parsePrometheus } from '../../mcp-server/core/telemetry/prometheus.ts';
import { launchEngine } from '../../mcp-server/simulator/core/launch.ts';
import { createSimServer } from '../../mcp-server/simulator/http/server.ts';
import { createSimService, type SimService } from '../../mcp-server/simulator/http/sim-service.ts';
import { baselineConfig, serviceConfig, VLLM_8B } from './configs.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const open: { server: Server; service: SimService }[] = [];

afterEach(() => {
  for (const { server, service } of open.splice(0)) {
    service.stop();
    server.closeAllConnections();
    server.close();
  }
});

async function serve(config = baselineConfig()): Promise<string> {
  const launched = launchEngine(config, { seed: 1, launchSeed: 1 });
  if (launched.kind !== 'ok') throw new Error('does not start');
  const service = createSimService({
    config,
    engine: launched.engine,
    onCrash: () => undefined,
    facts: {
      simulated: true,
      engine: config.engine,
      gpu: config.gpu.name,
      gpuCount: 1,
      model: config.servedName,
      priceUsdPerHour: 2.99,
      seed: 1,
      launchSeed: 1,
    },
    print: () => undefined,
  });
  service.setReady();
  const server = createSimServer(service);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ server, service });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const chat = (content: string, more: Record<string, unknown> = {}) => ({
  model: MODEL,
  messages: [{ role: 'user', content }],
  ...more,
});

const Chunk = z.looseObject({
  object: z.string().optional(),
  choices: z.array(
    z.looseObject({
      delta: z
        .looseObject({ role: z.string().nullish(), content: z.string().nullish() })
        .optional(),
      text: z.string().optional(),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: z
    .looseObject({
      prompt_tokens: z.number(),
      completion_tokens: z.number(),
      prompt_tokens_details: z.looseObject({ cached_tokens: z.number() }).nullish(),
    })
    .nullish(),
});

async function stream(
  url: string,
  body: unknown,
): Promise<{ chunks: z.infer<typeof Chunk>[]; last: string }> {
  const text = await (await post(url, body)).text();
  const data = text
    .split('\n\n')
    .filter((one) => one !== '')
    .map((one) => one.replace(/^data: /, ''));
  const last = data.pop() ?? '';
  return { chunks: data.map((one) => Chunk.parse(JSON.parse(one))), last };
}

const streamed = { stream: true, stream_options: { include_usage: true } };
const textOf = (chunks: readonly z.infer<typeof Chunk>[]): string =>
  chunks.flatMap((one) => one.choices[0]?.delta?.content ?? one.choices[0]?.text ?? []).join('');

describe('streams', () => {
  it('SGLang sends a role chunk, content, a finish chunk of its own, usage and [DONE]', async () => {
    const base = await serve();
    const { chunks, last } = await stream(
      `${base}/v1/chat/completions`,
      chat('Copy this text exactly and write nothing else: one two three', streamed),
    );
    expect(last).toBe('[DONE]');
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
    expect(textOf(chunks)).toBe('one two three');
    const finish = chunks.at(-2)?.choices[0];
    expect(finish?.finish_reason).toBe('stop');
    expect(finish?.delta?.content).toBeNull();
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(3);
  });

  it('vLLM puts the finish reason on the last content chunk', async () => {
    const base = await serve(serviceConfig(VLLM_8B));
    const { chunks } = await stream(
      `${base}/v1/chat/completions`,
      chat('tell me a story', { ...streamed, max_tokens: 5, ignore_eos: true }),
    );
    const contents = chunks.filter((one) => (one.choices[0]?.delta?.content ?? '') !== '');
    expect(contents).toHaveLength(5);
    expect(contents.at(-1)?.choices[0]?.finish_reason).toBe('length');
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 5 });
  });

  it('completions stream text and take token ids on vLLM', async () => {
    const base = await serve(serviceConfig(VLLM_8B));
    const { chunks } = await stream(`${base}/v1/completions`, {
      model: MODEL,
      prompt: Array.from({ length: 100 }, (_, index) => 1000 + index),
      max_tokens: 4,
      ignore_eos: true,
      ...streamed,
    });
    expect(chunks[0]?.object).toBe('text_completion');
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 4 });
  });

  it('a stream interval puts several tokens into an event and loses none', async () => {
    const base = await serve(baselineConfig('--stream-interval 8'));
    const body = chat('tell me a story', { ...streamed, max_tokens: 40, ignore_eos: true });
    const { chunks } = await stream(`${base}/v1/chat/completions`, body);
    const contents = chunks.filter((one) => (one.choices[0]?.delta?.content ?? '') !== '');
    expect(contents.length).toBeLessThan(9);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(40);
  });

  it('continuous usage counts up on every chunk', async () => {
    const base = await serve();
    const { chunks } = await stream(
      `${base}/v1/chat/completions`,
      chat('tell me a story', {
        stream: true,
        stream_options: { include_usage: true, continuous_usage_stats: true },
        max_tokens: 6,
      }),
    );
    const counts = chunks.flatMap((one) => one.usage?.completion_tokens ?? []);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.length).toBe(chunks.length);
  });
});

describe('usage', () => {
  it('tells cached tokens of a prompt that was sent before', async () => {
    const base = await serve();
    const body = chat('the same question again and again', { max_tokens: 4 });
    await post(`${base}/v1/chat/completions`, body);
    const second = Chunk.parse(await (await post(`${base}/v1/chat/completions`, body)).json());
    const prompt = second.usage?.prompt_tokens ?? 0;
    expect(second.usage?.prompt_tokens_details?.cached_tokens).toBe(prompt - 1);
    const samples = parsePrometheus(await (await fetch(`${base}/metrics`)).text());
    const cached = samples.find((one) => one.name === 'sglang:cached_tokens_total');
    // The template's first ids are shared by the first prompt with nothing: only the second prompt hits.
    expect(cached?.value).toBe(prompt - 1);
  });

  it('flushing the cache makes the prompt cold again', async () => {
    const base = await serve();
    const body = chat('the same question again and again', { max_tokens: 4 });
    await post(`${base}/v1/chat/completions`, body);
    expect((await post(`${base}/flush_cache`, '')).status).toBe(200);
    const second = Chunk.parse(await (await post(`${base}/v1/chat/completions`, body)).json());
    expect(second.usage?.prompt_tokens_details ?? null).toBeNull();
  });
});

describe('requests that are wrong', () => {
  it.each([
    ['no JSON', '{"messages": ['],
    ['no messages', { model: MODEL }],
    ['messages of the wrong type', { model: MODEL, messages: 'hello' }],
    ['no tokens asked for', chat('x', { max_tokens: 0 })],
    ['a negative temperature', chat('x', { temperature: -1 })],
    ['an array', []],
  ])('%s is answered with 400 in the engine’s shape', async (_name, body) => {
    const sglang = await post(`${await serve()}/v1/chat/completions`, body);
    expect(sglang.status).toBe(400);
    expect(await sglang.json()).toMatchObject({ object: 'error', code: 400 });
    const vllm = await post(`${await serve(serviceConfig(VLLM_8B))}/v1/chat/completions`, body);
    expect(vllm.status).toBe(400);
    expect(await vllm.json()).toMatchObject({ error: { code: 400 } });
  });

  it('a context that is too long is refused in the engine’s words', async () => {
    const base = await serve(baselineConfig('--context-length 128'));
    const answer = await post(`${base}/v1/chat/completions`, chat('word '.repeat(300)));
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain(
      "Requested token count exceeds the model's maximum context length of 128 tokens",
    );
  });

  it('another model is not found, another path neither, another method not allowed', async () => {
    const base = await serve();
    expect((await post(`${base}/v1/chat/completions`, { ...chat('x'), model: 'gpt' })).status).toBe(
      404,
    );
    expect((await fetch(`${base}/v2/anything`)).status).toBe(404);
    expect((await fetch(`${base}/v1/chat/completions`)).status).toBe(405);
  });

  it('a caller that goes away frees its place', async () => {
    const base = await serve();
    const abort = new AbortController();
    const body = chat('x', { stream: true, max_tokens: 5000, ignore_eos: true });
    const answer = await fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: abort.signal,
    });
    await answer.body?.getReader().read();
    abort.abort();
    await expect
      .poll(async () => {
        const samples = parsePrometheus(await (await fetch(`${base}/metrics`)).text());
        return samples.find((one) => one.name === 'sglang:num_running_reqs')?.value;
      })
      .toBe(0);
  });

  it('a key is asked for when the engine was started with one', async () => {
    const base = await serve(baselineConfig('--api-key secret-word'));
    expect((await fetch(`${base}/v1/models`)).status).toBe(401);
    const headers = { authorization: 'Bearer secret-word' };
    expect((await fetch(`${base}/v1/models`, { headers })).status).toBe(200);
    const info = await (await fetch(`${base}/server_info`, { headers })).text();
    expect(info).not.toContain('secret-word');
  });
});

describe('the rest of the surface', () => {
  it('says everywhere that it is simulated', async () => {
    const base = await serve();
    expect(await (await fetch(`${base}/autodebug/simulated`)).json()).toMatchObject({
      simulated: true,
      gpu: 'H100',
      model: MODEL,
      priceUsdPerHour: 2.99,
      seed: 1,
      launchSeed: 1,
    });
    expect(await (await fetch(`${base}/server_info`)).json()).toMatchObject({
      simulated: true,
      chunked_prefill_size: 8192,
      cuda_graph_max_bs: 256,
    });
    const vllm = await serve(serviceConfig(VLLM_8B));
    expect(await (await fetch(`${vllm}/version`)).json()).toMatchObject({
      simulated: true,
      version: '0.15.0',
    });
  });

  it('lists the model with its owner and length', async () => {
    const base = await serve(serviceConfig(VLLM_8B));
    expect(await (await fetch(`${base}/v1/models`)).json()).toMatchObject({
      data: [{ id: MODEL, owned_by: 'vllm', max_model_len: 32768 }],
    });
  });

  it('SGLang serves metrics only when asked at start', async () => {
    const config = serviceConfig(`python -m sglang.launch_server --model-path ${MODEL}`);
    expect((await fetch(`${await serve(config)}/metrics`)).status).toBe(404);
  });

  it('vLLM counts tokens and turns them back into text', async () => {
    const base = await serve(serviceConfig(VLLM_8B));
    const text = 'The quick brown fox, 12345 times.';
    const { tokens, count } = z
      .object({ tokens: z.array(z.number()), count: z.number() })
      .loose()
      .parse(
        await (
          await post(`${base}/tokenize`, { model: MODEL, prompt: text, add_special_tokens: false })
        ).json(),
      );
    expect(tokens).toHaveLength(count);
    expect(await (await post(`${base}/detokenize`, { model: MODEL, tokens })).json()).toEqual({
      prompt: text,
    });
  });

  it.each([VLLM_8B, `python -m sglang.launch_server --model-path ${MODEL}`])(
    'the tokenizer counts what a completion counts, template included: %s',
    async (command) => {
      const base = await serve(serviceConfig(command));
      const answer = z.looseObject({ count: z.number() });
      const usage = z.looseObject({ usage: z.looseObject({ prompt_tokens: z.number() }) });
      const { messages } = chat('Responsibilities, 12345 times.', {});
      for (const [path, prompt] of [
        ['/v1/chat/completions', { messages }],
        ['/v1/completions', { prompt: 'Responsibilities, 12345 times.' }],
      ] as const) {
        const counted = answer.parse(await (await post(`${base}/tokenize`, prompt)).json());
        const asked = await post(`${base}${path}`, { model: MODEL, max_tokens: 1, ...prompt });
        expect(usage.parse(await asked.json()).usage.prompt_tokens).toBe(counted.count);
      }
      expect((await post(`${base}/tokenize`, { prompt: 7 })).status).toBe(400);
    },
  );

  it('histograms of the engine agree with what was served', async () => {
    const base = await serve(serviceConfig(VLLM_8B));
    await post(`${base}/v1/chat/completions`, chat('tell me a story', { max_tokens: 20 }));
    const samples = parsePrometheus(await (await fetch(`${base}/metrics`)).text());
    const value = (name: string): number | undefined =>
      samples.find((one) => one.name === name)?.value;
    expect(value('vllm:generation_tokens_total')).toBe(20);
    expect(value('vllm:time_to_first_token_seconds_count')).toBe(1);
    expect(value('vllm:request_success_total')).toBeDefined();
  });

  it('answers the profiler’s question about a window from what ran in it', async () => {
    const base = await serve();
    const startMs = Date.now();
    await post(`${base}/v1/chat/completions`, chat('tell me a story', { max_tokens: 30 }));
    const ns = (ms: number): string => `${BigInt(ms) * 1_000_000n}`;
    const ask = async (from: number, to: number): Promise<string> => {
      const url = `${base}/autodebug/graphsignal?start_time_ns=${ns(from)}&end_time_ns=${ns(to)}`;
      return z.object({ context: z.string() }).parse(await (await fetch(url)).json()).context;
    };
    const context = parseProfilerContext(await ask(startMs - 10, Date.now() + 10));
    expect(context.operations.map((one) => `${one.category}.${one.name}`)).toContain(
      'sglang.scheduler.Scheduler.run_batch',
    );
    expect(context.metrics.map((one) => one.name)).toContain('sglang.gen_throughput');
    expect(context.spans[0]?.counters['sglang.usage.completion_tokens']).toBe(30);
    expect(context.resources[0]?.attributes['sglang.startup.chunked_prefill_size']).toBe('8192');
    expect(await ask(startMs - 9000, startMs - 8000)).toBe('');
    expect((await fetch(`${base}/autodebug/graphsignal?start_time_ns=x`)).status).toBe(400);
  });

  it('tells log-probabilities of a chat’s tokens when asked, and none else', async () => {
    const base = await serve();
    const body = chat('tell me a story', { max_tokens: 12 });
    const asked = await post(`${base}/v1/chat/completions`, {
      ...body,
      logprobs: true,
      top_logprobs: 2,
    });
    const answer: unknown = await asked.json();
    expect(readTokens(answer)).toHaveLength(12);
    expect(readTokens(answer)?.every((token) => token.logprob < 0)).toBe(true);
    expect(readTokens(await (await post(`${base}/v1/chat/completions`, body)).json())).toBeNull();
  });

  it.each([
    ['sglang', 'generate'],
    ['vllm', 'prompt-logprobs'],
  ] as const)('scores a given text as %s does, worse with lossy weights', async (engine, id) => {
    const route = SCORE_PROTOCOLS.find((one) => one.id === id);
    const text = 'The harbour wakes before the sun and the first boats leave without a sound.';
    const scoreWith = async (corruptionRate: number) => {
      const sound = engine === 'vllm' ? serviceConfig(VLLM_8B) : baselineConfig();
      const base = await serve({ ...sound, corruptionRate });
      const reply = await post(`${base}${route?.path}`, route?.body(text) ?? {});
      return route?.read(await reply.json())?.logprobs ?? [];
    };
    const [sound, lossy] = [await scoreWith(0), await scoreWith(0.004)];
    const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
    expect(sound.length).toBeGreaterThan(10);
    expect(sum(lossy)).toBeLessThan(sum(sound) - 0.1);
  });
});
