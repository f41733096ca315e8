// Turns the reviewed YAML inventory into our own flag schema, with the few flags it leaves out.
import { parse } from 'yaml';
import type {
  FlagKind,
  InventoryFlag,
  RemovedFlag,
  VersionChoices,
} from '../../mcp-server/engines/engine.ts';

export interface FlagData {
  readonly flags: readonly InventoryFlag[];
  readonly removed: readonly RemovedFlag[];
}

interface RawFlag {
  readonly flag: string;
  readonly category: string;
  readonly type: string;
  readonly default: string | number | boolean | null;
  readonly resolved_default?: string;
  readonly choices?: readonly string[];
  readonly choices_by_version?: Readonly<Record<string, readonly string[]>>;
  readonly meaning: string;
  readonly affects?: readonly string[];
  readonly since?: string;
  readonly aliases?: readonly string[];
  readonly deprecated_aliases?: readonly string[];
  readonly constraints?: readonly string[];
}

interface RawEngine {
  readonly flags: readonly RawFlag[];
  readonly removed: readonly { flag: string; last?: string; removed?: string; use: string }[];
  readonly deprecated?: readonly { flag: string; use: string; new_since: string }[];
}

export function importFlags(text: string): { readonly sglang: FlagData; readonly vllm: FlagData } {
  const raw = parse(text) as { readonly sglang: RawEngine; readonly vllm: RawEngine };
  return {
    sglang: importEngine(raw.sglang, SGLANG_EXTRA),
    vllm: importEngine(raw.vllm, VLLM_EXTRA),
  };
}

function importEngine(raw: RawEngine, extra: readonly RawFlag[]): FlagData {
  const switches = raw.flags.flatMap(oldSwitches);
  const listed = [...raw.flags.map(importFlag), ...switches];
  const known = new Set(listed.flatMap((f) => [f.flag, ...f.aliases, ...f.deprecatedAliases]));
  const deprecated = (raw.deprecated ?? [])
    .flatMap((entry) => splitNames(entry.flag).map((flag) => ({ ...entry, flag })))
    .filter((entry) => !known.has(entry.flag))
    .map((entry) =>
      importFlag({
        flag: entry.flag,
        category: 'deprecated',
        type: /^--(?:grpc-mode|stream-output|keep-mm|enable-|disable-)/.test(entry.flag)
          ? 'bool'
          : 'str',
        default: null,
        meaning: `Old name; newer versions say ${entry.use}.`,
        affects: [],
      }),
    );
  return {
    flags: [...listed, ...extra.map(importFlag), ...deprecated],
    removed: raw.removed.flatMap((entry) =>
      splitNames(entry.flag).map((flag) => ({
        flag,
        last: (entry.last ?? entry.removed ?? '').replace(/^v/, ''),
        use: entry.use,
      })),
    ),
  };
}

function importFlag(raw: RawFlag): InventoryFlag {
  return {
    flag: raw.flag,
    category: raw.category,
    type: raw.type,
    kind: kindOf(raw.type),
    default: raw.default ?? null,
    resolvedDefault: raw.resolved_default ?? null,
    choices: raw.choices ?? null,
    choicesByVersion: Object.entries(raw.choices_by_version ?? {}).map(importSpan),
    meaning: raw.meaning,
    affects: raw.affects ?? [],
    since: raw.since?.replace(/^v/, '') ?? null,
    aliases: raw.aliases ?? [],
    deprecatedAliases: (raw.deprecated_aliases ?? []).filter((name) => !isOldSwitch(name, raw)),
    constraints: raw.constraints ?? [],
    noOp: (raw.constraints ?? []).some((text) => text.startsWith('NO EFFECT')),
  };
}

/** An old on/off flag whose successor takes a value: a flag of its own, not another spelling. */
function isOldSwitch(name: string, raw: RawFlag): boolean {
  return /^--(?:enable|disable|enforce)-/.test(name) && raw.type !== 'bool';
}

function oldSwitches(raw: RawFlag): readonly InventoryFlag[] {
  return (raw.deprecated_aliases ?? [])
    .filter((name) => isOldSwitch(name, raw))
    .map((flag) =>
      importFlag({
        flag,
        category: raw.category,
        type: 'bool',
        default: false,
        meaning: `Old switch; newer versions say ${raw.flag}.`,
        affects: raw.affects ?? [],
      }),
    );
}

function kindOf(type: string): FlagKind {
  if (type.startsWith('list')) return 'list';
  if (type === 'bool') return 'bool';
  if (type === 'JSON') return 'json';
  if (type === 'int') return 'int';
  return type.startsWith('float') ? 'float' : 'str';
}

