import type { Engine, InventoryFlag } from './engine.ts';
import { hasNoEffect } from './has-no-effect.ts';

/** Flags, by every name, that a version takes and that do something. Null version: the newest that we know. */
export function usableFlags(engine: Engine, version: string | null): ReadonlySet<string> {
  const at = version ?? engine.newestVersion;
  const removed = new Set(
    engine.removed.filter((one) => isOver(engine, one.last, at)).map((one) => one.flag),
  );
  const names = engine.flags
    .filter((flag) => !hasNoEffect(engine, flag, at))
    .flatMap((flag) =>
      hasBegun(engine, flag, at)
        ? [flag.flag, ...aliasesAt(engine, flag, at), ...flag.deprecatedAliases]
        : flag.deprecatedAliases,
    );
  return new Set(names.filter((name) => !removed.has(name)));
}

const aliasesAt = (engine: Engine, flag: InventoryFlag, version: string): readonly string[] =>
  flag.aliases.filter((name) =>
    hasBegun(engine, { since: flag.aliasSince?.[name] ?? null }, version),
  );

function hasBegun(engine: Engine, flag: Pick<InventoryFlag, 'since'>, version: string): boolean {
  const since = flag.since === null ? null : engine.versionOfMark(flag.since);
  return since === null || engine.compareVersions(version, since) >= 0;
}

function isOver(engine: Engine, last: string, version: string): boolean {
  const mark = engine.versionOfMark(last);
  return mark === null || engine.compareVersions(version, mark) > 0;
}
