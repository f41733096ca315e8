import type { LogEvent } from '../../../telemetry/log-event.ts';
import {
  blamedFlags,
  clashingFlags,
  refusedDevices,
  refusedTexts,
  refusedValues,
  scratchKnobs,
  unevenSizes,
} from './blamed-flags.ts';
import { isTurnable } from './directions.ts';
import { type FlagNames, flagsMeantBy, flagsNamedIn } from './named-flags.ts';
import { namesOf, type Remedy } from './remedy.ts';

const MAX_KNOBS = 16;

/** What is known of a cause when its knobs are looked for. */
interface KnobContext {
  readonly cls: string;
  readonly launch: string;
  readonly log: string;
  /** What somebody wrote. */
  readonly words: string;
  readonly names: FlagNames;
  /** Log events of the class alone. */
  readonly events: readonly LogEvent[];
  readonly evidence: readonly string[];
}

/** How the launch writes a flag: by another of its names, or by its beginning, which argparse takes too. */
function spellings(knob: string, launch: string, names: FlagNames): readonly string[] {
  if (!knob.startsWith('--')) return [];
  const own = [knob, ...names.aliasesOf(knob)];
  const isSame = (word: string): boolean =>
    own.includes(word) ||
    (/^--\w{2}/.test(word) && own.some((name) => name.startsWith(`${word}-`)));
  return launch.split(/[\s=]+/).filter((word) => word.startsWith('-') && isSame(word));
}

/** Sizes of SGLang that its own guides write without their end: argparse takes a beginning. */
const SHORT_SIZE = /^(--(?:tp|dp|ep))-size$/;

/**
 * What a flag of one letter, or an unusual short one, is called in full; and the short name by which llama.cpp's own
 * help lists a flag first, or SGLang's guides write it.
 */
const otherNames = (knob: string, names: FlagNames): readonly string[] => {
  if (/^-\w/.test(knob)) return names.aliasesOf(knob).filter((name) => name.startsWith('--'));
  if (names.id === 'sglang') return SHORT_SIZE.exec(knob)?.slice(1) ?? [];
  return names.id === 'llamacpp'
    ? names
        .aliasesOf(knob)
        .filter((name) => /^-\w{1,3}$/.test(name))
        .slice(0, 1)
    : [];
};

const isKnown = (names: FlagNames, knob: string): boolean =>
  !knob.startsWith('-') || names.known.has(knob) || names.known.has(knob.replace(/^--no-/, '--'));

/** Flags that a refusal names, as far as they are flags of the launch or of the engine. */
function refusedFlags({ events, launch, names }: KnobContext): readonly string[] {
  return events
    .flatMap((event) => [event.values['flag'], event.values['name'], event.values['other']])
    .flatMap((text) => text?.match(/(?<!\S)[\w.]+\/[\w.-]+|-{0,2}[A-Za-z][\w-]*/g) ?? [])
    .slice(0, 4)
    .flatMap((flag) => [
      ...flagsMeantBy(flag, names),
      ...(/^--?[a-z][\w-]{0,40}$/.test(flag) && (launch === '' || launch.includes(flag))
        ? [flag]
        : []),
      // By the name of its variable, and newer than our table.
      ...[`--${flag.replaceAll('_', '-')}`].filter((name) => launch.includes(`${name} `)),
    ]);
}

/** Where pydantic says what it refuses: `-> env -> 0`, `service.replicas`, `'loc': ['body', 'env']`. */
const REFUSED_AT = [/(?:-> |\w\.)([a-z_]+)(?: -> \d+)*$/gm, /'loc': \[[^\]]*'([a-z_]+)'\]/g];

/** Properties of a dstack file that its schema refuses, as far as the file has them. */
function refusedProperties({ cls, launch, log }: KnobContext): readonly string[] {
  if (!cls.startsWith('bad_flag') || !/^type: /m.test(launch)) return [];
  return REFUSED_AT.flatMap((pattern) => [...log.matchAll(pattern)].map(([, name]) => name ?? ''))
    .filter((name) => launch.includes(`${name}:`))
    .slice(0, 4);
}

