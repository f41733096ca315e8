import { AutodebugError } from '../core/errors.ts';
import { readArtefact } from '../core/evidence/lookup.ts';
import type { EventData } from '../core/ledger/events.ts';
import type { TrialState } from '../core/ledger/state.ts';
import { planBullets } from '../core/report/start-bullets.ts';
import type { Change } from '../core/service/change.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';
import { forecastMemory } from './plan-checks.ts';
import { readPlanSubject } from './plan-subject.ts';
import { recordEvidence } from './record-evidence.ts';

/**
 * For a trial that never served, keeps what was launched and what the memory plan said as evidence, and cites it. Empty
 * when: its file is gone or cannot be read any more.
 */
export async function planBulletsOf(
  app: App,
  writer: LedgerWriter,
  trial: TrialState,
): Promise<readonly string[]> {
  const plan = await describePlan(app, writer, trial);
  if (plan === null) return [];
  const text = `${JSON.stringify(plan, null, 1)}\n`;
  const evidenceId = await recordEvidence(app, writer, {
    kind: 'deployment_state',
    trialId: trial.trialId,
    deploymentId: trial.deployments.at(-1)?.deploymentId ?? null,
    measurementId: null,
    name: `${trial.trialId}-launch.json`,
    text,
    source: 'planned file, its launch and the memory planner',
    windowStartMs: null,
    windowEndMs: null,
  });
  const artefact = readArtefact('deployment_state', text, null);
  return planBullets({ evidenceId, artefact }, changedSettings(plan.launch, trial.planned.changes));
}

interface PlanRecord {
  readonly file: string;
  /** Flags of the launch under their own names, `true` for one without a value. */
  readonly launch: Readonly<Record<string, string>>;
  readonly memory: object;
  readonly ended: Pick<EventData<'deploy_failed'>, 'phase' | 'crashClass'> | null;
}

async function describePlan(
  app: App,
  writer: LedgerWriter,
  trial: TrialState,
): Promise<PlanRecord | null> {
  const state = writer.state();
  const text = await app.files.readOutput(trial.planned.file);
  if (text === null) return null;
  try {
    const subject = readPlanSubject(app, state, text);
    const failed = trial.deployments.findLast((one) => one.failed !== null)?.failed;
    return {
      file: trial.planned.file,
      launch: Object.fromEntries(
        [...subject.facts.flags].map(([flag, value]) => [nameOf(flag), value ?? 'true']),
      ),
      memory: forecastMemory(state.contract, subject),
      ended: failed ? { phase: failed.phase, crashClass: failed.crashClass } : null,
    };
  } catch (error) {
    if (error instanceof AutodebugError) return null;
    throw error;
  }
}

const nameOf = (flag: string): string => flag.replace(/^-+/, '').replaceAll('-', '_');

function changedSettings(
  launch: Readonly<Record<string, string>>,
  changes: readonly Change[],
): readonly { readonly name: string; readonly value: string }[] {
  const changed = new Set(changes.flatMap((one) => ('flag' in one ? [nameOf(one.flag)] : [])));
  const all = Object.entries(launch).map(([name, value]) => ({ name, value }));
  const own = all.filter(({ name }) => changed.has(name));
  return (own.length > 0 ? own : all).filter(({ value }) => /^[^=[\]]{1,80}$/.test(value));
}
