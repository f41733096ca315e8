import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import type { Ask, CheatingEngine, Now } from './cheating-engine.ts';
import { OVERHEAD_TOKENS, wordsOf } from './engine-model.ts';

/** Where an answer goes, and its time. */
export interface Pipe {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  head(status: number): void;
  write(text: string): void;
  end(): void;
  destroy(): void;
}

/** Events that a proxy holds back; words between two sleeps of another. */
const HELD_EVENTS = 8;

/** One streamed completion. */
export class StreamedAnswer {
  private readonly engine: CheatingEngine;
  private readonly pipe: Pipe;
  private readonly ask: Ask;
  private readonly startMs: number;
  private readonly promptTokens: number;
  private readonly random: ReturnType<typeof keyedRandom>;
  private held = '';
  private heldEvents = 0;
  private isCached = false;

  constructor(engine: CheatingEngine, pipe: Pipe, ask: Ask) {
    this.engine = engine;
    this.pipe = pipe;
    this.ask = ask;
    this.startMs = pipe.nowMs();
    this.promptTokens = wordsOf(ask.prompt).length + OVERHEAD_TOKENS;
    this.random = keyedRandom(['pace', engine.options.deployment, ask.prompt, ask.number]);
  }

  async run(): Promise<void> {
    const { engine, ask, pipe } = this;
    if (this.refuses()) return;
    pipe.head(200);
    const isStored = this.isStored();
    const solved = this.solved(this.ask.prompt);
    const count = Math.min(engine.lengthOf(this.now), solved?.length ?? Number.MAX_SAFE_INTEGER);
    const said = this.answer(count);
    const opened = this.open(said);
    const isEarly = engine.hits('early_first_chunk', ask) || engine.hits('echoed_first_word', ask);
    if (engine.hits('blank_first_chunk', ask)) this.text(' ');
    if (isEarly) {
      const first = said.shift() ?? '';
      this.text(`${engine.strength('echoed_first_word') > 0 ? wordsOf(ask.prompt)[0] : first} `);
    }
    await pipe.sleep(isStored ? 0.2 : this.prefillMs());
    engine.promptTokens += engine.strength('counts_other_prompts') > 0 ? 10 : this.promptTokens;
    engine.noteFirst(pipe.nowMs() - this.startMs);
    if (!engine.hits('answers_beside_the_engine', ask)) {
      engine.generationTokens += said.length + (isEarly ? 1 : 0) + opened;
    }
    if (await this.decode(said, isStored)) this.finish(count);
  }

  private get now(): Now {
    return { ask: this.ask, isStream: true, nowMs: this.pipe.nowMs() };
  }

  /** The right answer where there is one and its end is the model's. */
  private solved(read: string): string[] | null {
    return this.ask.ignoresEos ? null : this.engine.solved(this.now, read);
  }

  /** Words sent before the prompt is read, in place of the first of the answer; how many. */
  private open(said: string[]): number {
    const opener = this.engine.hooked('opens', this.now)[0];
    const words = opener === undefined ? [] : opener.does(said, opener.at).slice(0, said.length);
    for (const word of words) {
      said.shift();
      this.words([word]);
    }
    return words.length;
  }

  private cost(hook: 'stepCost' | 'prefillCost'): number {
    return this.engine.hooked(hook, this.now).reduce((all, { does, at }) => all * does(at), 1);
  }

  private refuses(): boolean {
    const { engine, ask, pipe } = this;
    const tricked = engine.hooked('refuses', this.now).map(({ does, at }) => does(at))[0] ?? null;
    const isPlain = !ask.ignoresEos;
    const status =
      engine.active > 6 && engine.hits('rejects_under_load', ask)
        ? 503
        : engine.hits('rate_limits', ask)
          ? 429
          : this.promptTokens > 250 && engine.hits('turns_long_prompts_away', ask)
            ? 413
            : isPlain && engine.hits('dies_without_the_benchmark', ask)
              ? 500
              : tricked;
    if (status !== null) {
      pipe.head(status);
      pipe.end();
      return true;
    }
    if (!engine.hits('drops_connections', ask)) return false;
    pipe.destroy();
    return true;
  }

  /** True when the answer is there already and nothing is computed. */
  private isStored(): boolean {
    const { engine, ask } = this;
    const words = wordsOf(ask.prompt);
    const key =
      engine.strength('near_cached_answers') > 0
        ? words.slice(0, -1).join(' ')
        : engine.strength('caches_by_prompt_head') > 0
          ? words.slice(0, 12).join(' ')
          : ask.prompt;
    const isSeen = engine.seen.has(key);
    engine.seen.add(key);
    if (!engine.heads.has(key)) engine.heads.set(key, ask.prompt);
    const keeps = ['cached_answers', 'near_cached_answers', 'caches_by_prompt_head'] as const;
    return isSeen && keeps.some((name) => engine.strength(name) > 0);
  }

