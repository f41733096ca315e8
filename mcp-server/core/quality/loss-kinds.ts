import type { MeasurementTerms } from '../contract/contract.ts';
import type { Change } from '../service/change.ts';
import type { TierPolicy } from './tier-result.ts';

type LossKind = MeasurementTerms['quality']['acceptedLosses'][number];

/** Most canaries that can be asked for. */
const CANARIES = 20;

/** Kind of loss by flag and value. Source: engines' documentation of quantization, KV type and speculation. */
const KINDS: readonly (readonly [flag: RegExp, value: RegExp, kind: LossKind])[] = [
  [/^--kv-cache-dtype$|^--?(cache-type|ct)[kv-]/, /fp8|q8|int8|e4m3|e5m2/i, 'fp8-kv'],
  [
    /^--(quantization|torchao-config)$|^-q$/,
    /4bit|int4|awq|gptq|nf4|fp4|w4|marlin/i,
    'int4-weights',
  ],
  [/^--(quantization|torchao-config|dtype)$|^-q$/, /fp8|int8|w8|8bit/i, 'fp8-weights'],
  [/^--?(speculative|spec-|draft|model-draft|md$)/, /.*/, 'speculation'],
];

/** The kind of loss that a change brings. Null when: it is of no kind that a contract can accept. */
function lossKindOf(change: Change): LossKind | null {
  if (change.kind !== 'set_flag') return null;
  const value = change.value ?? '';
  return KINDS.find(([flag, of]) => flag.test(change.flag) && of.test(value))?.[2] ?? null;
}

/** What the contract allows a trial: the changes are all of those that lie between it and the baseline. */
export function tierPolicy(
  terms: Pick<MeasurementTerms, 'quality' | 'model'>,
  trial: { readonly changes: readonly Change[]; readonly command: string },
): TierPolicy {
  const { marginPoints, acceptedLosses, minCanaries } = terms.quality;
  const kinds = trial.changes.map(lossKindOf).filter((kind) => kind !== null);
  const words = trial.command.split(/[\s='"]+/);
  const variant = terms.model.variants.find((one) => words.includes(one.model));
  const isAccepted = kinds.length > 0 && kinds.every((kind) => acceptedLosses.includes(kind));
  return {
    margin: Math.max(marginPoints, variant?.acceptedLossPoints ?? 0) / 100,
    isLossAccepted: variant !== undefined || isAccepted,
    minRightRatio: minCanaries / CANARIES,
  };
}
