import { ttftMs } from '../metrics/request-metrics.ts';
import { percent } from '../percent.ts';
import {
  BURSTY_FROM_EVENTS,
  hasLongFirstGap,
  isBursty,
  leastGapMs,
} from '../plausibility/stream-checks.ts';
import { meanOf } from '../stats/mean-sd.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { doubtful, type Gate, invalid } from './gate-context.ts';
import type { GateFinding, GateRun, GateSide } from './gate-run.ts';
import { type Estimate, estimateOf, excess } from './shares.ts';

/** Gain over the best so far above which answers must be checked. Source: docs/gates.md, check 11. */
const TOO_GOOD = 2;

/** A gain that few changes of a configuration bring: believed once the answers were checked. */
export const notTooGood: Gate = ({ trial, incumbentTokensPerS }) =>
  loadPointsOf(trial).flatMap((index) => {
    const before = incumbentTokensPerS.get(index);
    const now = meanOf(
      runsAt(trial, index).flatMap(({ summary }) => summary.outputTokensPerS ?? []),
    );
    if (before === undefined || now === null || now <= TOO_GOOD * before) return [];
    return [
      doubtful('too_good', {
        size: now / before,
        detail: `${now.toFixed(0)} output tokens a second, ${before.toFixed(0)} by the best so far`,
      }),
    ];
  });

const loadPointsOf = (side: GateSide): readonly number[] => [
  ...new Set(side.runs.map((run) => run.loadPointIndex)),
];

const runsAt = (side: GateSide, index: number): readonly GateRun[] =>
  side.runs.filter((run) => run.loadPointIndex === index);

/** A first token that gains so much, while the second gains less than this part of it, stopped a clock and no more. */
const FIRST_GAIN = 0.15;
const LEAST_GAIN_MS = 3;
const SECOND_PART = 0.25;

/** A faster first token that the second one follows. Source: own reasoning; work done earlier brings both forward. */
export const firstTokenIsReal: Gate = ({ trial, baseline }) =>
  loadPointsOf(trial).flatMap((index) => {
    const [now, before] = [trial, baseline].map((side) => firstTwo(runsAt(side, index)));
    if (now === undefined || before === undefined) return [];
    if (now.first === null || before.first === null) return [];
    if (now.second === null || before.second === null) return [];
    const gained = before.first - now.first;
    const kept = before.second - now.second;
    const isMuch = gained > Math.max(LEAST_GAIN_MS, FIRST_GAIN * before.first);
    if (!isMuch || kept >= SECOND_PART * gained) return [];
    return [
      invalid('hollow_first_token', {
        size: (gained - kept) / before.first,
        detail: `the first token comes ${gained.toFixed(1)} ms sooner, the second one ${kept.toFixed(1)} ms`,
      }),
    ];
  });

/** Mean time to the first and to the second content event. */
function firstTwo(runs: readonly GateRun[]): {
  readonly first: number | null;
  readonly second: number | null;
} {
  const told = runs.flatMap((run) =>
    run.records.flatMap((record: RequestRecord) => {
      const first = record.failure === null ? ttftMs(record) : null;
      const [gap] = record.gapsMs;
      return first === null || gap === undefined ? [] : [{ first, second: first + gap }];
    }),
  );
  return {
    first: meanOf(told.map((one) => one.first)),
    second: meanOf(told.map((one) => one.second)),
  };
}

/** A gain of TTFT by the engine's word that is looked at, and the part of it that the client must see. Source: own reasoning. */
const ENGINE_GAIN = 0.05;
const SEEN_PART = 0.5;

/** Where TTFT is judged by the engine's word, what it gains must arrive at the client too. */
export const engineIsBelieved: Gate = ({ trial, baseline }) => {
  if (!trial.runs.some((run) => run.ttftSource === 'engine')) return [];
  return loadPointsOf(trial).flatMap((index): readonly GateFinding[] => {
    const now = bothClocks(runsAt(trial, index));
    const before = bothClocks(runsAt(baseline, index));
    if (now === null || before === null) return [];
    const told = before.engineMs - now.engineMs;
    const seen = before.client.mean - now.client.mean;
    const isTold = told > ENGINE_GAIN * before.engineMs;
    const chance = ERRORS * Math.hypot(now.client.error, before.client.error);
    if (!isTold || seen + chance >= SEEN_PART * told) return [];
    return [
      invalid('engine_clock_disagrees', {
        size: (told - seen) / before.engineMs,
        detail: `the engine says that a first token comes ${told.toFixed(1)} ms sooner, the client sees ${seen.toFixed(1)} ms`,
      }),
    ];
  });
};

/** Source: normal table, one-sided 3e-5. */
const ERRORS = 4;

function bothClocks(
  runs: readonly GateRun[],
): { readonly client: Estimate; readonly engineMs: number } | null {
  const records = runs.flatMap((run) => run.records).filter(({ failure }) => failure === null);
  const client = estimateOf(records.map(ttftMs));
  const engineMs = meanOf(runs.flatMap(({ engine }) => engine?.ttftMeanMs ?? []));
  return client === null || engineMs === null ? null : { client, engineMs };
}

/** Share of streams of an odd shape beyond the baseline's. Source: docs/load.md, check 4 (a fifth). */
const ODD_SHAPES = 0.2;

/** Events come as they are made, by all runs together: a busy moment of one run is no proxy. */
export const eventsFlow: Gate = ({ trial, baseline }) =>
  SHAPES.flatMap(({ name, says, isOdd }) => {
    const [now, before] = [trial, baseline].map((side) =>
      estimateOf(
        side.runs.flatMap((run) =>
          run.records
            .filter((one) => one.failure === null && one.contentEvents >= BURSTY_FROM_EVENTS)
            .map((one) => (isOdd(one, leastGapMs(run)) ? 1 : 0)),
        ),
      ),
    );
    if (now === null || now === undefined || before === null || before === undefined) return [];
    if (excess(now, before, ODD_SHAPES) <= 0) return [];
    const detail = `${percent(now.mean)} ${says}, ${percent(before.mean)} before`;
    return [invalid(name, { size: now.mean, detail })];
  });

const SHAPES = [
  {
    name: 'bursts_after_sleep',
    says: 'of the answers come in bursts between long gaps',
    isOdd: isBursty,
  },
  {
    name: 'early_first_chunk',
    says: 'of the answers pause after their first event',
    isOdd: hasLongFirstGap,
  },
] as const;

/** Marks on a measurement that say something of the service, not of the client or the moment. */
const TELLING = ['BUFFERED_PATH', 'CACHE_CONTAMINATED'] as const;

/**
 * One such run among clean ones is not left out quietly: it speaks about the service that the others ran on. As large a
 * part of the baseline's runs, rounded up to a run, excuses it.
 */
export const runsAreClean: Gate = ({ trial, baseline }) =>
  TELLING.flatMap((flag) => {
    const flaggedOf = (side: GateSide): readonly GateRun[] =>
      side.runs.filter((run) => run.flags.includes(flag) && !run.flags.includes('CLIENT_LIMITED'));
    const count = trial.runs.length;
    const flagged = flaggedOf(trial);
    const part = flaggedOf(baseline).length / Math.max(1, baseline.runs.length);
    if (flagged.length <= Math.ceil(part * count) || flagged.length === count) return [];
    const ids = flagged.map((run) => run.measurementId).join(', ');
    const detail = `${ids} of ${count} runs carry ${flag}`;
    return [invalid(flag.toLowerCase(), { size: flagged.length / count, detail })];
  });