  private answer(count: number): string[] {
    const { engine, ask } = this;
    const read = this.asRead();
    const own = this.solved(read)?.slice(0, count) ?? engine.words(read, count, this.now);
    const said = engine.spoil(this.another(own), {
      prompt: ask.prompt,
      number: ask.number,
      isStream: true,
    });
    const tail = Math.round(said.length * engine.strength('repeated_tail'));
    const kept = said.slice(0, said.length - tail);
    const previous = engine.previous;
    engine.previous = own;
    const isPrevious = previous !== null && engine.hits('answers_the_previous_request', ask);
    if (isPrevious) return fit(previous, count);
    return engine.say(splitTokens(fit(kept, count), engine.strength('split_tokens')), this.now);
  }

  /** The prompt as far as it is read. */
  private asRead(): string {
    const { engine, ask } = this;
    const words = wordsOf(ask.prompt);
    const cut =
      engine.strength('silently_truncated_prompt') +
      engine.strength('shrunk_prompt') +
      (this.promptTokens > 250 ? engine.strength('truncates_long_prompts') : 0);
    const head = Math.round(words.length * engine.strength('drops_prompt_head'));
    const end = Math.max(1, Math.round(words.length * (1 - cut)));
    const isHead = engine.strength('caches_by_prompt_head') > 0;
    const isNear = engine.strength('near_cached_answers') > 0;
    const key = isHead ? words.slice(0, 12).join(' ') : words.slice(0, -1).join(' ');
    if (isHead || isNear) return engine.heads.get(key) ?? ask.prompt;
    return engine.read(words.slice(head, end).join(' '), this.now);
  }

  private another(own: string[]): string[] {
    const { engine, ask } = this;
    if (engine.hits('canned_answer', ask)) return engine.words('anything', own.length, this.now);
    if (engine.strength('few_canned_answers') > 0) {
      return engine.words(`canned ${ask.number % 8}`, own.length, this.now);
    }
    return own;
  }

  private prefillMs(): number {
    const { engine, ask } = this;
    const { model, speed } = engine.options;
    const jitter = Math.max(0.2, 1 + model.noise * this.random.normal());
    const firstMs = (model.firstMs * jitter * engine.launchFactor) / speed;
    const isFree =
      engine.strength('flat_first_token') > 0 ||
      engine.strength('invented_answers') > 0 ||
      engine.hits('answers_beside_the_engine', ask);
    if (isFree) return firstMs;
    const key = `prefix ${ask.prompt}`;
    const isAgain = engine.seen.has(key);
    engine.seen.add(key);
    this.isCached = isAgain && (model.hasPrefixCache || engine.strength('hidden_prefix_cache') > 0);
    const read = this.isCached ? 0 : wordsOf(this.asRead()).length + OVERHEAD_TOKENS;
    const readMs = (read * model.prefillMsPerToken * jitter * engine.launchFactor) / speed;
    return firstMs + readMs * this.cost('prefillCost');
  }

  private stepMs(): number {
    const { engine, ask } = this;
    const { model, speed } = engine.options;
    const jitter = Math.max(0.2, 1 + model.noise * this.random.normal());
    const step = (model.decodeMs + model.batchMs * (engine.active - 1)) * jitter;
    const isFast =
      (ask.ignoresEos && engine.strength('fast_on_ignore_eos') > 0) ||
      (ask.ignoresEos && engine.strength('fast_on_known_prompts') > 0);
    const cut = Math.max(
      engine.strength('fast_on_ignore_eos'),
      engine.strength('fast_on_known_prompts'),
    );
    return (step * engine.launchFactor * (isFast ? 1 - cut : 1) * this.cost('stepCost')) / speed;
  }

  /** False when the stream broke. */
  private async decode(said: readonly string[], isStored: boolean): Promise<boolean> {
    const { engine, ask, pipe } = this;
    const perEvent = this.wordsPerEvent();
    const isNothing =
      isStored ||
      engine.strength('invented_answers') > 0 ||
      engine.hits('answers_beside_the_engine', ask);
    const isWhole = engine.hits('whole_answer_at_once', ask);
    const breaksAt = engine.hits('error_in_stream', ask) ? 5 : -1;
    let debtMs = 0;
    let at = 0;
    while (at < said.length) {
      const take = isWhole ? said.length : perEvent === 1 ? 1 : this.random.int(1, perEvent);
      const words = said.slice(at, at + take);
      at += words.length;
      // an event of several tokens cost one step and a little; a whole answer cost all of its own
      debtMs += isNothing
        ? 0.05
        : this.stepMs() *
          (isWhole ? words.length : 1 + 0.1 * (words.length - 1)) *
          this.freeShare();
      const sleeps = engine.strength('sleeping_proxy') > 0 ? at % HELD_EVENTS === 0 : true;
      if (sleeps) {
        await pipe.sleep(debtMs);
        debtMs = 0;
      }
      if (breaksAt >= 0 && at > breaksAt) {
        this.event({ error: { message: 'worker died' } });
        return this.breakOff();
      }
      this.words(words);
    }
    return true;
  }

