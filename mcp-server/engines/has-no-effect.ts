import type { Engine, InventoryFlag } from './engine.ts';

/** True when a version takes the flag and does nothing with it. Null version: the newest that we know. */
export function hasNoEffect(engine: Engine, flag: InventoryFlag, version: string | null): boolean {
  if (flag.noOp) return true;
  const mark = flag.noOpSince ?? null;
  const since = mark === null ? null : engine.versionOfMark(mark);
  return since !== null && engine.compareVersions(version ?? engine.newestVersion, since) >= 0;
}
