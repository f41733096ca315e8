import { spending } from '../budget/budget.ts';
import { OWN_PURPOSES } from '../judge/from-state.ts';
import { heldDeployments, openJobs } from '../ledger/lookup.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { METRIC_CARDS, readMetric } from '../metrics/metric.ts';
import { nextStep } from '../next-step/next-step.ts';
import { cleanText } from '../redact.ts';
import { describeChange } from '../service/change.ts';
import { asShare, efficiencyOf } from './efficiency.ts';
import { mechanismWord } from './mechanism-line.ts';

/** Longest brief. Units: bytes of UTF-8. Source: docs/architecture.md. */
const MAX_BRIEF_BYTES = 2048;

/**
 * The state of a session in a few lines: best, last trials, money, what runs, the next step.
 * Shape: at most 2,048 bytes; the same state gives the same bytes (time changes them only where it ends the session).
 */
export function renderBrief(state: SessionState, nowMs: number): string {
  const step = nextStep(state, nowMs);
  const next =
    step.tool === null ? step.why : `next: ${step.tool} ${JSON.stringify(step.args)}: ${step.why}`;
  const head = [titleLine(state), moneyLine(state), ...bestLines(state), ...runningLines(state)];
  const trials = state.trials.slice(-5).map((trial) => trialLine(state, trial));
  for (let shown = trials.length; shown > 0; shown -= 1) {
    const text = [...head, ...trials.slice(-shown), next].join('\n');
    if (byteLength(text) <= MAX_BRIEF_BYTES) return text;
  }
  return cutToBytes([...head, next].join('\n'), MAX_BRIEF_BYTES);
}

function titleLine(state: SessionState): string {
  const { terms } = state.contract;
  const goal = terms.objective.goal === undefined ? '' : `, goal ${terms.objective.goal}`;
  const simulated = terms.backend === 'simulated' ? ' SIMULATED' : '';
  const stopped = state.stopped === null ? '' : `, stopped (${state.stopped.data.reason})`;
  return cleanText(
    `${state.sessionId}${simulated}: ${terms.objective.direction} ${terms.objective.metric} ${terms.objective.quantile} of ${terms.model.id} on ${terms.backend}${goal}${stopped}`,
    300,
  );
}

/** As of the last event, so that the same state gives the same bytes; what runs shows as a rate. */
function moneyLine(state: SessionState): string {
  const spent = spending(state, Date.parse(state.lastAt));
  const { budget } = state;
  return [
    `spent $${spent.totalUsd.toFixed(2)} of $${budget.maxTotalUsd.toFixed(2)}`,
    `${spent.deployments} of ${budget.maxDeployments} deployments`,
    `${spent.wallHours.toFixed(1)} of ${budget.maxWallHours} h`,
    `now $${spent.hourUsd.toFixed(2)}/h`,
  ].join(', ');
}

function bestLines(state: SessionState): readonly string[] {
  if (state.bestId === null) return ['best: none yet (the baseline is not calibrated)'];
  const trial = state.trials.find((one) => one.trialId === state.bestId);
  const proof =
    state.confirmed?.trialId === state.bestId
      ? state.confirmed.holds
        ? 'confirmed'
        : 'did not hold when confirmed'
      : 'not confirmed';
  const value = trial === undefined ? '' : `, ${objectiveText(state, trial)}`;
  return [`best: ${state.bestId} (${proof})${value}`];
}

function runningLines(state: SessionState): readonly string[] {
  const held = heldDeployments(state).slice(0, 3);
  const jobs = openJobs(state).slice(-3);
  return [
    ...held.map((one) => `runs: ${one.deploymentId} of ${one.trialId} (${deploymentPhase(one)})`),
    ...jobs.map((job) => `job: ${job.jobId} ${job.started.kind}`),
  ];
}

function deploymentPhase(deployment: TrialState['deployments'][number]): string {
  if (deployment.failed !== null) return 'failed';
  if (deployment.stopIntendedAt !== null) return 'stopping';
  return deployment.ready === null ? 'starting' : 'ready';
}

function trialLine(state: SessionState, trial: TrialState): string {
  const changes = trial.planned.changes.map(describeChange).join(', ');
  const verdict = trial.judgements.at(-1);
  const judged =
    verdict === undefined
      ? trial.phase
      : `${verdict.verdict}${verdict.gate === null ? '' : ` (${verdict.gate})`}`;
  const what = changes === '' ? 'baseline' : cleanText(changes, 90).replaceAll('\n', ' ');
  const mechanism = trial.mechanisms.slice(-1).map((check) => `, ${mechanismWord(check)}`);
  const limit =
    trial.measurements.length === 0 ? '' : `, ${asShare(efficiencyOf(state, trial))} of limit`;
  return `${trial.trialId} ${what}: ${judged}, ${objectiveText(state, trial)}${limit}${mechanism.join('')}`;
}

/** Measurements that a trial is known by; confirmations and probes answer other questions. */
const USABLE: ReadonlySet<string> = new Set(OWN_PURPOSES);

function objectiveText(state: SessionState, trial: TrialState): string {
  const { metric, quantile } = state.contract.terms.objective;
  const values = trial.measurements.flatMap(({ data }) => {
    const price =
      trial.deployments.find((one) => one.deploymentId === data.deploymentId)?.ready
        ?.priceUsdPerHour ?? null;
    const isUsable = USABLE.has(data.purpose) && data.flags.length === 0;
    const value = isUsable ? readMetric(data.summary, { id: metric, quantile }, price) : null;
    return value === null ? [] : [value];
  });
  if (values.length === 0) {
    return trial.measurements.length === 0 ? 'not measured' : 'no usable measurement';
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const card = METRIC_CARDS[metric];
  const name = card.hasQuantiles ? `${card.label} ${quantile}` : card.label;
  return `${name} ${Number(mean.toPrecision(4))} ${card.unit}`;
}

/** Bytes of the text in UTF-8. */
function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function cutToBytes(text: string, maxBytes: number): string {
  let cut = text;
  while (byteLength(cut) > maxBytes) cut = cut.slice(0, -16);
  return cut;
}
