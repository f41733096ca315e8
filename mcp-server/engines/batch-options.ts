import {
  flagOptions,
  type KnobOption,
  kvWeight,
  numberInForce,
  powerOfTwoAtLeast,
  type SearchContext,
  weighed,
} from '../core/search/knob.ts';

/**
 * Values of a cap on requests decoded together. Raising pays only where it binds; lowering trades queueing for TBOT.
 * Source: SGLang docs hyperparameter_tuning, vLLM docs optimization; weights own reasoning.
 */
export function capOptions(context: SearchContext, flag: string): readonly KnobOption[] {
  const { concurrency } = context;
  const cap = numberInForce(context, flag) ?? Number.POSITIVE_INFINITY;
  const full = powerOfTwoAtLeast(concurrency);
  const values = [2 * full, full, Math.ceil(concurrency * 0.75), Math.ceil(concurrency / 2)];
  return weighed(flagOptions(context, flag, values), (value) => {
    if (value > cap) return cap < concurrency ? 8 : 0;
    if (value >= concurrency || value < 1) return 0;
    return context.focus.has('tbot') ? 1.2 : 0.4;
  });
}

/**
 * Values of the largest captured decode batch. Raising pays only below the concurrency; lowering only frees memory.
 * Source: SGLang #33483, #33900, #40346: two to four times on small models where the batch was above it.
 */
export function graphOptions(
  context: SearchContext,
  flag: string,
  larger: readonly number[],
): readonly KnobOption[] {
  const ceiling = numberInForce(context, flag);
  const enough = powerOfTwoAtLeast(context.concurrency);
  const values = [2 * enough, enough, ...larger];
  return weighed(flagOptions(context, flag, values), (value) => {
    if (ceiling === null) return value >= context.concurrency ? 1 : 0;
    if (value <= ceiling) return 0;
    return ceiling < context.concurrency && value >= context.concurrency ? 8 : 0.15;
  });
}

/** Values of the share of memory that the engine takes: a larger one pays where KV is short. */
export function shareOptions(
  context: SearchContext,
  flag: string,
  shares: readonly number[],
): readonly KnobOption[] {
  const now = numberInForce(context, flag) ?? 0;
  return weighed(flagOptions(context, flag, shares), (value) =>
    value > now ? kvWeight(context) : 0.3,
  );
}
