import { mix, unitOf } from '../random.ts';

/** One scored token. Units: nats. */
export interface SimScore {
  readonly id: number;
  readonly logprob: number;
  /** Likeliest token of this place, and how far it lies above the next. */
  readonly topId: number;
  readonly topLogprob: number;
  readonly gap: number;
}

export interface ScoreOrder {
  readonly ids: ArrayLike<number>;
  /** Share of tokens that come out wrong, 0..1: log-probabilities suffer in proportion. */
  readonly corruptionRate: number;
  /** Number of the request: sums in another order differ in the last bits. */
  readonly request: number;
  /** True where the model chose the tokens itself. */
  readonly isOwn: boolean;
}

/** Mean loss of log-probability per unit of corruption. Units: nats. Source: 4-bit weights cost 1-5 % of perplexity. */
const NATS_PER_CORRUPTION = 8;
/** Share of places whose likeliest token changes, per unit of corruption. Source: own reasoning. */
const FLIPS_PER_CORRUPTION = 5;
/** Noise of sums in another order. Units: nats. Source: bfloat16 keeps about three digits. */
const NUMERIC_NATS = 0.001;
/** Share of places where two tokens are all but equal. Source: own reasoning. */
const TIE_RATIO = 0.03;

function scoreAt(order: ScoreOrder, index: number): SimScore {
  const { corruptionRate, request, isOwn } = order;
  const id = order.ids[index] ?? 0;
  const place = mix(id, order.ids[index - 1] ?? 0, index);
  const drift = -Math.log(1 - unitOf(place, 3)) * NATS_PER_CORRUPTION * corruptionRate;
  const noise = (unitOf(place, request, 4) - 0.5) * 2 * NUMERIC_NATS;
  const isLikeliest = isOwn || unitOf(place, 5) < 0.6;
  const isFlipped = !isOwn && unitOf(place, 6) < FLIPS_PER_CORRUPTION * corruptionRate;
  const isTop = isLikeliest !== isFlipped;
  const base = isLikeliest ? -0.3 * unitOf(place, 1) : -1 - 5 * unitOf(place, 1);
  const logprob = Math.min(-0.0001, base - drift + noise);
  return {
    id,
    logprob,
    topId: isTop ? id : (place % 50_000) + 256,
    topLogprob: isTop ? logprob : Math.min(-0.0001, logprob + 1),
    gap: unitOf(place, 7) < TIE_RATIO ? 0.05 : 1.2 + 6 * unitOf(place, 8),
  };
}

/** Scores of every token of a text: a function of tokens, places, damage and (in the last bits) the request. */
export function scoreTokens(order: ScoreOrder): readonly SimScore[] {
  return Array.from({ length: order.ids.length }, (_, index) => scoreAt(order, index));
}
