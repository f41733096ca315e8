import { endedAtMs, tbotMs, ttftMs, ttltMs } from '../metrics/request-metrics.ts';
import { percent } from '../percent.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { type Check, type Facts, type Fault, faultOf, found } from './input.ts';

/** Source of all three: docs/load.md, check 12. */
const LITTLE_TOLERANCE = 0.03;
const IDENTITY_TOLERANCE = 0.01;
const CLOCK_TOLERANCE = 0.001;
/** Reading of the two clocks themselves, and of the first and last event. */
const CLOCK_SLACK_MS = 250;

/** What must hold of our own numbers, whoever served. */
export const selfCheck: Check = (facts) => [
  ...found(12, 'token_sum_broken', whySum(facts)),
  ...found(12, 'little_law_broken', whyLittle(facts)),
  ...found(12, 'times_do_not_add_up', whyIdentity(facts)),
  ...found(12, 'clocks_disagree', whyClocks(facts)),
  ...found(12, 'negative_time', whyNegative(facts)),
  ...found(12, 'not_a_number', whyNaN(facts)),
];

function whySum({ valid, summary }: Facts): Fault | null {
  const tokens = valid.reduce((sum, record) => sum + (record.outputTokens ?? 0), 0);
  if (tokens === summary.outputTokens) return null;
  const detail = `${tokens} tokens over the requests, ${summary.outputTokens} in the summary`;
  return { size: Math.abs(tokens - summary.outputTokens) / Math.max(1, tokens), detail };
}

/** Mean in flight = rate × mean time in flight, over the whole run. */
function whyLittle({ records, summary }: Facts): Fault | null {
  const mean = meanOf(records.map((record) => endedAtMs(record) - record.sentAtMs));
  if (summary.concurrencyMean === null || mean === null || summary.steady) return null;
  const implied = (records.length / summary.durationMs) * mean;
  const off = Math.abs(implied / summary.concurrencyMean - 1);
  return off <= LITTLE_TOLERANCE ? null : { size: off, detail: `${percent(off)} apart` };
}

function whyIdentity({ valid }: Facts): Fault | null {
  const broken = valid.filter((record) => {
    const ttft = ttftMs(record);
    const tbot = tbotMs(record);
    const ttlt = ttltMs(record);
    if (ttft === null || tbot === null || ttlt === null) return false;
    const implied = ttft + ((record.outputTokens ?? 0) - record.firstEventTokens) * tbot;
    return Math.abs(implied - ttlt) > IDENTITY_TOLERANCE * ttlt;
  });
  return faultOf(broken, valid, 'requests');
}

function whyClocks({ wallMs, summary, records }: Facts): Fault | null {
  if (wallMs === null || summary.durationMs <= 0) return null;
  const late = wallMs - summary.durationMs;
  // In open loop the wall's time begins before the first arrival.
  const isOpen = records.some((record) => record.intendedAtMs !== null);
  const off = isOpen ? Math.max(0, -late) : Math.abs(late);
  if (off <= CLOCK_SLACK_MS + CLOCK_TOLERANCE * summary.durationMs) return null;
  const detail = `${wallMs.toFixed(0)} ms by the wall, ${summary.durationMs.toFixed(0)} ms by the monotonic clock`;
  // what stands around a run takes its time, however long the run is
  return { size: off, detail };
}

function whyNegative({ records }: Facts): Fault | null {
  const broken = records.filter(
    (record) =>
      record.gapsMs.some((gap) => gap < 0) ||
      (ttftMs(record) ?? 0) < 0 ||
      (ttltMs(record) ?? 0) < (ttftMs(record) ?? 0),
  );
  return faultOf(broken, records, 'requests have a negative time');
}

function whyNaN({ records, summary }: Facts): Fault | null {
  const numbers = [
    ...Object.values(summary),
    ...records.flatMap((record) => Object.values(record)),
  ];
  const broken = numbers.filter((value) => typeof value === 'number' && !Number.isFinite(value));
  return faultOf(broken, numbers, 'values are no finite numbers');
}
