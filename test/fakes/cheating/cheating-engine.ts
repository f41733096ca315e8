import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { solve } from '../../../mcp-server/simulator/core/text/solve.ts';
import {
  drawWord,
  type EngineModel,
  honestWords,
  naturalLength,
  OVERHEAD_TOKENS,
  wordsOf,
} from './engine-model.ts';
import { type Cheats, type KindName, kindOf } from './kinds.ts';
import { spoilWords } from './spoil-words.ts';
import { type Pipe, StreamedAnswer } from './streamed-answer.ts';
import type { Moment, Trick } from './trick.ts';

export interface Counters {
  readonly promptTokens: number;
  readonly generationTokens: number;
  readonly ttftMeanMs: number;
}

export interface EngineOptions {
  readonly model: EngineModel;
  readonly cheats: Cheats;
  /** Two deployments of one configuration differ by it. */
  readonly deployment: number;
  readonly speed: number;
}

/** Share of questions with a right answer that a small model gets wrong. */
const SMALL_MODEL_ERRORS = 0.3;

/** What a trick may look at. */
export type Now = Pick<Moment, 'ask' | 'isStream' | 'nowMs'>;

/** A request as the engine reads it. */
export interface Ask {
  readonly prompt: string;
  readonly limit: number;
  readonly ignoresEos: boolean;
  readonly number: number;
}

/** An engine that does the work of its prompts, with things in it or in front of it that do not. */
export class CheatingEngine {
  readonly options: EngineOptions;
  readonly seen = new Set<string>();
  readonly heads = new Map<string, string>();
  readonly memory = new Map<string, readonly string[]>();
  readonly launchFactor: number;
  private readonly tricks: readonly (readonly [KindName, Trick])[];
  active = 0;
  previous: readonly string[] | null = null;
  promptTokens = 0;
  generationTokens = 0;
  private count = 0;
  private ttftSumMs = 0;
  private ttftCount = 0;

  constructor(options: EngineOptions) {
    this.options = options;
    const chance = keyedRandom(['launch', options.deployment]);
    this.tricks = [...options.cheats.keys()].flatMap((name) => {
      const { trick } = kindOf(name);
      return trick === undefined ? [] : [[name, trick] as const];
    });
    this.launchFactor = Math.exp(options.model.launchNoise * chance.normal());
  }

  counters(): Counters {
    const { promptTokens, generationTokens } = this;
    const ttftMeanMs = this.ttftSumMs / Math.max(1, this.ttftCount);
    return { promptTokens, generationTokens, ttftMeanMs };
  }

  noteFirst(ms: number): void {
    this.ttftSumMs += ms * (1 - this.strength('engine_clock_lies'));
    this.ttftCount += 1;
  }

  strength(name: KindName): number {
    return this.options.cheats.get(name) ?? 0;
  }

  /** True for the share of requests that a cheat applies to. */
  hits(name: KindName, ask: Pick<Ask, 'prompt'>): boolean {
    const share = this.strength(name);
    return share > 0 && keyedRandom(['hit', name, ask.prompt]).unit() < share;
  }

  /** What the tricks of this engine do at one place, each with its moment. */
  hooked<K extends keyof Trick>(
    hook: K,
    facts: Pick<Moment, 'ask' | 'isStream' | 'nowMs'>,
  ): readonly { readonly does: NonNullable<Trick[K]>; readonly at: Moment }[] {
    return this.tricks.flatMap(([name, trick]) => {
      const does = trick[hook];
      if (does === undefined) return [];
      const at: Moment = {
        ...facts,
        strength: this.strength(name),
        active: this.active,
        random: keyedRandom(['trick', name, facts.ask.prompt]),
        memory: this.memory,
      };
      return [{ does, at }];
    });
  }

  async stream(body: Readonly<Record<string, unknown>>, pipe: Pipe): Promise<void> {
    this.count += 1;
    this.active += 1;
    const ask: Ask = {
      prompt: promptOf(body),
      limit: Number(body['max_tokens']),
      ignoresEos: body['ignore_eos'] === true,
      number: this.count,
    };
    try {
      await new StreamedAnswer(this, pipe, ask).run();
    } finally {
      this.active -= 1;
    }
  }

