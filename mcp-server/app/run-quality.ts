import { AutodebugError, LoadError } from '../core/errors.ts';
import { type CanaryAnswer, readAnswer } from '../core/quality/answer.ts';
import { buildCanaries, type Canary } from '../core/quality/canaries.ts';
import {
  HEALTH_MAX_TOKENS,
  type HealthPrompt,
  healthFaults,
  healthPrompts,
  repeatedAnswers,
} from '../core/quality/health.ts';
import type { QualityRun } from '../core/quality/quality-run.ts';
import { cleanText } from '../core/redact.ts';
import type { App, Call } from './app.ts';

/** Where questions are sent, and how. */
export interface QualityTarget {
  readonly baseUrl: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seed: number;
  /** Extra fields of the body, e.g. `chat_template_kwargs`. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** True for a reference: only canaries that pass twice count, so that a coin toss is no reference. */
  readonly isReference: boolean;
}

type Asked =
  | { readonly kind: 'answer'; readonly answer: CanaryAnswer }
  | { readonly kind: 'none'; readonly why: string; readonly unreachable: boolean };

/** Questions in flight: small, so that the check measures answers, not load. */
const CONCURRENCY = 4;
const TIMEOUT_MS = 90_000;
const MAX_STORED_CHARS = 300;

/** Asks every canary and the free questions at temperature 0. Throws: LoadError `E_ENDPOINT` when most get no answer. */
export async function runQuality(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  call: Call,
): Promise<QualityRun> {
  const canaries = buildCanaries(target.seed);
  call.onProgress(`asking ${canaries.length} canaries`);
  const first = await inBatches(canaries, (canary) => askCanary(app, target, { canary, call }));
  refuseUnreachable(first.map((one) => one.asked));
  const again = await secondLook(app, target, { graded: first, call });
  call.onProgress('looking at free answers');
  const prompts = healthPrompts(target.seed);
  const free = await inBatches(prompts, (prompt) => askFree(app, target, { prompt, call }));
  return {
    seed: target.seed,
    total: canaries.length,
    passedCount: again.filter((one) => one.passed).length,
    canaries: again.map(({ canary, passed, asked }) => ({
      id: canary.id,
      passed,
      finishReason: asked.kind === 'answer' ? asked.answer.finishReason : null,
      answer: storedAnswer(asked),
    })),
    health: free.map(({ prompt, text }) => ({
      id: prompt.id,
      words: text.split(/\s+/).filter((word) => word !== '').length,
      faults: [...healthFaults(text)],
      text: text.slice(0, MAX_STORED_CHARS),
    })),
    repeatedAnswers: repeatedAnswers(free.map((one) => one.text)),
  };
}

interface Graded {
  readonly canary: Canary;
  readonly passed: boolean;
  readonly asked: Asked;
}

async function askCanary(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  question: { readonly canary: Canary; readonly call: Call },
): Promise<Graded> {
  const { canary, call } = question;
  const asked = await ask(app, target, { prompt: canary.prompt, body: canary.body, call });
  return { canary, asked, passed: asked.kind === 'answer' && canary.grade(asked.answer) };
}

/**
 * Greedy answers may split on numeric noise. A reference asks what passed once more and keeps what passes again; a trial
 * asks what failed once more and fails only what fails again, so that equal configurations seldom differ.
 */
async function secondLook(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  run: { readonly graded: readonly Graded[]; readonly call: Call },
): Promise<readonly Graded[]> {
  const result: Graded[] = [];
  for (const graded of run.graded) {
    result.push(
      graded.passed === target.isReference
        ? await askCanary(app, target, { canary: graded.canary, call: run.call })
        : graded,
    );
  }
  return result;
}

async function askFree(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  question: { readonly prompt: HealthPrompt; readonly call: Call },
): Promise<{ readonly prompt: HealthPrompt; readonly text: string }> {
  const { prompt, call } = question;
  const body = { max_tokens: HEALTH_MAX_TOKENS };
  const asked = await ask(app, target, { prompt: prompt.prompt, body, call });
  return { prompt, text: asked.kind === 'answer' ? asked.answer.text : '' };
}

async function ask(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  question: {
    readonly prompt: string;
    readonly body: Readonly<Record<string, unknown>>;
    readonly call: Call;
  },
): Promise<Asked> {
  const { prompt, body, call } = question;
  const messages = [{ role: 'user', content: prompt }];
  try {
    const reply = await app.load.complete(
      {
        baseUrl: target.baseUrl,
        model: target.model,
        headers: target.headers,
        body: { messages, temperature: 0, seed: target.seed, ...body, ...target.extraBody },
        timeoutMs: TIMEOUT_MS,
      },
      call.signal,
    );
    const answer = reply.status === 200 ? readAnswer(reply.body) : null;
    if (answer !== null) return { kind: 'answer', answer };
    return { kind: 'none', why: `HTTP ${reply.status}`, unreachable: reply.status >= 500 };
  } catch (error) {
    if (call.signal.aborted || !(error instanceof AutodebugError)) throw error;
    return { kind: 'none', why: error.code, unreachable: true };
  }
}

function refuseUnreachable(asked: readonly Asked[]): void {
  const lost = asked.filter((one) => one.kind === 'none' && one.unreachable).length;
  if (lost * 2 <= asked.length) return;
  throw new LoadError(`${lost} of ${asked.length} canaries got no answer from the service.`, {
    code: 'E_ENDPOINT',
    fix: 'Read the engine’s log with fetch_logs; if it died, judge the trial.',
    retryable: true,
  });
}

function storedAnswer(asked: Asked): string {
  if (asked.kind === 'none') return `no answer: ${asked.why}`;
  const { text, toolCalls } = asked.answer;
  const called = toolCalls.map((one) => `${one.name}(${one.arguments})`).join(' ');
  return cleanText(`${text}${called === '' ? '' : ` ${called}`}`, MAX_STORED_CHARS);
}

async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += CONCURRENCY) {
    results.push(...(await Promise.all(items.slice(from, from + CONCURRENCY).map(work))));
  }
  return results;
}