  private wordsPerEvent(): number {
    const { engine } = this;
    if (engine.strength('accepts_every_draft') > 0) return 3;
    return engine.hooked('wordsPerEvent', this.now)[0]?.does ?? engine.options.model.tokensPerEvent;
  }

  private breakOff(): boolean {
    this.flush();
    this.pipe.end();
    return false;
  }

  /** Tokens that nobody computes: their steps are the gain. */
  private freeShare(): number {
    const { engine } = this;
    const free = ['zero_width_tokens', 'space_tokens', 'filler_words', 'repeated_tail'] as const;
    return free.reduce((left, name) => left * (1 - engine.strength(name)), 1);
  }

  private words(words: readonly string[]): void {
    const text = words
      .map((word) => (/^[\s\u200b]*$/.test(word) ? word : ` ${word}`.replace(` ${JOINED}`, '')))
      .join('');
    this.text(text);
  }

  private finish(made: number): void {
    const { engine, ask } = this;
    const claimed = this.claimedTokens(made);
    const tricked = engine.hooked('finishReason', this.now).map(({ does, at }) => does(at))[0];
    const reason = tricked ?? (claimed >= ask.limit ? 'length' : 'stop');
    this.event({ choices: [{ delta: {}, finish_reason: reason }] });
    const usage = {
      prompt_tokens: this.claimedPrompt(),
      completion_tokens: claimed,
      prompt_tokens_details: { cached_tokens: this.claimedCached() },
      ...engine.hooked('usage', this.now).map(({ does, at }) => does(made, at))[0],
    };
    if (!engine.hits('hides_usage', ask)) this.event({ choices: [], usage });
    if (engine.strength('duplicate_usage') > 0) this.event({ choices: [], usage });
    this.write('data: [DONE]\n\n');
    this.flush();
    this.pipe.end();
  }

  private claimedTokens(made: number): number {
    const { engine, ask } = this;
    const isShort = engine.strength('early_stop') > 0;
    const claim = engine.hooked('claims', this.now)[0];
    if (claim !== undefined) return claim.does(made, claim.at);
    if (engine.strength('inflated_usage') > 0) {
      return Math.min(ask.limit, Math.round(made * (1 + engine.strength('inflated_usage'))));
    }
    if (ask.ignoresEos && !isShort) return ask.limit;
    return Math.min(ask.limit, Math.round(made / (1 - engine.strength('fewer_tokens'))));
  }

  private claimedPrompt(): number {
    const { engine, promptTokens } = this;
    const kept =
      (1 - engine.strength('shrunk_prompt')) * (1 + engine.strength('overcounted_prompt'));
    return Math.round(promptTokens * kept);
  }

  private claimedCached(): number {
    const { engine, promptTokens } = this;
    if (this.isCached && engine.options.model.hasPrefixCache) return promptTokens - 1;
    return Math.round(promptTokens * engine.strength('claims_cached'));
  }

  private text(content: string): void {
    this.event({ choices: [{ delta: { content } }] });
  }

  private event(value: Readonly<Record<string, unknown>>): void {
    const { engine, ask } = this;
    const model = engine.strength('other_model_named') > 0 ? 'small-model' : 'fake';
    const id = engine.hits('reuses_response_ids', ask)
      ? `c-${ask.number % 5}`
      : `c${engine.options.deployment}-${ask.number}`;
    const print = engine.strength('other_fingerprint') > 0 ? 'fp_b' : 'fp_a';
    const head = { id, model, system_fingerprint: print };
    this.write(`data: ${JSON.stringify({ ...head, ...value })}\n\n`);
  }

  private write(text: string): void {
    if (this.engine.strength('buffering_proxy') === 0) {
      this.pipe.write(text);
      return;
    }
    this.held += text;
    this.heldEvents += 1;
    if (this.heldEvents % HELD_EVENTS === 0) this.flush();
  }

  private flush(): void {
    if (this.held !== '') this.pipe.write(this.held);
    this.held = '';
  }
}

/** Words cut in two, each half an event and a token of its own, until there are as many as before. */
function splitTokens(words: readonly string[], share: number): string[] {
  if (share === 0) return [...words];
  const halves = words.flatMap((word, at) =>
    word.length > 1 && (at * share) % 1 < share
      ? [word.slice(0, 1), `${JOINED}${word.slice(1)}`]
      : [word],
  );
  return halves.slice(0, words.length);
}

/** Marks the second half of a word: no space goes before it. */
const JOINED = '\u0000';

/** As many words: cut, or said again from the start. */
function fit(words: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, at) => words[at % Math.max(1, words.length)] ?? '');
}