  /** One answer in one piece, as a check of quality asks for it. */
  complete(body: Readonly<Record<string, unknown>>): unknown {
    const prompt = promptOf(body);
    const limit = Number(body['max_tokens'] ?? 40);
    const ask: Ask = { prompt, limit, ignoresEos: false, number: 0 };
    const now = { ask, isStream: false, nowMs: 0 };
    const solved = this.solved(now);
    const said = solved ?? this.words(this.read(prompt, now), Math.min(40, limit), now);
    const spoilt = this.say(this.spoil(said, { prompt, number: 0, isStream: false }), now);
    return {
      model: 'fake',
      choices: [
        { message: { role: 'assistant', content: spoilt.join(' ') }, finish_reason: 'stop' },
      ],
      usage: {
        prompt_tokens: wordsOf(prompt).length + OVERHEAD_TOKENS,
        completion_tokens: spoilt.length,
      },
    };
  }

  /** The right answer to a question that has one; a small model is wrong now and then. */
  solved(now: Now, read = now.ask.prompt): string[] | null {
    const { prompt } = now.ask;
    const solved = solve({ last: prompt, all: prompt });
    if (solved === null) return null;
    const words = wordsOf(solved);
    const known = new Set(wordsOf(read));
    const asked = wordsOf(prompt);
    // what stands in the prompt can be said only where it was read
    if (words.some((word) => asked.includes(word) && !known.has(word))) return ['nothing'];
    const isWrong = keyedRandom(['wrong', prompt]).unit() < SMALL_MODEL_ERRORS;
    if (this.isSmall(now) && isWrong) return ['seven'];
    const chance = keyedRandom(['loss', this.options.deployment, prompt]);
    return words.map((word) =>
      now.isStream && chance.unit() < this.options.model.otherWords ? drawWord(chance) : word,
    );
  }

  private isSmall(now: Now): boolean {
    return this.hooked('small', now).some(({ does, at }) => does(at));
  }

  words(prompt: string, count: number, now: Now): string[] {
    const { model, deployment } = this.options;
    const modelName = this.isSmall(now) ? 'small' : this.modelFor(prompt);
    return honestWords({ model, deployment, modelName }, prompt, count);
  }

  /** The prompt as the tricks leave it. */
  read(prompt: string, now: Now): string {
    return this.hooked('reads', now)
      .reduce((words, { does, at }) => does(words, at), wordsOf(prompt) as readonly string[])
      .join(' ');
  }

  say(said: readonly string[], now: Now): string[] {
    return [...this.hooked('says', now).reduce((words, { does, at }) => does(words, at), said)];
  }

  spoil(
    said: readonly string[],
    facts: { readonly prompt: string; readonly number: number; readonly isStream: boolean },
  ): string[] {
    return spoilWords(said, { ...facts, cheats: this.options.cheats, active: this.active });
  }

  private modelFor(prompt: string): string {
    const ask = { prompt };
    const isShort = wordsOf(prompt).length < 200;
    const others =
      this.hits('silent_other_model', ask) ||
      this.hits('other_fingerprint', ask) ||
      (isShort && this.strength('other_model_for_short_prompts') > 0);
    const isInvented = this.strength('shuffled_words') + this.strength('invented_answers') > 0;
    if (isInvented) return `nobody ${this.count}`;
    return others ? 'other' : 'one';
  }

  /** Tokens that are really made. */
  lengthOf(now: Now): number {
    const { prompt, limit, ignoresEos } = now.ask;
    const tricked = this.hooked('length', now).reduce((all, { does, at }) => all * does(at), 1);
    const whole = ignoresEos || this.hits('never_stops', { prompt });
    const count = whole ? limit : naturalLength(prompt, limit);
    const kept = this.hits('early_stop', { prompt }) && ignoresEos ? 0.5 : 1;
    const shortened = ignoresEos ? 1 : 1 - this.strength('shortened_answers');
    const fewer = shortened * (1 - this.strength('fewer_tokens')) * tricked;
    return Math.max(1, Math.round(count * kept * fewer));
  }
}

function promptOf(body: Readonly<Record<string, unknown>>): string {
  const messages = body['messages'];
  if (!Array.isArray(messages)) return JSON.stringify(body['prompt'] ?? '');
  return messages
    .map((one: unknown) => (one as { content: unknown }).content)
    .map((content) => (typeof content === 'string' ? content : JSON.stringify(content)))
    .join(' ');
}
