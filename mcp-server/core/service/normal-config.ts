import { type FlagSyntax, readFlagWords } from './flags.ts';
import type { Launch } from './launch.ts';
import type { ServiceFile } from './service-file.ts';

/**
 * A configuration without what makes no difference: order of flags and variables, spelling of aliases, `0.90` for `0.9`.
 * Equal configurations give equal values; hash its canonical JSON.
 */
export function normalConfig(
  service: ServiceFile,
  launch: Launch,
  syntax: FlagSyntax,
): Readonly<Record<string, unknown>> {
  const start = syntax.flagsStart(launch.argv);
  const words = readFlagWords(launch.argv, syntax);
  const covered = new Set(
    words.flatMap((flag) =>
      Array.from({ length: flag.last - flag.first + 1 }, (_, at) => flag.first + at),
    ),
  );
  return {
    program: launch.argv.slice(0, start),
    positional: launch.argv.filter((_, index) => index >= start && !covered.has(index)),
    flags: Object.fromEntries(
      words.map((flag) => [syntax.canonicalFlag(flag.flag), normalValue(flag.value)]),
    ),
    wrappers: launch.wrappers,
    launchEnv: launch.env,
    setup: service.commands.slice(0, -1),
    image: service.image,
    env: service.env,
    resources: service.resources,
    port: service.port,
  };
}

function normalValue(value: string | null): string | number | null {
  if (value === null || value.trim() === '') return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
}
