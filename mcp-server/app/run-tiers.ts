import {
  GREEDY,
  type GreedyPrompt,
  greedyPrompts,
  readTokens,
  WITH_LOGPROBS,
} from '../core/quality/greedy.ts';
import type {
  GradedTask,
  GreedyAnswer,
  ScoredText,
  TierAnswers,
  TierRun,
} from '../core/quality/quality-run.ts';
import {
  buildTasks,
  gradeTask,
  planSuite,
  SUITE_ITEMS,
  type SuiteSize,
  type Task,
} from '../core/quality/task-suite.ts';
import { rightRatio, ruleOnTasks } from '../core/quality/task-tier.ts';
import { SCORE_PROTOCOLS, type ScoreProtocol } from '../core/quality/token-scores.ts';
import { cleanText } from '../core/redact.ts';
import type { App, Call } from './app.ts';
import { ask, inParallel, type QualityTarget, send } from './ask-service.ts';

export interface TierWish {
  readonly target: QualityTarget;
  readonly call: Call;
  readonly size: SuiteSize;
  /** Prompts in flight: those of the load that is tested. */
  readonly concurrency: number;
  readonly contextTokens: number;
  /** Seed that no search has seen. */
  readonly heldOutSeed: number;
}

const MAX_STORED_CHARS = 2000;
/** Longest time for tasks of one pass; what was not asked by then is left out. Source: own reasoning, a CPU's speed. */
const TASKS_MS = 120_000;
/** Tasks after which a model that fails most of them is asked no more. Source: own reasoning, eight of each kind. */
const PROBE_ITEMS = 40;
/** Share of the open questions, and number of tasks, that are asked one at a time. */
const ALONE_SHARE = 1 / 4;
const ALONE_TASKS = 15;

type Asker = Pick<App, 'load' | 'clock'>;

/** Asks the baseline for its answers, then again for its noise: under the same load, and in part one question at a time. */
export async function runReferenceTiers(
  app: Asker,
  wish: TierWish,
  minRightRatio: number,
): Promise<TierRun> {
  const plan = planSuite(wish.size, wish.heldOutSeed, wish.contextTokens);
  const all = buildTasks(plan);
  wish.call.onProgress('asking the baseline for greedy answers, scores and tasks');
  const probed = await askTasks(app, wish, all.slice(0, PROBE_ITEMS));
  const isHopeless = rightRatio(probed) < minRightRatio / 2;
  const rest = isHopeless ? [] : await askTasks(app, wish, all.slice(PROBE_ITEMS));
  const { prompts } = GREEDY[wish.size];
  const greedy = await askGreedy(app, wish, prompts);
  const texts = textsOf(wish, greedy);
  const route = await findRoute(app, wish, texts);
  const scores = await scoreTexts(app, wish, { texts, route });
  const repeat = { prompts, texts, route, tasks: all.slice(0, SUITE_ITEMS.quick) };
  return {
    size: wish.size,
    plan,
    concurrency: wish.concurrency,
    scoreRoute: route?.id ?? null,
    answers: { greedy, scores, tasks: [...probed, ...rest] },
    again: await askAgain(app, wish, isHopeless ? { ...repeat, tasks: [] } : repeat),
    alone: isHopeless ? null : await askAgain(app, { ...wish, concurrency: 1 }, partOf(repeat)),
    redeployed: null,
  };
}

interface Repeat {
  readonly prompts: number;
  readonly texts: readonly ReferenceText[];
  readonly route: ScoreProtocol | null;
  readonly tasks: readonly Task[];
}

/** What is asked one question at a time. Source: own reasoning, time; so few texts widen the noise rather than narrow it. */
const partOf = (repeat: Repeat): Repeat => {
  const prompts = Math.ceil(repeat.prompts * ALONE_SHARE);
  const texts = repeat.texts.slice(0, prompts);
  return { ...repeat, prompts, texts, tasks: repeat.tasks.slice(0, ALONE_TASKS) };
};

async function askAgain(app: Asker, wish: TierWish, repeat: Repeat): Promise<TierAnswers> {
  wish.call.onProgress(`asking it again, ${wish.concurrency} at a time, for its own noise`);
  return {
    greedy: await askGreedy(app, wish, repeat.prompts),
    scores: await scoreTexts(app, wish, repeat),
    tasks: await askTasks(app, wish, repeat.tasks),
  };
}

/** Asks a trial (or the redeployed baseline) what the reference was asked, and more tasks as long as they do not settle it. */
export async function runTrialTiers(
  app: Asker,
  wish: TierWish,
  terms: { readonly reference: TierRun; readonly margin: number },
): Promise<TierRun> {
  const { reference } = terms;
  const { size } = reference;
  wish.call.onProgress('asking for greedy answers, scores and tasks');
  const greedy = await askGreedy(app, { ...wish, size }, GREEDY[size].prompts);
  const route = SCORE_PROTOCOLS.find((one) => one.id === reference.scoreRoute) ?? null;
  const texts = textsOf({ ...wish, size }, reference.answers.greedy);
  const scores = await scoreTexts(app, wish, { texts, route });
  const tasks = await askUntilSettled(app, wish, terms);
  const answers = { greedy, scores, tasks };
  return { ...reference, answers, again: null, alone: null, redeployed: null };
}

