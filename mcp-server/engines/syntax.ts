import type { FlagSyntax } from '../core/service/flags.ts';
import type { CommandFacts, InventoryFlag } from './engine.ts';

/** Reads a flag table as a command-line syntax. `normalise` brings equal spellings together (vLLM: `_` to `-`). */
export function createSyntax(
  flags: readonly InventoryFlag[],
  normalise: (flag: string) => string = (flag) => flag,
): Omit<FlagSyntax, 'flagsStart'> {
  const names = new Map<string, InventoryFlag>();
  for (const fact of flags)
    for (const name of [fact.flag, ...fact.aliases, ...fact.deprecatedAliases])
      if (!names.has(name)) names.set(name, fact);
  const kindOf = (flag: string): string | undefined => names.get(normalise(flag))?.kind;
  return {
    isBooleanFlag: (flag) =>
      kindOf(flag) === 'bool' ||
      (flag.startsWith('--no-') && kindOf(`--${flag.slice(5)}`) === 'bool'),
    isListFlag: (flag) => kindOf(flag) === 'list',
    canonicalFlag: (flag) => names.get(normalise(flag))?.flag ?? normalise(flag),
  };
}

/** Orders dotted versions by number; a pre-release (`rc1`) comes before its release, a `.post1` after. */
export function compareDotted(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionParts(version: string): readonly number[] {
  const match = /^v?(\d+(?:\.\d+)*)(?:[.-]?(rc|post)(\d+))?/.exec(version);
  if (match === null) return [];
  const [release, kind, number] = [match[1] ?? '', match[2], Number(match[3] ?? 0)];
  const numbers = release.split('.').map(Number);
  while (numbers.length < 4) numbers.push(0);
  numbers.push(kind === 'rc' ? number - 1_000_000 : kind === 'post' ? number + 1 : 0);
  return numbers;
}

/** Release number in the tag of an image reference. Null when: the tag names none (`latest`, a branch). */
export function dottedVersionOfImage(image: string): string | null {
  const tag = /:([^/@]+)(?:@.*)?$/.exec(image)?.[1] ?? '';
  return /(?:^|[^0-9.])v?(\d+\.\d+\.\d+(?:\.?(?:post|rc)\d+)?)/.exec(tag)?.[1] ?? null;
}

/** Base name of a program path. */
export function baseName(word: string | undefined): string {
  return (word ?? '').slice((word ?? '').lastIndexOf('/') + 1);
}

/** Index behind `python [-u …] -m <module>`. Null when: the argv does not run one of the modules. */
export function afterPythonModule(
  argv: readonly string[],
  modules: readonly string[],
): number | null {
  if (!/^python(?:3(?:\.\d+)?)?$/.test(baseName(argv[0]))) return null;
  const at = argv.indexOf('-m');
  if (at < 1 || !argv.slice(1, at).every((word) => /^-[A-Za-z]/.test(word))) return null;
  return modules.includes(argv[at + 1] ?? '') ? at + 2 : null;
}

/** Number given for a flag. Null when: it is not given or not a number. */
export function numberOf(facts: CommandFacts, flag: string): number | null {
  const value = facts.flags.get(flag);
  return value === undefined || value === null || value === '' || Number.isNaN(Number(value))
    ? null
    : Number(value);
}

/** Text given for a flag. Null when: it is not given. */
export function textOf(facts: CommandFacts, flag: string): string | null {
  return facts.flags.get(flag) ?? null;
}
