import { InvalidInputError } from '../core/errors.ts';
import type { Forced, Hypothesis } from '../core/ledger/vocabulary.ts';
import type { Change } from '../core/service/change.ts';
import type { Refusal } from '../engines/refusal.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';

/** Writes what was refused to the ledger and throws, unless every refusal is overridden with cause. */
export async function settleRefusals(
  writer: LedgerWriter,
  args: {
    readonly hypothesis: Hypothesis;
    readonly changes: readonly Change[];
    readonly force: readonly Forced[];
  },
  refusals: readonly Refusal[],
): Promise<readonly Forced[]> {
  const isForced = (refusal: Refusal): boolean =>
    refusal.forcible && args.force.some((force) => force.check === refusal.check);
  const open = refusals.filter((refusal) => !isForced(refusal));
  if (open.length === 0)
    return args.force.filter((force) => refusals.some((one) => one.check === force.check));
  const { hypothesis, changes } = args;
  await writer.append({
    type: 'trial_refused',
    data: {
      hypothesis,
      changes: [...changes],
      refusals: open.map(({ check, message }) => ({ check, message })),
    },
  });
  const list = open
    .map((refusal) => `[${refusal.check}] ${refusal.message.replace(/\.$/, '')}`)
    .join('; ');
  throw new InvalidInputError(`The plan is refused: ${list}.`, {
    code: 'E_PLAN_REFUSED',
    fix: forceHint(open),
  });
}

function forceHint(open: readonly Refusal[]): string {
  const names = (forcible: boolean): string =>
    [...new Set(open.filter((one) => one.forcible === forcible).map((one) => one.check))].join(
      ', ',
    );
  const [can, cannot] = [names(true), names(false)];
  const hard = cannot === '' ? '' : ` Never overridden: ${cannot}.`;
  return can === '' || cannot !== ''
    ? `Change the plan.${hard}`
    : `Change the plan, or override with cause: force: [{"check": "…", "reason": "…"}] for ${can}.`;
}
