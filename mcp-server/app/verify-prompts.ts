import { canonicalJson } from '../core/contract/canonical-json.ts';
import type { EventData } from '../core/ledger/events.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { isRecord, parseJson } from '../core/parse.ts';
import { materialise } from '../core/workload/materialise.ts';
import { promptRepeat } from '../core/workload/prompt-repeat.ts';
import { describePrompts } from '../core/workload/prompts-sent.ts';
import { TokenCalibration } from '../core/workload/token-calibration.ts';
import type { WorkloadSpec } from '../core/workload/workload.ts';
import type { App } from './app.ts';
import { evidenceOf } from './engine-window.ts';
import { resolveWorkload } from './resolve-workload.ts';

type Reach = Pick<App, 'files' | 'evidence' | 'hash'>;
type Measurement = EventData<'measurement_recorded'>;

/** A recorded figure that the plan does not give again. */
export interface PromptFault {
  readonly measurementId: string;
  readonly name: string;
  readonly said: string;
  readonly found: string;
}

/**
 * Makes the prompts of every measurement of the contract's own workload anew, from its seed, its repeat and what was then
 * learnt of the service's tokens, and holds them against the recorded hash and lengths. `checked`: measurements that were
 * looked at; those of other workloads, older ones, and those whose evidence is gone are not.
 */
export async function verifyPrompts(
  app: Reach,
  state: SessionState,
): Promise<{ readonly checked: number; readonly faults: readonly PromptFault[] }> {
  const runs = state.trials
    .flatMap((trial) => trial.measurements)
    .map(({ data }) => data)
    .filter((run) => run.prompts !== undefined);
  if (runs.length === 0) return { checked: 0, faults: [] };
  const workload = await resolveWorkload(app, state.contract.terms.workload).catch(() => null);
  if (workload === null) return { checked: 0, faults: [] };
  const workloadHash = app.hash(canonicalJson(workload));
  const faults: PromptFault[] = [];
  let checked = 0;
  for (const run of runs.filter((one) => one.workloadHash === workloadHash)) {
    const calibration = await calibrationOf(app, state, run);
    if (calibration === null) continue;
    checked += 1;
    faults.push(...faultsOf(app, run, { workload, calibration }));
  }
  return { checked, faults };
}

async function calibrationOf(
  app: Reach,
  state: SessionState,
  run: Measurement,
): Promise<TokenCalibration | null> {
  const stored = evidenceOf(state, run.measurementId, 'client');
  // a file that is gone or changed is told by the check of the files themselves
  const text =
    stored === null ? '' : await app.evidence.get(state.sessionId, stored).catch(() => '');
  const client = parseJson(text);
  const read = TokenCalibration.safeParse(isRecord(client) ? client['calibration'] : null);
  return read.success ? read.data : null;
}

function faultsOf(
  app: Reach,
  run: Measurement,
  from: { readonly workload: WorkloadSpec; readonly calibration: TokenCalibration },
): readonly PromptFault[] {
  const plan = materialise({
    ...from,
    seed: run.seed,
    repeat: promptRepeat(run),
    count: run.loadPoint.requests,
    phase: 'measure',
  });
  const again = describePrompts(plan, { ...from, isImported: false, hash: app.hash });
  const said: Readonly<Record<string, unknown>> = { ...run.prompts };
  return Object.entries(again)
    .map(([name, found]) => ({
      measurementId: run.measurementId,
      name: `prompts.${name}`,
      said: canonicalJson(said[name]),
      found: canonicalJson(found),
    }))
    .filter((fault) => fault.said !== fault.found);
}
