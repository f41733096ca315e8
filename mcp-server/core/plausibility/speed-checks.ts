import { tbotMs, ttftMs } from '../metrics/request-metrics.ts';
import { quantile } from '../stats/quantile.ts';
import { type Check, type Facts, type Fault, found } from './input.ts';

/** Share below a physical floor that measurement error may explain. Source: own reasoning; clocks agree within 1 %. */
const SLACK = 0.02;
/** Prompt lengths must differ so much before a slope is asked for. Source: docs/load.md, check 2. */
const MIN_SPREAD = 4;
/** Slope of TTFT below this part of the physical one. Source: own reasoning. */
const MIN_SLOPE_RATIO = 0.5;
const MIN_REQUESTS = 10;
/** Source: docs/load.md, check 11. */
const TOO_GOOD = 2;

/** TTFT against the time that the prompt's arithmetic takes. */
export const ttftPhysics: Check = (facts) => [
  ...found(2, 'ttft_below_physics', whyTtftBelow(facts)),
  ...found(2, 'ttft_flat', whyFlat(facts)),
];

function uncached(facts: Facts): readonly { readonly tokens: number; readonly ttft: number }[] {
  return facts.unique.flatMap((record) => {
    const ttft = ttftMs(record);
    const tokens = (record.inputTokens ?? 0) - (record.cachedTokens ?? 0);
    return ttft === null || tokens <= 0 ? [] : [{ tokens, ttft }];
  });
}

function whyTtftBelow(facts: Facts): Fault | null {
  const perToken = facts.floors?.prefillMsPerToken ?? null;
  if (perToken === null) return null;
  const below = uncached(facts).filter(
    ({ tokens, ttft }) => ttft < (tokens * perToken + (facts.rttMs ?? 0) / 2) * (1 - SLACK),
  );
  const all = uncached(facts).length;
  if (all === 0 || below.length / all < 0.05) return null;
  const detail = `${below.length} of ${all} first tokens came before their prompt can have been read`;
  return { size: below.length / all, detail };
}

function whyFlat(facts: Facts): Fault | null {
  const perToken = facts.floors?.prefillMsPerToken ?? null;
  const points = uncached(facts);
  if (perToken === null || points.length < MIN_REQUESTS) return null;
  const tokens = points.map((point) => point.tokens);
  const low = quantile(tokens, 0.05) ?? 0;
  const high = quantile(tokens, 0.95) ?? 0;
  if (low <= 0 || high / low < MIN_SPREAD) return null;
  const slope = slopeOf(points);
  if (slope >= perToken * MIN_SLOPE_RATIO) return null;
  const detail = `TTFT grows ${slope.toFixed(4)} ms a token, the arithmetic alone needs ${perToken.toFixed(4)}`;
  return { size: 1 - slope / perToken, detail };
}

function slopeOf(points: readonly { readonly tokens: number; readonly ttft: number }[]): number {
  const meanX = points.reduce((sum, point) => sum + point.tokens, 0) / points.length;
  const meanY = points.reduce((sum, point) => sum + point.ttft, 0) / points.length;
  const sxy = points.reduce((sum, { tokens, ttft }) => sum + (tokens - meanX) * (ttft - meanY), 0);
  const sxx = points.reduce((sum, { tokens }) => sum + (tokens - meanX) ** 2, 0);
  return sxx === 0 ? 0 : sxy / sxx;
}

/** Decode against the time that reading the weights takes. */
export const tbotPhysics: Check = (facts) => [
  ...found(3, 'tbot_below_physics', whyTbotBelow(facts)),
  ...found(3, 'output_above_roofline', whyAboveRoof(facts)),
];

function whyTbotBelow(facts: Facts): Fault | null {
  const floor = facts.floors?.decodeMs ?? null;
  const median = quantile(
    facts.unique.map(tbotMs).filter((value) => value !== null),
    0.5,
  );
  if (floor === null || median === null || median >= floor * (1 - SLACK)) return null;
  const detail = `${median.toFixed(3)} ms a token, the hardware needs ${floor.toFixed(3)}`;
  return { size: 1 - median / floor, detail };
}

function whyAboveRoof({ floors, summary }: Facts): Fault | null {
  const roof = floors?.outputTokensPerS ?? null;
  const rate = summary.outputTokensPerS;
  if (roof === null || rate === null || rate <= roof * (1 + SLACK)) return null;
  const detail = `${rate.toFixed(0)} output tokens a second, the hardware allows ${roof.toFixed(0)}`;
  return { size: rate / roof - 1, detail };
}

/** A gain that no change of a configuration has brought. */
export const tooGood: Check = ({ summary, reference }) => {
  const before = reference?.outputTokensPerS ?? null;
  const now = summary.outputTokensPerS;
  if (before === null || now === null || now <= TOO_GOOD * before) return [];
  const detail = `${now.toFixed(0)} output tokens a second, ${before.toFixed(0)} before`;
  return found(11, 'too_good', { size: now / before, detail });
};
