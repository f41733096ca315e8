import { flagValue, readFlags } from '../core/service/flags.ts';
import type { Engine, InventoryFlag } from './engine.ts';
import type { FlagQuestion } from './flag-question.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Spelling that the tables use. */
const bare = (engine: Engine, flag: string): string =>
  engine.canonicalFlag(flag).split('.')[0] ?? flag;

/** A flag that this version rejects. Null when: it is not one. */
export function checkRemoved(question: FlagQuestion, flag: string): Refusal | null {
  const { engine, version, inventory } = question;
  const entry = engine.removed.find((one) => one.flag === engine.canonicalFlag(flag));
  if (entry === undefined || listedIn(inventory, flag)) return null;
  const last = entry.last === '' ? null : engine.versionOfMark(entry.last);
  if (last !== null && version !== null && engine.compareVersions(version, last) <= 0) return null;
  const use = entry.use === 'none' ? 'Nothing replaces it.' : `Use instead: ${entry.use}.`;
  return refuse(
    'removed_flag',
    `${flag} was removed from ${engine.title}${entry.last === '' ? '' : ` (last: ${entry.last})`}. ${use}`,
  );
}

const listedIn = (inventory: readonly InventoryFlag[] | null, flag: string): boolean =>
  inventory?.some((fact) => namesOf(fact).includes(flag)) ?? false;
const namesOf = (fact: InventoryFlag): readonly string[] => [
  fact.flag,
  ...fact.aliases,
  ...fact.deprecatedAliases,
];

/** Facts of a flag: those of the image's own help, filled up with what our list knows. Null when: in neither. */
export function findFlag(question: FlagQuestion, flag: string): InventoryFlag | null {
  const { engine, inventory } = question;
  const positive = flag.startsWith('--no-') ? `--${flag.slice(5)}` : flag;
  const canonical = bare(engine, positive);
  const own = bare(engine, flag);
  const known = engine.flags.find((fact) => fact.flag === own || fact.flag === canonical) ?? null;
  const spellings = [flag, own, positive, canonical, ...(known === null ? [] : namesOf(known))];
  const seen = inventory?.find((fact) => namesOf(fact).some((name) => spellings.includes(name)));
  if (inventory === null) return known;
  if (seen === undefined) return null;
  return known === null ? seen : { ...known, choices: seen.choices ?? null, choicesByVersion: [] };
}

/** A flag that this image does not know. Null when: it does. */
export function checkListed(
  question: FlagQuestion,
  flag: string,
  fact: InventoryFlag | null,
): Refusal | null {
  const { engine, version, inventory, parentArgv } = question;
  if (flagValue(readFlags(parentArgv, engine), flag, engine) !== undefined) return null;
  // Removed later, so that it still works in this version (checkRemoved has let it pass).
  if (inventory === null && flag in engine.removedFlags) return null;
  if (fact === null) {
    const where = inventory === null ? 'our list of its flags' : "the image's own --help";
    return refuse(
      'unlisted_flag',
      `${flag} is neither in ${where} nor in the parent's command; ${engine.title} would probably refuse it`,
    );
  }
  if (inventory !== null || version === null || isOldName(fact, engine, flag)) return null;
  return checkSince(engine, version, { fact, flag });
}

function checkSince(
  engine: Engine,
  version: string,
  { fact, flag }: { readonly fact: InventoryFlag; readonly flag: string },
): Refusal | null {
  const mark = fact.aliasSince?.[flag] ?? fact.since;
  const since = mark === null ? null : engine.versionOfMark(mark);
  if (mark === null || since === null || engine.compareVersions(version, since) >= 0) return null;
  if (mark.startsWith('seen '))
    return refuse(
      'unlisted_flag',
      `${flag} stands in the help of ${engine.title} ${since}; whether ${version} has it is not known`,
    );
  const older = fact.deprecatedAliases[0];
  const hint = older === undefined ? '' : `; there it is called ${older}`;
  return refuse(
    'unlisted_flag',
    `${flag} came with ${engine.title} ${since}; this image has ${version}${hint}`,
  );
}

function isOldName(fact: InventoryFlag, engine: Engine, flag: string): boolean {
  return fact.deprecatedAliases.includes(flag) || engine.canonicalFlag(flag) !== fact.flag;
}