/** A name of at least two words, however they are joined. */
function isSaid(name: string, text: string): boolean {
  const words = name.replace(/^-+/, '').split('-');
  return words.length > 1 && [' ', '_', '-'].some((gap) => text.includes(words.join(gap)));
}

/** Flags of the launch that the log calls by their names, with hyphens, underscores or blanks. */
function launchFlagsIn({ launch, log, names }: KnobContext): readonly string[] {
  const text = log.slice(-50_000).toLowerCase();
  return (launch.match(/--[a-z][\w-]+/g) ?? []).filter((flag) => {
    const plain = flag.replaceAll('_', '-');
    return (
      isKnown(names, plain) && [plain, ...names.aliasesOf(plain)].some((name) => isSaid(name, text))
    );
  });
}

/** Flags of the engine that a refusal calls by three words or more, whether or not the launch has them. */
const saidFlags = ({ evidence, names }: KnobContext): readonly string[] => {
  const text = evidence.join('\n').toLowerCase();
  return [...names.known]
    .filter((flag) => flag.split('-').length > 4 && isSaid(flag, text))
    .slice(0, 4);
};

/** Which variables of the environment address a class. Source: NCCL, Gloo, vLLM and dstack documentation. */
const VARIABLES: Readonly<Record<string, RegExp>> = {
  nccl_interconnect: /^(?:NCCL|GLOO|UCX|FI)_|_SOCKET_IFNAME$|_HOST_IP$/,
  shm_or_ipc: /^NCCL_(?:SHM|CUMEM|P2P)/,
  hang_watchdog: /TIMEOUT|^NCCL_|WATCHDOG/,
  port_conflict: /_PORT$|^PORT_/,
  instance_unreachable: /^DSTACK_/,
  proxy_buffering: /BUFFER|BATCH_SIZE|STREAM/,
};

/** Variables that a report sets or speaks of, as far as they address the class. */
function variablesOf({ cls, launch, log, words }: KnobContext): readonly string[] {
  const pattern = VARIABLES[cls];
  if (pattern === undefined) return [];
  const set = log
    .slice(-50_000)
    .match(/\b[A-Z][A-Z\d_]+(?=(?: is)? set (?:by environment )?to\b)/g);
  const said = `${launch}\n${words}`.match(/\b[A-Z][A-Z\d]+(?:_[A-Z\d]+)+\b/g);
  return [...new Set([...(set ?? []), ...(said ?? [])])]
    .filter((name) => pattern.test(name))
    .slice(0, 4);
}

