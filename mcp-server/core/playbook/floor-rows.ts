import type { FloorRow } from '../ledger/vocabulary.ts';
import type { MeasurementSummary } from '../metrics/summary.ts';
import { short } from './fact.ts';
import { measuresOf } from './measures.ts';
import type { Observation } from './observation.ts';
import { settingOf } from './settings.ts';

/** Distance to the physical limit of TBOT, TTFT and output throughput. Empty when: GPU or model is unknown. */
export function floorRows(o: Observation): FloorRow[] {
  const m = measuresOf(o);
  const accepted = acceptedPerStep(o, m.acceptLength.value);
  const least = [
    { metric: 'tbotMs.mean', measured: m.tbotClient.value, floor: m.decodeFloor.value / accepted },
    { metric: 'ttftMs.mean', measured: m.ttftClient.value, floor: m.prefillFloor.value },
  ].map((row) => ({ ...row, ratio: row.measured / row.floor }));
  const measured = o.client?.summary.outputTokensPerS ?? Number.NaN;
  const most = (o.floors?.outputTokensPerS ?? Number.NaN) * accepted;
  return [
    ...least,
    { metric: 'outputTokensPerS', measured, floor: most, ratio: most / measured },
  ].filter((row) => row.floor > 0 && row.measured > 0 && Number.isFinite(row.ratio));
}

/** Tokens of one step: 1 without speculation. NaN when: it speculates and nobody tells how much is accepted. */
function acceptedPerStep(o: Observation, acceptLength: number): number {
  if (settingOf(o, 'speculation') === null) return 1;
  return acceptLength >= 1 ? acceptLength : Number.NaN;
}

const NAMES: Readonly<Record<string, readonly [name: string, unit: string]>> = {
  'tbotMs.mean': ['TBOT', 'ms'],
  'ttftMs.mean': ['TTFT', 'ms'],
  outputTokensPerS: ['output throughput', 'tok/s'],
};

/** Name of a bounded metric in our words. */
export const floorName = (metric: string): string => NAMES[metric]?.[0] ?? metric;

/** `TBOT 8.87 ms is 1.6 times its limit of 5.51 ms; …`. Null when: there is no row. */
export function describeFloors(rows: readonly FloorRow[]): string | null {
  if (rows.length === 0) return null;
  const each = rows.map((row) => {
    const name = floorName(row.metric);
    const unit = NAMES[row.metric]?.[1] ?? '';
    const away = row.metric === 'outputTokensPerS' ? 'a part in' : '';
    const limit = `${short3(row.floor)} ${unit}`;
    return away === ''
      ? `${name} ${short3(row.measured)} ${unit} is ${short3(row.ratio)} times its limit of ${limit}`
      : `${name} ${short3(row.measured)} ${unit} is ${short3(100 / row.ratio)} % of its limit of ${limit}`;
  });
  return each.join('; ');
}

const short3 = (value: number): string => short(Number(value.toPrecision(3)));

/** What the spread of residences adds to the difference at the edges of a window. Source: own reasoning. */
const LITTLE_TOLERANCE = 0.15;

export interface LittleCheck {
  /** Requests in flight by arrival rate times residence. */
  readonly expected: number;
  readonly counted: number;
  /** Difference that requests over the edges of the window explain. */
  readonly allowed: number;
  readonly agrees: boolean;
}

/** Little's law over one run. Null when: one of the three is unknown. Source: L = λ W. */
export function checkLittle(summary: MeasurementSummary): LittleCheck | null {
  const { requestsPerS, concurrencyMean, ttltMs, steadyWindowMs } = summary;
  if (requestsPerS === null || concurrencyMean === null || ttltMs.mean === null) return null;
  if (concurrencyMean <= 0) return null;
  const expected = (requestsPerS * ttltMs.mean) / 1000;
  // Requests that reach over the edge of the window are in flight and not in its rate: about one residence's worth.
  const edge = ttltMs.mean / Math.max(1, steadyWindowMs ?? summary.durationMs);
  const allowed = concurrencyMean * (LITTLE_TOLERANCE + edge);
  const agrees = Math.abs(expected - concurrencyMean) <= allowed;
  return { expected, counted: concurrencyMean, allowed, agrees };
}

/** `Little’s law: 24 in flight by rate x residence, 31 counted; the edges of the window explain up to 12: agrees`. */
export function describeLittle({ expected, counted, allowed, agrees }: LittleCheck): string {
  const [by, seen, most] = [expected, counted, allowed].map(short3);
  return `Little’s law: ${by} in flight by rate x residence, ${seen} counted; the edges of the window explain up to ${most}: ${agrees ? 'agrees' : 'does not agree'}`;
}
