import { describeComparison } from '../core/judge/describe-comparison.ts';
import type { Judgement } from '../core/judge/judge.ts';
import type { Leader } from '../core/judge/leaders.ts';
import type { SessionState } from '../core/ledger/state.ts';
import type { ConfirmedCandidate } from '../core/ledger/vocabulary.ts';
import { signedPercent } from '../core/percent.ts';
import { metricName } from '../core/stats/spread.ts';

/** What the search saw beside what the fresh deployment shows, with intervals. */
export function searchLine(
  state: SessionState,
  { leader, judgement }: { readonly leader: Leader; readonly judgement: Judgement },
): readonly string[] {
  const { metric, quantile } = state.contract.terms.objective;
  const name = metricName(metric, quantile);
  const confirmed = judgement.deltas.find((delta) => delta.metric === name);
  if (confirmed === undefined || leader.gain.ratio === null) return [];
  return [
    `in the search: ${signedPercent(leader.gain.ratio)} over the baseline; confirmed: ${describeComparison({ delta: confirmed })}`,
  ];
}

/** One leader in words: what the search believed, what is confirmed, and what was luck. */
export function describeCandidate(candidate: ConfirmedCandidate): string {
  const { trialId, verdict, searchGainRatio, confirmedGainRatio, shrinkageRatio } = candidate;
  const said = (ratio: number | null): string =>
    ratio === null ? 'unknown' : signedPercent(ratio);
  return `${trialId} on ${candidate.deploymentId ?? 'no deployment'}: ${verdict}; gain in the search ${said(searchGainRatio)}, confirmed ${said(confirmedGainRatio)}, shrinkage ${said(shrinkageRatio)}`;
}

/** The outcome in a few lines. */
export function summaryOf(
  trialId: string,
  judgement: Judgement,
  reasons: readonly string[],
): string {
  const head =
    judgement.verdict === 'keep'
      ? `${trialId} is confirmed on a fresh deployment with held-out prompts.`
      : `${trialId} did not hold on a fresh deployment (${judgement.verdict}${judgement.gate === null ? '' : `, gate ${judgement.gate}`}).`;
  return [head, ...reasons.slice(0, 8).map((reason) => `- ${reason}`)].join('\n');
}
