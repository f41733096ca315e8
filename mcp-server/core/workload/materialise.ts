import { planRows } from '../dataset/plan-rows.ts';
import type { ChatMessage, DatasetRow } from '../dataset/row.ts';
import { type KeyedRandom, keyedRandom } from './keyed-random.ts';
import type { PlannedRequest } from './planned-request.ts';
import { createTextSizer, type SizedText, type TextSizer } from './sized-text.ts';
import type { TokenCalibration } from './token-calibration.ts';
import { isConversation, type WorkloadSpec } from './workload.ts';

export interface MaterialiseOptions {
  readonly workload: WorkloadSpec;
  readonly seed: number;
  readonly repeat: number;
  readonly count: number;
  /** Prompts of another phase never share a word order with these. */
  readonly phase: 'warmup' | 'measure' | 'probe';
  readonly calibration: TokenCalibration;
  /** Imported requests: what is measured then is these. */
  readonly rows?: readonly DatasetRow[] | undefined;
}

/** What is to be made, with how texts are sized for it. */
type Making = MaterialiseOptions & { readonly sizer: TextSizer };
type Component = WorkloadSpec['components'][number];
type Length = Component['inputTokens'];

/** A log-normal draw ends here, so that one request cannot outlast the run. Source: own reasoning, 3 sigma. */
const MAX_SIGMAS = 3;

/**
 * The requests of one run, which follow from (workload, seed, repeat, phase) alone. Shapes follow from the seed, so
 * that every repeat and every trial does the same work; words follow from seed and repeat, so that no repeat meets
 * the prompts of another.
 */
export function materialise(options: MaterialiseOptions): readonly PlannedRequest[] {
  const { rows, phase } = options;
  if (rows !== undefined && rows.length > 0 && phase === 'measure') return planRows(rows, options);
  const making = { ...options, sizer: createTextSizer(options.workload.text, options.calibration) };
  const shapes = keyedRandom(['shapes', options.workload.id, options.seed, options.phase]);
  const requests: PlannedRequest[] = [];
  const seenGroups = new Set<string>();
  for (let prompt = 0; requests.length < options.count; prompt += 1) {
    const chosen = chooseComponent(options.workload.components, shapes);
    const group = `${chosen.index}:${prompt % chosen.component.prefixGroups}`;
    const place = { ...chosen, prompt, group, isGroupCold: !seenGroups.has(group), shapes };
    seenGroups.add(group);
    const left = options.count - requests.length;
    const made = isConversation(chosen.component)
      ? planConversation(making, place)
      : repeated(planOne(making, place), chosen.component.repeatsOfEachPrompt);
    requests.push(
      ...made.slice(0, left).map((one, at) => ({ ...one, index: requests.length + at })),
    );
  }
  return requests;
}

function repeated(first: PlannedRequest, times: number): readonly PlannedRequest[] {
  return Array.from({ length: times }, (_, turn) =>
    turn === 0 ? first : { ...first, sharedTokens: first.inputTokens },
  );
}

/**
 * Turns whose history is recorded, not generated: a reply in it has the length that was asked for and words of ours, so
 * that the work of a turn does not depend on what the service said. Source: docs/load.md.
 */
function planConversation(making: Making, chosen: Chosen): readonly PlannedRequest[] {
  const { workload, seed, repeat, phase, calibration } = making;
  const key = [workload.id, seed, repeat, phase, 'reply', chosen.prompt];
  const history: ChatMessage[] = [];
  const turns: PlannedRequest[] = [];
  let tokens = 0;
  for (let number = 0; number < (chosen.component.turns ?? 1); number += 1) {
    const own = planOne(making, {
      ...chosen,
      prompt: `${chosen.prompt}.${number}`,
      ...(number === 0 ? {} : { prefixTokens: 0, overheadTokens: calibration.turnOverheadTokens }),
    });
    history.push({ role: 'user', content: own.prompt });
    const messages = [...history];
    turns.push({
      ...own,
      inputTokens: tokens + own.inputTokens,
      sharedTokens: number === 0 ? own.sharedTokens : (turns.at(-1)?.inputTokens ?? 0),
      messages: workload.api === 'chat' ? messages : null,
      prompt: messages.map(({ content }) => String(content)).join('\n'),
      turn: { conversation: chosen.prompt, thinkTimeMs: chosen.component.thinkTimeMs ?? 0 },
    });
    const reply = making.sizer.text(own.outputTokens, [...key, number]).words.join(' ');
    history.push({ role: 'assistant', content: reply });
    tokens += own.inputTokens + own.outputTokens;
  }
  return turns;
}

