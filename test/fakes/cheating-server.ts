import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keyedRandom } from '../../mcp-server/core/workload/keyed-random.ts';
import { COMMON_WORDS } from '../../mcp-server/core/workload/words.ts';

/** Ways to look better than one is. `honest` is none of them. */
export const CHEATS = [
  'honest',
  'blank_first_chunk',
  'early_first_chunk',
  'cached_answers',
  'near_cached_answers',
  'hidden_prefix_cache',
  'fewer_tokens',
  'inflated_usage',
  'split_events',
  'early_stop',
  'shortened_answers',
  'never_stops',
  'other_model_named',
  'other_model_served',
  'silent_other_model',
  'shrunk_prompt',
  'overcounted_prompt',
  'silently_truncated_prompt',
  'flat_first_token',
  'buffering_proxy',
  'sleeping_proxy',
  'whole_answer_at_once',
  'rejects_under_load',
  'rate_limits',
  'turns_long_prompts_away',
  'lets_requests_wait',
  'drops_connections',
  'error_in_stream',
  'hides_usage',
  'blank_answers',
  'garbled_1_percent',
  'garbled_5_percent',
  'repetition',
  'special_tokens',
  'broken_characters',
  'duplicate_usage',
  'answers_beside_the_engine',
  'counts_other_prompts',
  'invented_answers',
  'claims_cached',
  'canned_answer',
  'context_shrunk',
  'fast_on_known_prompts',
] as const;
export type Cheat = (typeof CHEATS)[number];

/** What the honest engine needs. Units: ms. */
export const HONEST = { firstMs: 4, prefillMsPerToken: 0.08, decodeMs: 4 } as const;
const OVERHEAD_TOKENS = 12;

export interface CheatingServer {
  readonly url: string;
  /** The engine's own counters, which a proxy in front of it cannot change. */
  counters(): { promptTokens: number; generationTokens: number; ttftMeanMs: number };
  close(): Promise<void>;
}

interface State {
  readonly cheat: Cheat;
  readonly seen: Set<string>;
  active: number;
  count: number;
  promptTokens: number;
  generationTokens: number;
  ttftSumMs: number;
  ttftCount: number;
}