function importSpan([span, choices]: [string, readonly string[]]): VersionChoices {
  const of = (from: string | null, to: string | null, adds = false): VersionChoices => ({
    from,
    to,
    adds,
    choices,
  });
  const bare = span.replaceAll('v', '');
  if (bare.endsWith(' adds')) return of(bare.slice(0, -5), null, true);
  if (bare.startsWith('<=')) return of(null, bare.slice(2));
  if (bare.endsWith('+')) return of(bare.slice(0, -1), null);
  const [from, to] = bare.split('-');
  return of(from ?? null, to ?? from ?? null);
}

/** `--a / -b-suffix / --c` and `--x-min/max-y`: the names that one row of the inventory covers. */
function splitNames(text: string): readonly string[] {
  const names: string[] = [];
  for (const part of text.split(/\s*(?: \/ |, | and )\s*/)) {
    const first = names[0];
    if (part.includes('*')) continue;
    if (part.includes('-min/max-'))
      names.push(part.replace('-min/max-', '-min-'), part.replace('-min/max-', '-max-'));
    else if (part.startsWith('--')) names.push(part);
    else if (first !== undefined)
      names.push(first.replace(/flashinfer-cutlass-moe$/, `flashinfer${part}`));
  }
  return names;
}

/** Flags that many commands hold and the inventory leaves out. Source: server_args.py v0.5.9. */
const row = (
  flag: string,
  type: string,
  about: string | readonly [string, ...string[]],
): RawFlag => {
  const [meaning, ...aliases] = typeof about === 'string' ? [about] : about;
  return {
    flag,
    category: 'serving',
    type,
    default: type === 'bool' ? false : null,
    meaning,
    affects: [],
    aliases,
  };
};

const SGLANG_EXTRA: readonly RawFlag[] = [
  row('--model-path', 'str', ['Model id or folder.', '--model']),
  row('--tokenizer-path', 'str', 'Tokenizer id or folder.'),
  row('--revision', 'str', 'Revision of the model.'),
  row('--trust-remote-code', 'bool', "Runs the model repository's own code."),
  row('--api-key', 'str', 'Key that clients must send.'),
  row('--random-seed', 'int', 'Seed of sampling.'),
  row('--chat-template', 'str', 'Chat template name or file.'),
  row('--reasoning-parser', 'str', 'Splits reasoning from content.'),
  row('--tool-call-parser', 'str', 'Reads tool calls.'),
  row('--device', 'str', 'Device to run on.'),
  row('--base-gpu-id', 'int', 'First GPU to use.'),
  row('--nnodes', 'int', 'Number of nodes.'),
  row('--node-rank', 'int', 'Rank of this node.'),
  row('--dist-init-addr', 'str', 'Address of rank zero.'),
  row('--cuda-graph-bs-prefill', 'list[int]', 'Prefill sizes to capture.'),
  row('--pp-max-micro-batch-size', 'int', 'Largest micro-batch of a pipeline.'),
  row('--lora-paths', 'list[str]', 'Adapters to load.'),
  row('--log-requests', 'bool', 'Logs requests.'),
  row('--enable-multimodal', 'bool', 'Serves images where the model can.'),
  row('--file-storage-path', 'str', 'Folder of uploaded files.'),
];

/** Source: vllm/engine/arg_utils.py and entrypoints/openai/cli_args.py, main 2026-05-29. */
const VLLM_EXTRA: readonly RawFlag[] = [
  row('--model', 'str', 'Model id or folder; `vllm serve` takes it as a word of its own.'),
  row('--tokenizer', 'str', 'Tokenizer id or folder.'),
  row('--revision', 'str', 'Revision of the model.'),
  row('--tokenizer-revision', 'str', 'Revision of the tokenizer.'),
  row('--trust-remote-code', 'bool', "Runs the model repository's own code."),
  row('--api-key', 'list[str]', 'Keys that clients may send.'),
  row('--seed', 'int', 'Seed of sampling.'),
  row('--chat-template', 'str', 'Chat template file.'),
  row('--enable-auto-tool-choice', 'bool', 'Reads tool calls by itself.'),
  row('--tool-call-parser', 'str', 'Reads tool calls.'),
  row('--hf-overrides', 'JSON', 'Overrides of the model configuration.'),
  row('--max-logprobs', 'int', 'Most log-probabilities per token.'),
  row('--runner', 'str', 'What the model is run as.'),
  row('--convert', 'str', 'Adapter of the model.'),
  row('--structured-outputs-config', 'JSON', 'Structured output settings.'),
  row('--attention-config', 'JSON', 'Attention settings.'),
  row('--uvicorn-log-level', 'str', 'Level of the HTTP server log.'),
  row('--enable-sleep-mode', 'bool', 'Lets the engine free its memory on request.'),
  row('--lora-modules', 'list[str]', 'Adapters to load.'),
];
