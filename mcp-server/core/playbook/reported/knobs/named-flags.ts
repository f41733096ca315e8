import type { EngineId } from '../../../ledger/vocabulary.ts';

/** What must be known of an engine's flags to name them. */
export interface FlagNames {
  readonly id: EngineId;
  /** Every name that a version of the engine takes. */
  readonly known: ReadonlySet<string>;
  /** Names that the reported version takes. Null when: no version is told that we can read. */
  readonly usable: ReadonlySet<string> | null;
  /** Other names of a flag. */
  readonly aliasesOf: (flag: string) => readonly string[];
  /** Removed flag to what to use instead. */
  readonly removedFlags: Readonly<Record<string, string>>;
}

const WORD =
  /(?<![\w-])--?[a-zA-Z][\w-]*|(?<![\w-]|(?<!self|args)\.)[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w.(])/g;
const MAX_NAMED = 6;

/** Known flags that a text names, spelt `--a-b` or `a_b`, in order. */
export function flagsNamedIn(text: string, names: FlagNames): readonly string[] {
  const found = new Set<string>();
  for (const [word] of text.slice(0, 20_000).matchAll(WORD)) {
    const flag = word.startsWith('-')
      ? word.replaceAll('_', '-')
      : `--${word.replaceAll('_', '-')}`;
    const known = names.known.has(word) ? word : flag;
    if (names.known.has(known)) found.add(known);
    if (found.size >= MAX_NAMED) break;
  }
  return [...found];
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Number.POSITIVE_INFINITY;
}

/** What switches a thing off, and the thing. */
const OFF = /^--(?:disable|no)-/;
const thingOf = (flag: string): string => flag.replace(/^--(?:enable|disable|no)-|^--/, '');

/** It switches on what the refused flag switched off, which nobody asked for: where such a flag went, off became the default. */
const isUnwanted = (flag: string, refused: string): boolean =>
  OFF.test(refused) && !OFF.test(flag) && thingOf(flag) === thingOf(refused);

/** Known flags that an unknown one may have meant: its hyphened spelling, its successor, the nearest names. */
export function flagsMeantBy(unknown: string, names: FlagNames): readonly string[] {
  // The command of an image that begins with it is given again. Source: vLLM docker/Dockerfile, ENTRYPOINT.
  if (/^serve\b/.test(unknown)) return ['command', '--entrypoint'];
  // A model as an argument of its own, which only `vllm serve` takes. Source: vLLM entrypoints/openai/api_server.py.
  if (/^[\w.]+\/[\w.-]+(?:\s|$)/.test(unknown)) return ['--model', 'command', '--entrypoint'];
  const plain = `--${unknown.replace(/^-+/, '').replace(/=.*$/, '').replaceAll('_', '-')}`;
  // A short name of several letters takes one dash. Source: llama.cpp common/arg.cpp.
  const short = plain.slice(1);
  const successor = names.removedFlags[unknown] ?? names.removedFlags[plain];
  const words = new Set(
    plain
      .slice(2)
      .split('-')
      .filter((word) => word !== 'n'),
  );
  const alike = [...names.known].filter((flag) => {
    const own = flag.slice(2).split('-');
    const shared = own.filter((word) => words.has(word)).length;
    return flag !== plain && shared > 0 && shared >= 0.5 * Math.max(own.length, words.size);
  });
  const near = [...names.known]
    .map((flag) => ({ flag, off: distance(plain, flag) }))
    .filter(({ flag, off }) => off > 0 && off <= Math.min(3, Math.floor(flag.length / 5)))
    .toSorted((a, b) => a.off - b.off)
    .slice(0, 2)
    .map(({ flag }) => flag);
  const meant = [
    ...(names.known.has(plain) ? [plain] : []),
    ...(names.known.has(short) ? [short, ...names.aliasesOf(short)] : []),
    ...(successor === undefined ? [] : flagsNamedIn(successor, names)),
    ...sameIdea(plain, names),
    ...near,
    ...alike.toSorted((a, b) => beginsLike(b, plain) - beginsLike(a, plain)).slice(0, 4),
  ];
  return meant.filter((flag) => !isUnwanted(flag, plain));
}

/** Flags of all engines that set the same thing. Source: SGLang server_args, vLLM arg_utils, llama.cpp common/arg.cpp. */
const SAME_IDEA: readonly string[] = [
  '--mem-fraction-static --gpu-memory-utilization',
  '--chunked-prefill-size --max-num-batched-tokens --batch-size',
  '--max-running-requests --max-num-seqs --parallel',
  '--cuda-graph-max-bs --cuda-graph-max-bs-decode --max-cudagraph-capture-size',
  '--disable-cuda-graph --enforce-eager',
  '--disable-radix-cache --no-enable-prefix-caching --no-cache-prompt',
  '--context-length --max-model-len --ctx-size',
  '--tp-size --tensor-parallel-size --tensor-split',
  '--dp-size --data-parallel-size',
  '--tokenizer-worker-num --api-server-count --threads-http',
  '--model-path --model',
  '--speculative-algorithm --speculative-config --model-draft',
  '--guided-decoding-backend --grammar-backend --structured-outputs-config',
];

/** What an engine calls the thing that another engine's flag sets. */
function sameIdea(flag: string, names: FlagNames): readonly string[] {
  const row = SAME_IDEA.map((list) => list.split(' ')).find((list) => list.includes(flag));
  return (row ?? []).filter((name) => name !== flag && names.known.has(name));
}

const beginsLike = (flag: string, beginning: string): number =>
  flag.startsWith(`${beginning}-`) ? 1 : 0;
