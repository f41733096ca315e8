import { isRecord } from '../../core/parse.ts';
import type { ServiceFile } from '../../core/service/service-file.ts';
import { type ArgSpec, parseArgs } from './argparse.ts';
import type { SimEngineId } from './config.ts';
import { createFlagValues, type FlagValues } from './flag-values.ts';
import { findSimGpu, SIM_GPUS, type SimGpu } from './gpus.ts';
import { findSimModel } from './models.ts';
import { type Refusal, type Resolved, usageError } from './refusal.ts';
import { resolveSglang } from './resolve-sglang.ts';
import { resolveVllm } from './resolve-vllm.ts';

/** The service asks for something that the simulator has no facts for; nothing that an engine would say. */
export interface Unsupported {
  readonly kind: 'unsupported';
  readonly message: string;
}

/** Flags that each engine's parser knows at a version. */
export type FlagTables = (engine: SimEngineId, version: string) => readonly ArgSpec[];

interface Program {
  readonly engine: SimEngineId;
  /** Name that argparse prints. */
  readonly name: string;
  readonly flagsStart: number;
  readonly model: string | null;
}

const baseName = (word: string): string => word.slice(word.lastIndexOf('/') + 1);

/** Launchers by the words an argv begins with; the first word by its base name. */
const LAUNCHERS: readonly {
  readonly words: readonly RegExp[];
  readonly engine: SimEngineId;
  readonly name: string;
}[] = [
  {
    words: [/^python[\d.]*$/, /^-m$/, /^sglang\.launch_server$/],
    engine: 'sglang',
    name: 'launch_server.py',
  },
  { words: [/^sglang$/, /^serve$/], engine: 'sglang', name: 'sglang serve' },
  {
    words: [/^python[\d.]*$/, /^-m$/, /^vllm\.entrypoints\.openai\.api_server$/],
    engine: 'vllm',
    name: 'api_server.py',
  },
  { words: [/^vllm$/, /^serve$/], engine: 'vllm', name: 'vllm' },
];

/** Which engine an argv starts, as its own launcher names itself. Null when: it is any other program. */
function readProgram(argv: readonly string[]): Program | null {
  const words = [baseName(argv[0] ?? ''), ...argv.slice(1)];
  const launcher = LAUNCHERS.find((one) =>
    one.words.every((pattern, index) => pattern.test(words[index] ?? '')),
  );
  if (launcher === undefined) return null;
  const { engine, name } = launcher;
  const at = launcher.words.length;
  const next = argv[at];
  const isModel = name === 'vllm' && next !== undefined && !next.startsWith('-');
  return { engine, name, flagsStart: isModel ? at + 1 : at, model: isModel ? next : null };
}

interface GpuRequest {
  readonly name: string;
  readonly memoryGb: number | null;
  readonly count: number;
}

function readGpuText(text: string): GpuRequest {
  let memoryGb: number | null = null;
  let count = 1;
  let name = '';
  for (const part of text.split(':')) {
    const memory = /^(\d+)\s*GB/i.exec(part);
    if (memory !== null) memoryGb = Number(memory[1]);
    else if (/^\d+$/.test(part)) count = Number(part);
    else if (/^\d*\.\.\d*$/.test(part)) count = Number(/\d+/.exec(part)?.[0] ?? 1);
    else if (name === '') name = (part.split(',')[0] ?? part).trim();
  }
  return { name, memoryGb, count };
}

