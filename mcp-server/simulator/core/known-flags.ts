import type { InventoryFlag } from '../../engines/engine.ts';
import { FLAGS as SGLANG_FLAGS } from '../../engines/sglang/flags.generated.ts';
import { FLAGS as VLLM_FLAGS } from '../../engines/vllm/flags.generated.ts';
import type { ArgSpec } from './argparse.ts';
import type { SimEngineId } from './config.ts';
import { SGLANG_EXTRA_FLAGS, VLLM_EXTRA_FLAGS } from './extra-flags.ts';

type Version = readonly [number, number, number];

/** Shape: major, minor, patch. Null when the text holds no version. */
function readVersion(text: string | null): Version | null {
  const parts = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '');
  return parts === null ? null : [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)];
}

function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function isSince(since: string | null, version: Version | null): boolean {
  if (since === null || version === null || !/^v?\d+\.\d+/.test(since)) return true;
  const first = readVersion(since);
  return first === null || compareVersions(version, first) >= 0;
}

/** Choices of a flag at a version: the last full list that covers it, with what was added up to it. */
function choicesAt(flag: InventoryFlag, version: Version | null): readonly string[] | null {
  if (version === null || flag.choicesByVersion.length === 0) return flag.choices;
  const covers = flag.choicesByVersion.filter(({ from, to }) => {
    const first = readVersion(from);
    const last = readVersion(to);
    return (
      (first === null || compareVersions(version, first) >= 0) &&
      (last === null || compareVersions(version, last) <= 0)
    );
  });
  const full = covers.filter((one) => !one.adds).at(-1)?.choices;
  if (full === undefined) return flag.choices;
  return [...full, ...covers.filter((one) => one.adds).flatMap((one) => one.choices)];
}

/** What the engine's argument parser knows at a version: the inventory and what it leaves out. */
export function knownFlags(engine: SimEngineId, version: string): readonly ArgSpec[] {
  const inventory: readonly InventoryFlag[] = engine === 'sglang' ? SGLANG_FLAGS : VLLM_FLAGS;
  const extra = engine === 'sglang' ? SGLANG_EXTRA_FLAGS : VLLM_EXTRA_FLAGS;
  const at = readVersion(version);
  const specs = inventory
    .filter((flag) => engine !== 'sglang' || isSince(flag.since, at))
    .map((flag) => ({
      flag: flag.flag,
      type: flag.type,
      choices: choicesAt(flag, at),
      aliases: flag.aliases,
    }));
  const named = new Set(specs.flatMap((spec) => [spec.flag, ...spec.aliases]));
  return [...specs, ...extra.filter((spec) => !named.has(spec.flag))];
}