/** An engine that does the work of its prompts, with one thing in front of it or in it that does not. */
export async function startCheatingServer(cheat: Cheat): Promise<CheatingServer> {
  const state: State = {
    cheat,
    seen: new Set(),
    active: 0,
    count: 0,
    promptTokens: 0,
    generationTokens: 0,
    ttftSumMs: 0,
    ttftCount: 0,
  };
  const server = createServer((request, response) => {
    void answer(state, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counters: () => ({
      promptTokens: state.promptTokens,
      generationTokens: state.generationTokens,
      ttftMeanMs: state.ttftSumMs / Math.max(1, state.ttftCount),
    }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const words = (text: string): string[] => text.trim().split(/\s+/);

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function answer(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { cheat } = state;
  if (request.method === 'GET') {
    const id = cheat === 'other_model_served' ? 'small-model' : 'fake';
    const limit = cheat === 'context_shrunk' ? 4096 : 32_768;
    sendJson(response, 200, { data: [{ id, max_model_len: limit }] });
    return;
  }
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Record<string, unknown>;
  const prompt = (body['messages'] as { content: string }[]).map((one) => one.content).join(' ');
  if (body['stream'] !== true) {
    const content = answerWords(state, prompt, 5).join(' ');
    const usage = { prompt_tokens: words(prompt).length + OVERHEAD_TOKENS, completion_tokens: 5 };
    sendJson(response, 200, {
      model: 'fake',
      choices: [{ message: { content }, finish_reason: 'length' }],
      usage,
    });
    return;
  }
  state.active += 1;
  state.count += 1;
  try {
    await new Stream(state, response, { prompt, body, number: state.count }).run();
  } finally {
    state.active -= 1;
  }
}

/** What the model says to a prompt: follows from it, as greedy decoding does. */
function answerWords(state: State, prompt: string, count: number): string[] {
  const model = state.cheat === 'silent_other_model' ? 'other' : 'one';
  const about = state.cheat === 'canned_answer' ? 'anything' : prompt;
  const random = keyedRandom(['answer', model, about]);
  const said: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const word = COMMON_WORDS[random.int(0, COMMON_WORDS.length - 1)] ?? 'the';
    said.push(spoil(state.cheat, word, { index, random }));
  }
  return said;
}

function spoil(
  cheat: Cheat,
  word: string,
  at: { readonly index: number; readonly random: ReturnType<typeof keyedRandom> },
): string {
  const share = cheat === 'garbled_1_percent' ? 0.01 : cheat === 'garbled_5_percent' ? 0.05 : 0;
  const draw = at.random.unit();
  if (draw < share) return ['xqzvkwtr', 'woжrd', 'rEtUrN', 'a9b', 'th#e'][at.index % 5] ?? '';
  if (cheat === 'blank_answers') return ' ';
  if (cheat === 'repetition') return ['and', 'so', 'on'][at.index % 3] ?? '';
  if (cheat === 'special_tokens' && at.index === 2) return '<|im_end|>';
  return cheat === 'broken_characters' && at.index === 3 ? 'na\ufffdve' : word;
}

interface Ask {
  readonly prompt: string;
  readonly body: Record<string, unknown>;
  readonly number: number;
}

class Stream {
  private readonly startMs = performance.now();
  private readonly promptTokens: number;
  private readonly limit: number;
  private held = '';
  private heldEvents = 0;

  private readonly state: State;
  private readonly response: ServerResponse;
  private readonly ask: Ask;

  constructor(state: State, response: ServerResponse, ask: Ask) {
    this.state = state;
    this.response = response;
    this.ask = ask;
    this.promptTokens = words(ask.prompt).length + OVERHEAD_TOKENS;
    this.limit = Number(ask.body['max_tokens']);
  }

  private get cheat(): Cheat {
    return this.state.cheat;
  }

  async run(): Promise<void> {
    if (this.refuses()) return;
    this.response.writeHead(200, { 'content-type': 'text/event-stream' });
    this.response.flushHeaders();
    const isFast = this.isKnown();
    if (this.cheat === 'blank_first_chunk') this.text(' ');
    const count = this.tokenCount();
    const said = answerWords(this.state, this.ask.prompt, count);
    if (this.cheat === 'early_first_chunk') this.text(`${said.shift() ?? ''} `);
    await sleep(isFast ? 0 : this.prefillMs());
    this.state.promptTokens += this.cheat === 'counts_other_prompts' ? 10 : this.promptTokens;
    this.state.ttftSumMs += performance.now() - this.startMs;
    this.state.ttftCount += 1;
    await this.decode(said, isFast);
    if (!this.response.destroyed) this.finish(count);
  }

  /** Turned away, left waiting or cut. */
  private refuses(): boolean {
    const { cheat, response } = this;
    const isLong = this.promptTokens > 250;
    const isBusy = this.state.active > 6;
    if (cheat === 'rejects_under_load' && isBusy) sendJson(response, 503, { error: 'busy' });
    else if (cheat === 'rate_limits' && this.ask.number % 5 === 0) sendJson(response, 429, {});
    else if (cheat === 'turns_long_prompts_away' && isLong) sendJson(response, 413, {});
    else if (cheat === 'drops_connections' && this.ask.number % 6 === 0) response.destroy();
    else return cheat === 'lets_requests_wait' && this.ask.number % 8 === 0;
    return true;
  }

  /** True when the answer, or the prompt's cache, is there already and nothing is computed. */
  private isKnown(): boolean {
    const { cheat, state } = this;
    const { prompt } = this.ask;
    const key = cheat === 'near_cached_answers' ? words(prompt).slice(0, -1).join(' ') : prompt;
    const isSeen = state.seen.has(key);
    state.seen.add(key);
    const keeps = ['cached_answers', 'near_cached_answers', 'fast_on_known_prompts'];
    return isSeen && keeps.includes(cheat);
  }

  private prefillMs(): number {
    const { cheat, promptTokens } = this;
    if (cheat === 'flat_first_token' || cheat === 'invented_answers') return HONEST.firstMs;
    const isHidden = cheat === 'hidden_prefix_cache' && this.wasSeenBefore();
    const kept = cheat === 'shrunk_prompt' || cheat === 'silently_truncated_prompt' ? 0.25 : 1;
    const tokens = isHidden ? 0 : promptTokens * kept;
    return HONEST.firstMs + tokens * HONEST.prefillMsPerToken;
  }

  private wasSeenBefore(): boolean {
    const key = `prefix ${this.ask.prompt}`;
    const isSeen = this.state.seen.has(key);
    this.state.seen.add(key);
    return isSeen;
  }

  /** Tokens that are really made. */
  private tokenCount(): number {
    const { cheat, limit } = this;
    if (cheat === 'fewer_tokens') return Math.ceil(limit / 2);
    if (cheat === 'early_stop') return Math.ceil(limit / 2);
    if (this.ask.body['ignore_eos'] === true || cheat === 'never_stops') return limit;
    const natural = keyedRandom(['length', this.ask.prompt]).int(
      Math.round(limit * 0.5),
      Math.round(limit * 0.9),
    );
    return cheat === 'shortened_answers' ? Math.round(natural * 0.6) : natural;
  }

  private async decode(said: readonly string[], isFast: boolean): Promise<void> {
    const { cheat } = this;
    const gapMs = isFast || cheat === 'invented_answers' ? 0 : HONEST.decodeMs;
    if (cheat !== 'answers_beside_the_engine' || this.ask.number % 3 !== 0) {
      this.state.generationTokens += said.length + (cheat === 'early_first_chunk' ? 1 : 0);
    }
    if (cheat === 'whole_answer_at_once') {
      await sleep(said.length * gapMs);
      this.text(`${said.join(' ')} `);
      return;
    }
    let dueMs = performance.now();
    for (const [index, word] of said.entries()) {
      if (cheat === 'error_in_stream' && this.ask.number % 6 === 0 && index === 5) {
        this.event({ error: { message: 'worker died' } });
      }
      this.word(word, index);
      // a step that was late delays the next one: an engine does not catch up
      const isBehindProxy = cheat === 'sleeping_proxy';
      dueMs = (isBehindProxy ? dueMs : Math.max(dueMs, performance.now() - gapMs)) + gapMs;
      if (cheat === 'sleeping_proxy' && index % 8 !== 7) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      else if (gapMs === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private word(word: string, index: number): void {
    if (this.cheat !== 'split_events') {
      this.text(index === 0 ? word : ` ${word}`);
      return;
    }
    for (const letter of ` ${word}`) this.text(letter);
  }

  private finish(made: number): void {
    const { cheat, limit } = this;
    const claimed = cheat === 'fewer_tokens' ? limit : made;
    const asked = this.ask.body['ignore_eos'] === true;
    const reason = claimed >= limit || (asked && cheat !== 'early_stop') ? 'length' : 'stop';
    this.event({ choices: [{ delta: {}, finish_reason: reason }] });
    const usage = {
      prompt_tokens: this.claimedPrompt(),
      completion_tokens: cheat === 'inflated_usage' ? limit + 4 : claimed,
      prompt_tokens_details: {
        cached_tokens: cheat === 'claims_cached' ? Math.round(this.promptTokens * 0.8) : 0,
      },
    };
    const isHidden = cheat === 'hides_usage' && this.ask.number % 4 === 0;
    if (!isHidden) this.event({ choices: [], usage });
    if (cheat === 'duplicate_usage') this.event({ choices: [], usage });
    this.write('data: [DONE]\n\n');
    this.flush();
    this.response.end();
  }

  private claimedPrompt(): number {
    if (this.cheat === 'shrunk_prompt') return Math.round(this.promptTokens / 4);
    if (this.cheat === 'overcounted_prompt') return Math.round(this.promptTokens * 1.5);
    return this.promptTokens;
  }

  private text(content: string): void {
    this.event({ choices: [{ delta: { content } }] });
  }

  private event(value: Record<string, unknown>): void {
    const model = this.cheat === 'other_model_named' ? 'small-model' : 'fake';
    this.write(`data: ${JSON.stringify({ model, ...value })}\n\n`);
  }

  private write(text: string): void {
    if (this.cheat !== 'buffering_proxy') {
      this.response.write(text);
      return;
    }
    this.held += text;
    this.heldEvents += 1;
    if (this.heldEvents % 8 === 0) this.flush();
  }

  private flush(): void {
    if (this.held !== '') this.response.write(this.held);
    this.held = '';
  }
}
