import { type Flag, readFlags } from '../core/service/flags.ts';
import type { CommandFacts, Engine } from './engine.ts';

/** What checks look at: the flags in force under their canonical names (the last of each wins), version, heads. */
export function commandFacts(
  engine: Engine,
  argv: readonly string[],
  known: { readonly version: string | null; readonly attentionHeads: number | null },
): CommandFacts {
  const flags = readFlags(argv, engine);
  return { flags: flagMap(engine, flags), ...known };
}

/** Canonical flag to value in force. */
export function flagMap(
  engine: Engine,
  flags: readonly Flag[],
): ReadonlyMap<string, string | null> {
  return new Map(flags.map((flag) => [engine.canonicalFlag(flag.flag), flag.value]));
}
