import { LoadError } from '../core/errors.ts';
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
import { type Asked, ask, inParallel, type QualityTarget } from './ask-service.ts';

/** Questions in flight: small, so that the check measures answers, not load. */
const CONCURRENCY = 4;
const MAX_STORED_CHARS = 300;

/**
 * Asks canaries and the free questions at temperature 0: of a reference all canaries, of a trial those that its reference
 * passed, since no other can be compared. `skipsFree` leaves the free ones out. Throws: LoadError `E_ENDPOINT` when most get
 * no answer.
 */
export async function runQuality(
  app: Pick<App, 'load'>,
  target: QualityTarget,
  {
    reference,
    call,
    skipsFree = false,
  }: {
    readonly reference: QualityRun | null;
    readonly call: Call;
    readonly skipsFree?: boolean;
  },
): Promise<QualityRun> {
  const passing = reference?.canaries.filter((one) => one.passed).map((one) => one.id);
  const canaries = buildCanaries(target.seed).filter(({ id }) => passing?.includes(id) ?? true);
  call.onProgress(`asking ${canaries.length} canaries`);
  const first = await inParallel(canaries, CONCURRENCY, (canary) =>
    askCanary(app, target, { canary, call }),
  );
  refuseUnreachable(first.map((one) => one.asked));
  const again = await secondLook(app, target, { graded: first, call });
  const prompts = skipsFree ? [] : healthPrompts(target.seed);
  call.onProgress(`looking at ${prompts.length} free answers`);
  const free = await inParallel(prompts, CONCURRENCY, (prompt) =>
    askFree(app, target, { prompt, call }),
  );
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
