import { createTwoFilesPatch } from 'diff';
import type { EventData } from '../core/ledger/events.ts';
import { nextTrialId } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Forced, Hypothesis } from '../core/ledger/vocabulary.ts';
import type { Change } from '../core/service/change.ts';
import { touchesQuality } from '../engines/touches-quality.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';
import { createPlanFile } from './create-plan-file.ts';
import { forecastMemory, type PlanQuestion, planWarnings } from './plan-checks.ts';
import type { PlanPrice } from './plan-price.ts';
import type { PlanSubject } from './plan-subject.ts';

/** The trial that a plan changes. */
export interface Parent {
  readonly trial: TrialState;
  readonly subject: PlanSubject;
}

/** Writes the planned file, then the event that names it. */
export async function writePlan(
  app: App,
  writer: LedgerWriter,
  plan: {
    readonly question: PlanQuestion;
    readonly price: PlanPrice;
    readonly args: {
      readonly hypothesis: Hypothesis;
      readonly changes: readonly Change[];
      readonly diagnosis_id?: string | undefined;
    };
    readonly forced: readonly Forced[];
    readonly parent: Parent | null;
  },
): Promise<EventData<'trial_planned'>> {
  const { question, price, args, parent } = plan;
  const { subject, state } = question;
  const { stamp, file } = await createPlanFile(app, state, subject.text);
  const memory = forecastMemory(state.contract, subject);
  const data: EventData<'trial_planned'> = {
    trialId: nextTrialId(state),
    parentId: parent?.trial.trialId ?? null,
    hypothesis: args.hypothesis,
    changes: [...args.changes],
    file,
    stamp,
    configHash: subject.configHash,
    command: subject.launch.command.slice(0, 8000),
    engine: subject.engine.id,
    engineVersion: subject.version,
    diff: parent === null ? '' : diffOf(parent, file, subject.text),
    predicted: {
      memoryFits: memory.fits,
      memoryNote: memory.note.slice(0, 300),
      priceUsdPerHour: price.usdPerHour,
    },
    warnings: [...planWarnings(question), ...price.warnings].map((text) => text.slice(0, 400)),
    forced: [...plan.forced],
    diagnosisId: args.diagnosis_id ?? null,
    touchesQuality: isQualityTouched(state, question, parent),
  };
  await writer.append({ type: 'trial_planned', data });
  return data;
}

function diffOf(parent: Parent, file: string, text: string): string {
  const before = parent.trial.planned.file;
  return createTwoFilesPatch(before, file, parent.subject.text, text, '', '', { context: 2 })
    .replace(/^=+\n/, '')
    .slice(0, 20_000);
}

/** A parent that is not the best may carry an unproven quality change of its own. */
function isQualityTouched(
  state: SessionState,
  question: PlanQuestion,
  parent: Parent | null,
): boolean {
  if (touchesQuality(question.subject.engine, question.changes)) return true;
  if (parent === null || parent.trial.trialId === state.bestId) return false;
  return parent.trial.planned.touchesQuality;
}
