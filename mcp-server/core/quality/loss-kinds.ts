import type { MeasurementTerms } from '../contract/contract.ts';
import type { Change } from '../service/change.ts';
import type { TierPolicy } from './tier-result.ts';

type LossKind =
  | MeasurementTerms['quality']['acceptedLosses'][number]
  | 'unlisted-weights'
  | 'unlisted-kv';

/** Most canaries that can be asked for. */
const CANARIES = 20;

const KV_FLAG = /^--(kv-cache-dtype|cache-type-[kv])$/;
const WEIGHTS_FLAG = /^--(quantization|torchao-config)$/;
/** Values that lose nothing of what the model has. */
const WHOLE = /^(auto|none|bf16|bfloat16|f16|fp16|float16|half|f32|fp32|float32|float)?$/i;

/** Kind of loss by flag and value, the first that fits. Source: engines' documentation of quantization, KV type and speculation. */
const KINDS: readonly (readonly [flag: RegExp, value: RegExp, kind: LossKind | null])[] = [
  [KV_FLAG, WHOLE, null],
  [KV_FLAG, /^(fp8|q8|int8|e4m3|e5m2)/i, 'fp8-kv'],
  [KV_FLAG, /./, 'unlisted-kv'],
  [WEIGHTS_FLAG, WHOLE, null],
  [WEIGHTS_FLAG, /4bit|int4|awq|gptq|bitsandbytes|nf4|fp4|w4|marlin/i, 'int4-weights'],
  [WEIGHTS_FLAG, /fp8|int8|w8|8bit/i, 'fp8-weights'],
  [WEIGHTS_FLAG, /./, 'unlisted-weights'],
  [/^--(draft|lookup-cache|spec|speculative)\b/, /^/, 'speculation'],
];

/** The kind of loss that a change brings. Null when: it brings none that tells by its flag. */
function lossKindOf(change: Change): LossKind | null {
  if (change.kind !== 'set_flag') return null;
  const value = change.value ?? '';
  return KINDS.find(([flag, of]) => flag.test(change.flag) && of.test(value))?.[2] ?? null;
}

/** The last word on each flag: what a later change sets anew or takes back brings no loss. */
function lastOnFlags(changes: readonly Change[]): readonly Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    if (change.kind === 'set_flag' || change.kind === 'remove_flag') last.set(change.flag, change);
  }
  return [...last.values()];
}

/**
 * What the contract allows a trial: the changes are all of those that lie between it and the baseline, oldest first, flags
 * by their canonical names. A loss is accepted when the contract names its kind, that of weights also when a listed variant
 * of the model is served, which the baseline is not; with one kind that is not accepted none is.
 */
export function tierPolicy(
  terms: Pick<MeasurementTerms, 'quality' | 'model'>,
  trial: {
    readonly changes: readonly Change[];
    readonly command: string;
    readonly baselineCommand: string;
  },
): TierPolicy {
  const { marginPoints, acceptedLosses, minCanaries } = terms.quality;
  const before = wordsOf(trial.baselineCommand);
  const now = wordsOf(trial.command);
  const variant = terms.model.variants.find(
    ({ model }) => now.includes(model) && !before.includes(model),
  );
  const kinds = lastOnFlags(trial.changes)
    .map(lossKindOf)
    .filter((kind) => kind !== null);
  const accepted: readonly LossKind[] = acceptedLosses;
  const isAccepted = (kind: LossKind): boolean =>
    accepted.includes(kind) || (variant !== undefined && kind.endsWith('-weights'));
  return {
    margin: Math.max(marginPoints, variant?.acceptedLossPoints ?? 0) / 100,
    isLossAccepted: (variant !== undefined || kinds.length > 0) && kinds.every(isAccepted),
    minRightRatio: minCanaries / CANARIES,
  };
}

const wordsOf = (command: string): readonly string[] => command.split(/[\s='"]+/);
