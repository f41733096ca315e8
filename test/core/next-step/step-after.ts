import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import { nextStep } from '../../../mcp-server/core/next-step/next-step.ts';
import type { NextStep } from '../../../mcp-server/core/next-step/step.ts';
import { START_MS, stateOf } from '../../fakes/ledger-events.ts';

/** The step after the events, some time later. */
export const stepAfter = (events: readonly NewEvent[], laterMs = 60_000): NextStep =>
  nextStep(stateOf(events), START_MS + laterMs);
