import type { EventData } from '../core/ledger/events.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { PlausibilityInput } from '../core/plausibility/input.ts';
import {
  decodeCeilingTokensPerS,
  decodeFloorMs,
  type Placement,
  prefillFloorMs,
  prefillFlops,
} from '../core/roofline/floors.ts';
import { isSpeculationFlag } from '../core/service/speculation-flag.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';
import { placementOf } from './observe.ts';

type Measurement = EventData<'measurement_recorded'>;

/** Physical bounds of one run, none of them missing, and what the judge compares medians with. */
export interface RunFloors {
  readonly prefillMsPerToken: number;
  readonly decodeMs: number;
  readonly outputTokensPerS: number;
  readonly firstTokenMs: number;
}

/** Tokens that a draft may add to each step at most. Source: own reasoning; trees of drafts reach about 6 accepted. */
const MOST_ACCEPTED = 8;
/** One token, and so many that arithmetic and not the weights decides. */
const SMALL = 1;
const LARGE = 100_000;

/**
 * Bounds of a run on the hardware that it landed on. They leave out what would raise them (contexts of a batch, launches,
 * exchange between GPUs), so that nothing real lies below. Null when: GPU or model is unknown, as on a CPU.
 */
export async function floorsOfRun(
  app: Pick<App, 'files'>,
  state: SessionState,
  { trial, run }: { readonly trial: TrialState; readonly run: Measurement },
): Promise<RunFloors | null> {
  const placed = await placementOf(app, state, { trial, run });
  if (placed === null) return null;
  const { leastWeightBytes } = engineById(trial.planned.engine);
  const placement =
    leastWeightBytes === null ? placed : { ...placed, weightBytesEach: leastWeightBytes };
  const speculates = trial.planned.command.split(/[\s=]+/).some(isSpeculationFlag);
  const accepted = speculates ? MOST_ACCEPTED : 1;
  const batch = batchOf(run);
  return {
    prefillMsPerToken: prefillMsPerToken(placement),
    decodeMs: decodeFloorMs(placement, 0).floorMs / accepted,
    outputTokensPerS: decodeCeilingTokensPerS(placement, {
      batch,
      contextTokens: 0,
      acceptLength: accepted,
    }),
    firstTokenMs: prefillFloorMs(placement, SMALL).floorMs,
  } satisfies PlausibilityInput['floors'] & { firstTokenMs: number };
}

/** Source: 2 Pa FLOPs a token at peak; attention comes on top. */
function prefillMsPerToken(placement: Placement): number {
  const linear = prefillFlops(placement.model, SMALL) * LARGE;
  const whole = prefillFlops(placement.model, LARGE);
  return (prefillFloorMs(placement, LARGE).floorMs * (linear / whole)) / LARGE;
}

/** Requests in flight at most: no more tokens can be made in one step. */
function batchOf({ loadPoint, summary }: Measurement): number {
  if (loadPoint.kind === 'closed') return loadPoint.concurrency;
  return loadPoint.maxConcurrency ?? Math.max(1, Math.ceil(2 * (summary.concurrencyMean ?? 1)));
}
