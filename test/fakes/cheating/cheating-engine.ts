import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { solve } from '../../../mcp-server/simulator/core/text/solve.ts';
import {
  type EngineModel,
  honestWords,
  naturalLength,
  OVERHEAD_TOKENS,
  wordsOf,
} from './engine-model.ts';
import type { Cheats, KindName } from './kinds.ts';
import { spoilWords } from './spoil-words.ts';
import { type Pipe, StreamedAnswer } from './streamed-answer.ts';

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
  readonly launchFactor: number;
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
    const solved = solve({ last: prompt, all: prompt });
    const said = solved === null ? this.words(prompt, Math.min(40, limit)) : wordsOf(solved);
    const spoilt = this.spoil(said, { prompt, number: 0, isStream: false });
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

  words(prompt: string, count: number): string[] {
    const { model, deployment } = this.options;
    return honestWords({ model, deployment, modelName: this.modelFor(prompt) }, prompt, count);
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
  lengthOf({ prompt, limit, ignoresEos }: Ask): number {
    const whole = ignoresEos || this.hits('never_stops', { prompt });
    const count = whole ? limit : naturalLength(prompt, limit);
    const kept = this.hits('early_stop', { prompt }) && ignoresEos ? 0.5 : 1;
    const shortened = ignoresEos ? 1 : 1 - this.strength('shortened_answers');
    return Math.max(1, Math.round(count * kept * shortened * (1 - this.strength('fewer_tokens'))));
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