/** Sizes of volumes in a file of an orchestrator, alone or within braces. Source: Kubernetes PersistentVolumeClaim, charts of llm-d and vLLM's production stack. */
const VOLUME_SIZE =
  /(?:([A-Za-z]\w*): *\{[^{}\n]*)?(?<![\w-])(size|storage|pvcStorage|storageSize|ephemeral-storage|disk_size|disk)["']?: *["']?\d+(?:\.\.\d*)? ?[GT]i?B?\b/g;

const volumesOf = ({ cls, launch }: KnobContext): readonly string[] =>
  cls === 'disk_full'
    ? [...launch.matchAll(VOLUME_SIZE)]
        .flatMap(([, parent, name = '']) => [...(parent ? [`${parent}.${name}`] : []), name])
        .slice(0, 4)
    : [];

/** A smaller share of a GPU is a remedy where two are to run on it, and hides a leftover process otherwise. */
const SHARES = ['--gpu-memory-utilization', '--mem-fraction-static'];
const IS_SHARED =
  /\bshar(?:e|es|ed|ing)\b|\bboth\b|\btwo\b|\bsecond\b|same (?:gpu|card)|another (?:server|model|instance)|beside/i;
/** One launch whose own stages meet on a card. Source: vLLM-Omni docs, stage configurations. */
const IS_STAGED = /(?<![\w-])--omni\b|--stage-configs?-path|\[Stage-\d+\]/;

/** Flags that decide over memory which is not taken yet when a start fails there. Source: order of vLLM's and SGLang's start. */
const NOT_YET: Readonly<
  Record<string, { readonly at: RegExp; readonly flags: readonly string[] }>
> = {
  // No cache is made and no length asked for while weights are placed.
  weights_do_not_fit: {
    at: /create_weights|load_weights|initialize_model|load_model|process_weights_after_loading/,
    flags: ['--max-model-len', '--context-length'],
  },
  // vLLM measures a step before it hands the rest to the cache.
  oom_activation_prefill: {
    at: /profile_run|determine_available_memory|determine_num_available_blocks/,
    flags: ['--gpu-memory-utilization'],
  },
};

const isTooEarly = ({ cls, log }: KnobContext, knob: string): boolean =>
  NOT_YET[cls]?.flags.includes(knob) === true && NOT_YET[cls].at.test(log);

/** A program that was built without its GPU, which no flag mends. Source: llama.cpp common/arg.cpp. */
const NEEDS_BUILD = /no usable GPU found|compiled without GPU(?: offload)? support/;

const isBuild = ({ cls, log }: KnobContext): boolean =>
  cls === 'layers_on_cpu' && NEEDS_BUILD.test(log);

/** What a launch sets to a value, or lacks, that a refusal tells. */
function valuesToBlame(context: KnobContext): readonly string[] {
  const { cls, launch, evidence } = context;
  if (cls !== 'bad_flag_value' && cls !== 'bad_flag_combination') return [];
  return [
    ...(cls === 'bad_flag_combination' ? refusedValues(launch, evidence) : []),
    ...(cls === 'bad_flag_value' ? unevenSizes(launch, evidence) : []),
    ...(cls === 'bad_flag_value' ? refusedTexts(launch, evidence) : []),
    ...refusedDevices(launch, evidence),
    ...saidFlags(context),
  ];
}

/** Flags that the evidence names come first, then those that address the class on this engine. */
export function knobsFor(remedy: Remedy, context: KnobContext): readonly string[] {
  const { cls, launch, names, evidence } = context;
  const listed = namesOf(remedy.knobs[names.id]);
  const said = flagsNamedIn(evidence.join('\n'), names);
  const all = [
    ...refusedFlags(context),
    ...blamedFlags(cls, launch, context.words),
    ...variablesOf(context),
    ...refusedProperties(context),
    ...valuesToBlame(context),
    ...(cls === 'oom_activation_prefill' ? scratchKnobs(names.id, launch, evidence) : []),
    ...volumesOf(context),
    ...(cls.startsWith('bad_flag') ? launchFlagsIn(context) : []),
    ...(isBuild(context) ? namesOf(remedy.others) : []),
    ...said.filter((flag) => cls.startsWith('bad_flag') || listed.includes(flag)),
    // What a launch gives is a flag of its version, though later ones lack it.
    ...listed.filter((knob) => isKnown(names, knob) || launch.includes(knob)),
    ...namesOf(remedy.others),
    ...(cls === 'bad_flag_combination' ? clashingFlags(launch) : []),
  ];
  const spelt = all.flatMap((knob) => [
    knob,
    ...spellings(knob, launch, names),
    ...otherNames(knob, names),
  ]);
  const never = namesOf(remedy.never);
  const told = `${launch}\n${context.log}\n${evidence.join('\n')}`;
  const isSharing =
    cls !== 'gpu_already_in_use' || IS_SHARED.test(evidence.join('\n')) || IS_STAGED.test(told);
  const isOffered = (knob: string): boolean =>
    names.usable === null ||
    !names.known.has(knob) ||
    names.usable.has(knob) ||
    launch.includes(knob) ||
    cls.startsWith('bad_flag');
  return [...new Set(spelt)]
    .filter((knob) => !never.includes(knob) && isOffered(knob) && isTurnable(cls, knob, told))
    .filter((knob) => (isSharing || !SHARES.includes(knob)) && !isTooEarly(context, knob))
    .slice(0, MAX_KNOBS);
}