async function askUntilSettled(
  app: Asker,
  wish: TierWish,
  { reference, margin }: { readonly reference: TierRun; readonly margin: number },
): Promise<readonly GradedTask[]> {
  const before = reference.answers.tasks;
  const tasks = buildTasks(reference.plan);
  const graded: GradedTask[] = [];
  for (const look of Object.values(SUITE_ITEMS)) {
    const more = tasks.slice(graded.length, Math.min(look, before.length));
    if (more.length === 0) break;
    graded.push(...(await askTasks(app, wish, more)));
    if (ruleOnTasks(before, graded, { margin, isLast: false }) !== 'inconclusive') break;
  }
  return graded;
}

async function askTasks(
  app: Asker,
  wish: TierWish,
  tasks: readonly Task[],
): Promise<readonly GradedTask[]> {
  const untilMs = app.clock.nowMs() + TASKS_MS;
  const graded = await inParallel(tasks, wish.concurrency, async (task) => {
    if (app.clock.nowMs() > untilMs) return null;
    const { prompt, body } = task;
    const asked = await ask(app, wish.target, { prompt, body, call: wish.call });
    const answer = asked.kind === 'answer' ? asked.answer : null;
    const isCut = answer?.finishReason === 'length';
    return { id: task.id, result: gradeTask(task, answer), isCut };
  });
  return graded.filter((one) => one !== null);
}

async function askGreedy(
  app: Asker,
  wish: TierWish,
  prompts: number,
): Promise<readonly GreedyAnswer[]> {
  const { maxTokens } = GREEDY[wish.size];
  const list = greedyPrompts(wish.heldOutSeed, prompts);
  const answers = await inParallel(list, wish.concurrency, (prompt) =>
    askOneGreedy(app, wish, { prompt, maxTokens }),
  );
  return answers.filter((one) => one !== null);
}

/** A service that refuses log-probabilities is asked without them. */
async function askOneGreedy(
  app: Asker,
  { target, call }: TierWish,
  question: { readonly prompt: GreedyPrompt; readonly maxTokens: number },
): Promise<GreedyAnswer | null> {
  const { id, prompt } = question.prompt;
  const body = { max_tokens: question.maxTokens };
  const first = await ask(app, target, { prompt, body: { ...body, ...WITH_LOGPROBS }, call });
  const isRefused = first.kind === 'none' && first.status !== null && first.status < 500;
  const asked = isRefused ? await ask(app, target, { prompt, body, call }) : first;
  if (asked.kind === 'none') return null;
  const text = cleanText(asked.answer.text, MAX_STORED_CHARS);
  return { id, text, tokens: readTokens(asked.body) };
}

interface ReferenceText {
  readonly id: string;
  readonly text: string;
}

/** Questions with the reference's own answers: what every configuration has to score. */
function textsOf(
  wish: Pick<TierWish, 'size' | 'heldOutSeed'>,
  answers: readonly GreedyAnswer[],
): readonly ReferenceText[] {
  const prompts = greedyPrompts(wish.heldOutSeed, GREEDY[wish.size].prompts);
  return prompts.flatMap(({ id, prompt }) => {
    const answer = answers.find((one) => one.id === id);
    return answer === undefined ? [] : [{ id, text: `${prompt}\n${answer.text}` }];
  });
}

async function scoreTexts(
  app: Asker,
  wish: TierWish,
  given: { readonly texts: readonly ReferenceText[]; readonly route: ScoreProtocol | null },
): Promise<readonly ScoredText[]> {
  const { texts, route } = given;
  if (route === null) return [];
  const scores = await inParallel(texts, wish.concurrency, (text) =>
    scoreOne(app, wish, { text, route }),
  );
  return scores.filter((one) => one !== null);
}

/** The first route that answers with scores. Null when: none does. */
async function findRoute(
  app: Asker,
  wish: TierWish,
  texts: readonly ReferenceText[],
): Promise<ScoreProtocol | null> {
  const [text] = texts;
  if (text === undefined) return null;
  for (const route of SCORE_PROTOCOLS) {
    if ((await scoreOne(app, wish, { text, route })) !== null) return route;
  }
  return null;
}

async function scoreOne(
  app: Asker,
  { target, call }: TierWish,
  { text, route }: { readonly text: ReferenceText; readonly route: ScoreProtocol },
): Promise<ScoredText | null> {
  const reply = await send(app, target, { path: route.path, body: route.body(text.text), call });
  const score = 'why' in reply || reply.status !== 200 ? null : route.read(reply.body);
  if (score === null) return null;
  return { id: text.id, ...score };
}
