import type { EngineModel } from './engine-model.ts';
import type { Cheats } from './kinds.ts';

/** An honest service, before and after an honest change. */
export interface HonestService {
  readonly name: string;
  /** How the incumbent differs from the plain engine, and the trial from it. */
  readonly before: Partial<EngineModel>;
  readonly after: Partial<EngineModel>;
  readonly speed?: number;
  readonly exactOutput?: boolean;
  readonly canAlterOutputs?: boolean;
  /** A little wrong with it, before and after. */
  readonly faults?: Cheats;
}

const faster = (percent: number): HonestService => ({
  name: `faster by ${percent} %`,
  before: {},
  after: {},
  speed: 1 + percent / 100,
});

/** What engines honestly do: be faster, batch otherwise, draft, stand far away, waver. */
export const HONEST_SERVICES: readonly HonestService[] = [
  { name: 'unchanged', before: {}, after: {} },
  { name: 'unchanged, natural ends', before: {}, after: {}, exactOutput: false },
  ...[5, 10, 20, 40, 80].map(faster),
  { ...faster(30), name: 'faster by 30 %, natural ends', exactOutput: false },
  {
    name: 'another batch shape: dearer steps, cheaper batch',
    before: {},
    after: { decodeMs: 9, batchMs: 0.02 },
  },
  { name: 'prefill twice as fast', before: {}, after: { prefillMsPerToken: 0.05 } },
  { name: 'drafts, up to three tokens an event', before: {}, after: { tokensPerEvent: 3 } },
  { name: 'drafts, up to six tokens an event', before: {}, after: { tokensPerEvent: 6 } },
  { name: 'far away', before: { pathMs: 40, pathJitterMs: 5 }, after: {}, speed: 1.2 },
  { name: 'behind a gateway hop', before: { pathMs: 5, pathJitterMs: 2 }, after: {}, speed: 1.2 },
  { name: 'very noisy', before: { noise: 0.3, launchNoise: 0.03 }, after: {}, speed: 1.1 },
  {
    name: 'a fifth of the answers turn off somewhere, other batches',
    before: { splitShare: 0.2 },
    after: { decodeMs: 7 },
  },
  {
    name: 'other batches turn off twice as many answers',
    before: { splitShare: 0.2 },
    after: { splitShare: 0.4, decodeMs: 7 },
  },
  { name: 'a prefix cache turned on', before: {}, after: { hasPrefixCache: true }, speed: 1.05 },
  {
    name: 'a lossy format whose loss is accepted',
    before: { splitShare: 0.1 },
    after: { otherWords: 0.002, splitShare: 0.5, decodeMs: 6 },
    canAlterOutputs: true,
  },
  {
    name: 'four prompts in ten answered in short words',
    before: { terseShare: 0.4 },
    after: {},
    speed: 1.3,
  },
  { name: 'slower', before: {}, after: {}, speed: 0.85 },
  ...(
    [
      ['repeats itself now and then, as before', 'repetition', 0.15],
      ['shows its marks now and then, as before', 'special_tokens', 0.15],
      ['sends some answers in one piece, as before', 'whole_answer_at_once', 0.3],
      ['breaks a word in a hundred, as before', 'garbled_words', 0.01],
    ] as const
  ).map(
    ([name, fault, share]): HonestService => ({
      name,
      before: {},
      after: {},
      speed: 1.2,
      faults: new Map([[fault, share]]),
    }),
  ),
];