function firstText(value: unknown): string {
  if (Array.isArray(value)) return firstText(value[0]);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The GPU that the service's `resources` ask for. Null when they name none. */
function readGpuRequest(resources: Readonly<Record<string, unknown>>): GpuRequest | null {
  const gpu = resources['gpu'];
  if (typeof gpu === 'string' || typeof gpu === 'number') return readGpuText(String(gpu));
  if (!isRecord(gpu)) return null;
  const name = firstText(gpu['name']);
  const memory = /(\d+)/.exec(firstText(gpu['memory']));
  const count = Number(/\d+/.exec(firstText(gpu['count']))?.[0] ?? 1);
  return { name, memoryGb: memory === null ? null : Number(memory[1]), count };
}

/** Version in an image tag, e.g. `v0.5.9`. Source: newest release that the flag facts cover, when the tag has none. */
function engineVersion(image: string | null, engine: SimEngineId): string {
  const tag = /:v?(\d+\.\d+(?:\.\d+)?(?:\.?post\d+)?)/.exec(image ?? '')?.[1];
  return tag ?? (engine === 'sglang' ? '0.5.14' : '0.22.0');
}

function readFlagValues(
  program: Program,
  argv: readonly string[],
  flags: readonly ArgSpec[],
): FlagValues | Refusal {
  const isSglang = program.engine === 'sglang';
  const parsed = parseArgs(argv.slice(program.flagsStart), { flags, flexible: !isSglang });
  if (parsed.kind === 'usage')
    return usageError(argumentProgram(program, parsed.message), parsed.message);
  if (parsed.positional.length > 0)
    return usageError(program.name, `unrecognized arguments: ${parsed.positional.join(' ')}`);
  return createFlagValues(parsed.values);
}

/** vLLM's sub-command reports bad values, its main parser what nobody recognised. */
function argumentProgram(program: Program, message: string): string {
  return program.name === 'vllm' && message.startsWith('argument') ? 'vllm serve' : program.name;
}

/** From a service file to the engine that would run, or to what it would say instead. */
export function resolveService(service: ServiceFile, tables: FlagTables): Resolved | Unsupported {
  const { launch } = service;
  if (launch === null)
    return {
      kind: 'unsupported',
      message: `The launch command cannot be read: ${service.launchProblem ?? 'no command'}`,
    };
  const program = readProgram(launch.argv);
  if (program === null)
    return {
      kind: 'unsupported',
      message: `Only SGLang and vLLM launches can be simulated, not ${launch.argv[0] ?? 'nothing'}.`,
    };
  const version = engineVersion(service.image, program.engine);
  const flags = readFlagValues(program, launch.argv, tables(program.engine, version));
  if ('kind' in flags) return flags;
  return resolveFlags(service, program, flags);
}

/** Source: vLLM serves this model when none is named. */
const VLLM_DEFAULT_MODEL = 'Qwen/Qwen3-0.6B';

const unsupported = (message: string): Unsupported => ({ kind: 'unsupported', message });

function findGpu(
  service: ServiceFile,
): { readonly gpu: SimGpu; readonly count: number } | Unsupported {
  const request = readGpuRequest(service.resources);
  const gpu = request === null ? null : findSimGpu(request.name, request.memoryGb);
  if (request !== null && gpu !== null) return { gpu, count: request.count };
  const known = SIM_GPUS.map((one) => one.name).join(', ');
  return unsupported(`No facts for the GPU ${request?.name ?? '(none)'}. Known: ${known}.`);
}

function resolveFlags(
  service: ServiceFile,
  program: Program,
  flags: FlagValues,
): Resolved | Unsupported {
  const named = program.model ?? flags.text('--model-path', '--model');
  if (named === null && program.engine === 'sglang')
    return usageError(program.name, 'the following arguments are required: --model-path/--model');
  const id = named ?? VLLM_DEFAULT_MODEL;
  const model = findSimModel(id);
  if (model === null)
    return unsupported(
      `No facts for the model ${id}: dense models of the Llama 3, Qwen, Mistral and Gemma families are simulated.`,
    );
  const found = findGpu(service);
  if ('kind' in found) return found;
  const facts = {
    flags,
    model,
    gpu: found.gpu,
    gpuCount: found.count,
    version: engineVersion(service.image, program.engine),
  };
  return program.engine === 'sglang' ? resolveSglang(facts) : resolveVllm(facts);
}
