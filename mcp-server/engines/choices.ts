import type { Engine, InventoryFlag, VersionChoices } from './engine.ts';

/**
 * Choices of a flag in a version. Null when: any text is taken.
 * A version before or behind all spans takes the nearest one; without a version the newest choices hold.
 */
export function choicesAt(
  engine: Engine,
  flag: InventoryFlag,
  version: string | null,
): readonly string[] | null {
  const spans = flag.choicesByVersion;
  if (version === null || spans.length === 0) return newest(flag);
  const compare = engine.compareVersions.bind(engine);
  if (compare(version, engine.newestVersion) > 0) return newest(flag);
  const isBefore = (end: string | null): boolean => end !== null && compare(version, end) < 0;
  const isBehind = (end: string | null): boolean => end !== null && compare(version, end) > 0;
  const whole = spans.filter((span) => !span.adds);
  const base =
    whole.find((span) => !isBefore(span.from) && !isBehind(span.to)) ??
    (isBehind(whole.at(-1)?.to ?? null) ? null : whole.find((span) => isBefore(span.from)));
  const added = spans.filter((span) => span.adds && !isBefore(span.from));
  if (base === null || base === undefined) return behindAll(flag, whole, added);
  return union([base, ...added]);
}

/** Behind the last span: what it held, with later additions; without additions the newest choices. */
function behindAll(
  flag: InventoryFlag,
  whole: readonly VersionChoices[],
  added: readonly VersionChoices[],
): readonly string[] | null {
  const last = whole.at(-1);
  const widens = flag.choicesByVersion.some((span) => span.adds);
  return last !== undefined && widens ? union([last, ...added]) : newest(flag);
}

const newest = (flag: InventoryFlag): readonly string[] | null => flag.choices;
const union = (spans: readonly VersionChoices[]): readonly string[] => [
  ...new Set(spans.flatMap((span) => span.choices)),
];
