import { type KeyedRandom, keyedRandom } from './keyed-random.ts';
import { promptWords } from './prompt-text.ts';
import { type TokenCalibration, wordsForTokens } from './token-calibration.ts';
import type { WorkloadSpec } from './workload.ts';

/** One request as it will be sent. */
export interface PlannedRequest {
  readonly index: number;
  readonly prompt: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens that the workload itself lets a prefix cache hit: template, common prefix, repeated prompt. */
  readonly sharedTokens: number;
}

export interface MaterialiseOptions {
  readonly workload: WorkloadSpec;
  readonly seed: number;
  readonly repeat: number;
  readonly count: number;
  /** Prompts of another phase never share a word order with these. */
  readonly phase: 'warmup' | 'measure' | 'probe';
  readonly calibration: TokenCalibration;
}

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
  const shapes = keyedRandom(['shapes', options.workload.id, options.seed, options.phase]);
  const requests: PlannedRequest[] = [];
  const seenGroups = new Set<string>();
  for (let prompt = 0; requests.length < options.count; prompt += 1) {
    const chosen = chooseComponent(options.workload.components, shapes);
    const group = `${chosen.index}:${prompt % chosen.component.prefixGroups}`;
    const first = planOne(options, {
      ...chosen,
      prompt,
      group,
      isGroupCold: !seenGroups.has(group),
      shapes,
    });
    seenGroups.add(group);
    for (let turn = 0; turn < chosen.component.repeatsOfEachPrompt; turn += 1) {
      if (requests.length >= options.count) break;
      const sharedTokens = turn === 0 ? first.sharedTokens : first.inputTokens;
      requests.push({ ...first, index: requests.length, sharedTokens });
    }
  }
  return requests;
}

interface Chosen {
  readonly component: Component;
  readonly index: number;
  readonly prompt: number;
  readonly group: string;
  readonly isGroupCold: boolean;
  readonly shapes: KeyedRandom;
}

function planOne(options: MaterialiseOptions, chosen: Chosen): PlannedRequest {
  const { workload, seed, repeat, phase, calibration } = options;
  const { component } = chosen;
  const inputTokens = drawLength(component.inputTokens, chosen.shapes);
  const outputTokens = drawLength(component.outputTokens, chosen.shapes);
  const words = wordsForTokens(inputTokens, calibration);
  const prefixCount = Math.min(
    Math.max(0, words - 1),
    Math.round(component.sharedPrefixTokens / calibration.tokensPerWord),
  );
  const key = [workload.id, seed, repeat, phase];
  const prefix = promptWords(workload.text, prefixCount, [...key, 'prefix', chosen.group]);
  const body = promptWords(workload.text, words - prefixCount, [...key, 'body', chosen.prompt]);
  const sharedPrefix = chosen.isGroupCold ? 0 : prefixCount * calibration.tokensPerWord;
  return {
    index: 0,
    prompt: [...prefix, ...body].join(' '),
    inputTokens,
    outputTokens,
    sharedTokens: Math.min(inputTokens, Math.round(calibration.overheadTokens + sharedPrefix)),
  };
}

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
