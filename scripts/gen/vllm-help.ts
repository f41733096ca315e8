// Lays what a recorded `vllm serve --help=all` says over the reviewed inventory, which stops at an older version.
import type { FlagKind, InventoryFlag, RemovedFlag } from '../../mcp-server/engines/engine.ts';
import { parseHelp } from '../../mcp-server/engines/help.ts';
import type { FlagData } from './import-flags.ts';

/** Version that printed the help, and the newest one that the inventory was compared with before. */
const SEEN = '0.32.0';
const BEFORE = '0.22.0';
const SEEN_MARK = `seen ${SEEN}`;

/** Lines of the help that look like flags: the help itself, and an example of how JSON is given. */
const NO_FLAGS = ['--help', '--json-arg', '--json-arg.key1', '--json-arg.key4'];

/** Closed in the source, though the help prints no list: it names the values in its text, or takes several of them. */
const STILL_CLOSED = [
  '--optimization-level',
  '--data-parallel-backend',
  '--collect-detailed-traces',
];

/** Source: vllm-project/vllm pull requests #49244 (2026-07-21) and #49389 (2026-07-22); the help no longer lists them. */
const GONE: readonly RemovedFlag[] = [
  {
    flag: '--max-num-partial-prefills',
    last: '2026-07-21',
    use: '--long-prefill-token-threshold',
  },
  {
    flag: '--max-long-partial-prefills',
    last: '2026-07-21',
    use: '--long-prefill-token-threshold',
  },
  { flag: '--calculate-kv-scales', last: '2026-07-22', use: 'none' },
];

/** Flags that the help calls without effect. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  '--disable-cascade-attn': 'NO EFFECT since 0.32.0: cascade attention was removed',
};

/** The inventory with the flags, names and choices of the help, each marked with the version that showed it. */
export function withVllmHelp(data: FlagData, help: string): FlagData {
  const seen = parseHelp(help).filter((flag) => !NO_FLAGS.includes(flag.flag));
  const known = new Set(data.flags.flatMap(namesOf));
  return {
    flags: [
      ...data.flags.map((flag) => updateFlag(flag, seen.find((one) => isSame(flag, one)) ?? null)),
      ...seen
        .filter((flag) => !namesOf(flag).some((name) => known.has(name)))
        .filter((flag) => !isNegation(flag.flag, seen))
        .map((flag) => addFlag(flag, textOf(flag.flag, help))),
    ],
    removed: [...data.removed, ...GONE],
  };
}

const namesOf = (flag: InventoryFlag): readonly string[] => [
  flag.flag,
  ...flag.aliases,
  ...flag.deprecatedAliases,
];
const isSame = (flag: InventoryFlag, seen: InventoryFlag): boolean =>
  namesOf(seen).includes(flag.flag);

/** The inventory keeps a switch once; its `--no-` form is understood everywhere. */
const isNegation = (name: string, seen: readonly InventoryFlag[]): boolean =>
  name.startsWith('--no-') && seen.some((flag) => flag.flag === `--${name.slice(5)}`);

function updateFlag(flag: InventoryFlag, seen: InventoryFlag | null): InventoryFlag {
  if (seen === null) return flag;
  const added = namesOf(seen).filter((name) => !namesOf(flag).includes(name));
  const withNames =
    added.length === 0
      ? flag
      : {
          ...flag,
          aliases: [...flag.aliases, ...added],
          aliasSince: Object.fromEntries(added.map((name) => [name, SEEN_MARK])),
        };
  return { ...withNames, ...choicesOf(flag, seen), ...effectOf(flag) };
}

function effectOf(flag: InventoryFlag): Partial<InventoryFlag> {
  const why = WITHOUT_EFFECT[flag.flag];
  if (why === undefined) return {};
  return { noOpSince: SEEN_MARK, constraints: [...flag.constraints, why] };
}

function choicesOf(
  flag: InventoryFlag,
  seen: InventoryFlag,
): Pick<InventoryFlag, 'choices' | 'choicesByVersion'> {
  const { choices, choicesByVersion } = flag;
  const unchanged = { choices, choicesByVersion };
  if (choices === null) return { choices: seen.choices, choicesByVersion };
  const before = { from: null, to: BEFORE, adds: false, choices };
  if (seen.choices === null)
    return STILL_CLOSED.includes(flag.flag)
      ? unchanged
      : { choices: null, choicesByVersion: [before] };
  if (choices.toSorted().join() === seen.choices.toSorted().join()) return unchanged;
  const now = { from: SEEN, to: null, adds: false, choices: seen.choices };
  return { choices: seen.choices, choicesByVersion: [before, now] };
}

/** Everything that the help says of a flag, on one line. */
function textOf(flag: string, help: string): string {
  const from = help.indexOf(`\n  ${flag}`) + 1;
  const to = help.slice(from).search(/\n(?: {2}-|\S|\n)/);
  return help.slice(from, from + to).replace(/\s+/g, ' ');
}

function addFlag(seen: InventoryFlag, text: string): InventoryFlag {
  const kind = kindOf(seen, text);
  const sentence = /^(.*?[.;])(?: |$)/.exec(seen.meaning)?.[1] ?? seen.meaning;
  return {
    ...seen,
    kind,
    type: kind === 'json' ? 'JSON' : kind,
    default: readDefault(seen.default),
    meaning: sentence.slice(0, 160),
    since: SEEN_MARK,
  };
}

/** A help tells switches, lists and choices; that a value is a number or JSON shows in its text. */
function kindOf(seen: InventoryFlag, text: string): FlagKind {
  if (seen.kind !== 'str' || seen.choices !== null) return seen.kind;
  if (text.includes('valid JSON string')) return 'json';
  // `1k` and `2M` are numbers to such a flag.
  if (text.includes('human-readable')) return 'str';
  return typeof readDefault(seen.default) === 'number' ? 'float' : 'str';
}

/** Null also for a rendered object, which nobody could write on a command line. */
function readDefault(text: InventoryFlag['default']): InventoryFlag['default'] {
  if (typeof text !== 'string' || text === 'None' || /[[({]|Enum\./.test(text)) return null;
  if (text === 'True' || text === 'False') return text === 'True';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