interface Chosen {
  readonly component: Component;
  readonly index: number;
  readonly prompt: number;
  readonly group: string;
  readonly isGroupCold: boolean;
  readonly shapes: KeyedRandom;
}

function planOne(
  making: Making,
  chosen: Omit<Chosen, 'prompt'> & {
    readonly prompt: number | string;
    /** Tokens of the common front; default: the component's. */
    readonly prefixTokens?: number;
    /** Tokens of the template; default: those of a prompt alone. */
    readonly overheadTokens?: number | undefined;
  },
): PlannedRequest {
  const { workload, seed, repeat, phase, calibration, sizer } = making;
  const { component } = chosen;
  const inputTokens = drawLength(component.inputTokens, chosen.shapes);
  const outputTokens = drawLength(component.outputTokens, chosen.shapes);
  const textTokens = inputTokens - (chosen.overheadTokens ?? calibration.overheadTokens);
  const prefixTokens = Math.min(
    chosen.prefixTokens ?? component.sharedPrefixTokens,
    textTokens - sizer.leastTokens,
  );
  const key = [workload.id, seed, repeat, phase];
  const prefix =
    prefixTokens < sizer.leastTokens / 2
      ? NO_TEXT
      : sizer.text(prefixTokens, [...key, 'prefix', chosen.group]);
  const body = sizer.text(textTokens - prefix.tokens, [...key, 'body', chosen.prompt]);
  const sharedPrefix = chosen.isGroupCold ? 0 : prefix.tokens;
  const words = [...prefix.words, ...body.words];
  return {
    index: 0,
    prompt: words.join(' '),
    tokenIds: sizer.idsOf(words),
    inputTokens,
    outputTokens,
    sharedTokens: Math.min(inputTokens, Math.round(calibration.overheadTokens + sharedPrefix)),
    messages: null,
    turn: null,
    params: {},
  };
}

const NO_TEXT: SizedText = { words: [], tokens: 0 };

function chooseComponent(
  components: readonly Component[],
  random: KeyedRandom,
): { readonly component: Component; readonly index: number } {
  const total = components.reduce((sum, component) => sum + component.weight, 0);
  let left = random.unit() * total;
  let index = 0;
  for (const [candidate, component] of components.entries()) {
    index = candidate;
    left -= component.weight;
    if (left < 0) break;
  }
  const component = components[index];
  if (component === undefined) throw new RangeError('a workload has at least one component');
  return { component, index };
}

function drawLength(length: Length, random: KeyedRandom): number {
  if (typeof length === 'number') return length;
  if ('min' in length) {
    return random.int(Math.min(length.min, length.max), Math.max(length.min, length.max));
  }
  const sigmas = Math.max(-MAX_SIGMAS, Math.min(MAX_SIGMAS, random.normal()));
  return Math.max(1, Math.round(length.median * Math.exp(length.sigma * sigmas)));
}

/** Part of all prompt tokens that the workload itself shares. Null when: nothing is planned. */
export function sharedPromptRatio(requests: readonly PlannedRequest[]): number | null {
  const tokens = requests.reduce((sum, request) => sum + request.inputTokens, 0);
  const shared = requests.reduce((sum, request) => sum + request.sharedTokens, 0);
  return tokens === 0 ? null : shared / tokens;
}

/** Longest prompt plus completion of the plan, in tokens; 0 when nothing is planned. */
export function longestContextTokens(requests: readonly PlannedRequest[]): number {
  return requests.reduce(
    (max, request) => Math.max(max, request.inputTokens + request.outputTokens),
    0,
  );
}
