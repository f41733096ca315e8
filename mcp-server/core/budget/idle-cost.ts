import { allDeployments } from '../ledger/lookup.ts';
import type { SessionState } from '../ledger/state.ts';

/**
 * What instances cost between deployments: a fleet of the session keeps one, idle and billed, for the contract's idle
 * minutes after a run is gone, unless the next run takes it or the session ends. Only dstack keeps instances.
 * Units: USD. Source: dstack docs on fleets (`idle_duration`); price by the ledger's own record.
 */
export function idleCostUsd(state: SessionState, nowMs: number): number {
  if (state.contract.terms.backend !== 'dstack') return 0;
  const deployments = allDeployments(state);
  const endedMs = state.stopped === null ? Infinity : Date.parse(state.stopped.at);
  return deployments.reduce((sum, deployment, index) => {
    const { goneAt, ready, gone } = deployment;
    if (goneAt === null || ready === null || (gone?.idleCostUsd ?? 0) > 0) return sum;
    const fromMs = Date.parse(goneAt);
    const nextMs = Date.parse(deployments[index + 1]?.intendedAt ?? '') || Infinity;
    const untilMs = Math.min(fromMs + state.budget.idleMinutes * 60_000, nextMs, endedMs, nowMs);
    return sum + (Math.max(0, untilMs - fromMs) / 3_600_000) * ready.priceUsdPerHour;
  }, 0);
}
