import { modelFacts } from '../../../roofline/models.ts';
import { memoryGbOf } from '../numbers/sizes.ts';
import { type Hint, numbersOf, type Report, withoutThousands, wordsOf } from '../report.ts';
import { otherSlot } from './slot-hints.ts';

const MAX_CHARS = 200_000;
const NONE: readonly Hint[] = [];
const MIB_PER_GB = 1024;

/** The cache by llama.cpp's own line: the sum over all layers and slots. Units: MiB. Source: src/llama-kv-cache.cpp. */
const KV_SIZE =
  /(?:llama_kv_cache\w*: size = *|KV self size *= *|KV buffer size = *)(\d+(?:\.\d+)?) MiB/g;
const ON_GPU =
  /(?:CUDA|ROCm|Vulkan|Metal|SYCL|CANN)\w* (?:model )?buffer size = *(\d+(?:\.\d+)?) MiB/g;
const NO_CONTEXT =
  /[Ff]ailed to (?:create|initialize) (?:the )?context|out of memory|OutOfMemory|failed to allocate/;

const COUNT = /(?<![\d.])(\d+) ?[x×] ?(?=[A-Za-z\d])/;

/** Memory of all cards of one kind that a report names. Units: GB. NaN when: none is told, or several kinds are. */
function cardsGb(gpu: string): number {
  if (/[,;+]|\band\b/.test(gpu)) return Number.NaN;
  return Number(COUNT.exec(gpu)?.[1] ?? 1) * (memoryGbOf(gpu) ?? Number.NaN);
}

/** A cache that does not fit beside the weights on the cards that the report names. */
function cacheAboveMemory(report: Report): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  const memory = MIB_PER_GB * cardsGb(report.input.gpu ?? '');
  const cache = Math.max(0, ...numbersOf(log, KV_SIZE));
  const weights = Math.max(0, ...numbersOf(log, ON_GPU).filter((size) => size !== cache));
  if (!NO_CONTEXT.test(log) || !(cache > 0.3 * memory && cache + weights > memory)) return NONE;
  const evidence = `a KV cache of ${cache} MiB on ${report.input.gpu}`;
  return [{ cls: 'kv_cache_too_small', weight: 0.85, evidence }];
}

const FAILED =
  /segmentation fault|segfault|out of memory|\boom\b|failed to|killed|has terminated|crash|does not (?:start|load)/i;
const CONTEXT = /(?:(?<![\w-])(?:-c|--ctx-size)|OLLAMA_CONTEXT_LENGTH|num_ctx)[ =:]+(\d+)/;
/** Bytes of an element by the type of the cache. Source: ggml block sizes. */
const HALVED = /(?:-ctk|--cache-type-k|OLLAMA_KV_CACHE_TYPE)[ =]+q[48]/;
/** The cache alone takes this much of the memory: next to nothing is left for weights and the system. Source: own reasoning. */
const MOST_OF = 0.8;

const hasFailed = (report: Report): boolean =>
  FAILED.test(`${report.input.log ?? ''}\n${wordsOf(report)}`);

/** A context whose cache, by the shape of the model, takes nearly all memory; it is allocated whole at start. Source: llama.cpp src/llama-kv-cache.cpp. */
function contextAboveMemory(report: Report): readonly Hint[] {
  const { launch_command: launch = '', model = '', gpu = '' } = report.input;
  const context = Number(CONTEXT.exec(`${launch}\n${wordsOf(report)}`)?.[1]);
  const facts = modelFacts(model === '' ? launch : model);
  if (facts === null || !hasFailed(report) || HALVED.test(launch)) return NONE;
  const cacheGb = (2 * facts.kvElementsPerLayer * facts.layers * context) / 1e9;
  if (!(cacheGb > MOST_OF * cardsGb(gpu))) return NONE;
  const evidence = `${context} tokens of KV take ${cacheGb.toFixed(1)} GB of ${gpu}`;
  return [{ cls: 'kv_cache_too_small', weight: 0.85, evidence }];
}

const OWN_CONTEXT = /(?<![\w-])(?:-c|--ctx-size)[ =]+(\d+)/;
const DRAFT_CONTEXT = /(?<![\w-])(?:-cd|--ctx-size-draft|--spec-draft-ctx-size)[ =]+(\d+)/;

/** A draft model with a shorter window than its target: past it the draft's cache is shifted for every draft. Source: ik_llama.cpp and llama.cpp common/speculative.cpp. */
function shortDraft(launch: string): readonly Hint[] {
  const [own, draft] = [OWN_CONTEXT, DRAFT_CONTEXT].map((pattern) =>
    Number(pattern.exec(launch)?.[1]),
  );
  if (own === undefined || draft === undefined || !(draft < own)) return NONE;
  const evidence = `the draft has a context of ${draft}, the model of ${own}`;
  return [{ cls: 'speculation_not_paying', weight: 0.75, evidence }];
}

const SPECULATES =
  /--spec-type\b|(?<![\w-])-md\b|--model-draft|--draft-max|--multi-token-prediction/;
/** `4 sessions at once: about 10.8 tok/s in total`. */
const TOTAL =
  /^[^\n]*?\b(\d+) (?:(?:parallel|concurrent|simultaneous) )?(?:sessions?|streams?|clients?|users?|slots?|requests?|agents?)\b[^\n\d]*(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps)[^\n]*/gim;
/** Slots that work together give less than this of what one gives alone. Source: batching never costs that much by itself; own reasoning. */
const LESS_TOGETHER = 0.8;

/** More streams give fewer tokens in all while each slot drafts for itself. Source: llama.cpp tools/server, where drafts are made slot by slot. */
function draftsApart(report: Report): readonly Hint[] {
  if (!SPECULATES.test(report.input.launch_command ?? '')) return NONE;
  const told = [...wordsOf(report).matchAll(TOTAL)].map(([line, streams, speed]) => ({
    line,
    streams: Number(streams),
    speed: Number(speed),
  }));
  const alone = told.find(({ streams }) => streams === 1);
  const together = told.find(
    ({ streams, speed, line }) =>
      streams > 1 &&
      speed < LESS_TOGETHER * (alone?.speed ?? 0) &&
      /total|aggregate|in all|together|at once/i.test(line),
  );
  if (together === undefined) return NONE;
  return [{ cls: 'speculation_not_paying', weight: 0.85, evidence: together.line }];
}

/** A worker on another machine. */
const REMOTE = /--rpc[ =]+(?!(?:localhost|127\.)[^,\s]*(?:\s|$))(\S+:\d+)/;

/** Layers on other machines: each token waits for the network between them. Source: llama.cpp tools/rpc README. */
function remoteWorkers(launch: string): readonly Hint[] {
  const worker = REMOTE.exec(launch)?.[0];
  return worker === undefined
    ? NONE
    : [{ cls: 'tp_communication_bound', weight: 0.7, evidence: worker }];
}

/** The vision tower begins an image and nothing comes after it. Source: llama.cpp tools/mtmd/mtmd-helper.cpp. */
const IN_IMAGE = /encoding image slice\.\.\.(?![\s\S]*(?:image slice encoded|image decoded))/;
const ENDS = /\bEOF\b|[Rr]estart|exit(?:ed)?\b|killed|out of memory|core dumped/i;

function endsInImage(report: Report): readonly Hint[] {
  const found = IN_IMAGE.exec((report.input.log ?? '').slice(-MAX_CHARS));
  const told = `${found?.input.slice(found.index) ?? ''}\n${wordsOf(report)}`;
  if (found === null || !ENDS.test(told)) return NONE;
  return [{ cls: 'oom_activation_prefill', weight: 0.7, evidence: found[0] }];
}

/** Large batches of tensors that lie in host memory are computed there too. Source: llama.cpp `--no-op-offload`. */
const noOpOffload = (launch: string): readonly Hint[] =>
  /--no-op-offload\b|(?<![\w-])-nopo\b/.test(launch)
    ? [{ cls: 'prefill_bound', weight: 0.75, evidence: '--no-op-offload' }]
    : NONE;

/** All layers are on the card, and weights are mapped from their file, so that they are no memory of the process itself. */
const ON_CARD = /(?<![\w-])(?:-ngl|--n-gpu-layers|--gpu-layers)[ =]+(?:9\d|\d{3,}|all|-1)\b/;
const COPIED = /--no-mmap|--mlock|--load-mode (?:none|mlock)/;
const GREW = /\(llama-server\)[^\n]*anon-rss:(\d+)kB, file-rss:(\d+)kB/;

/** The kernel ended a server whose own memory grew though its weights are on the card: by old prompts that it keeps. Source: llama.cpp `--cache-ram`. */
export function isBesideWeights(report: Report): boolean {
  const { launch_command: launch = '', log = '' } = report.input;
  const [, own, mapped] = GREW.exec(log) ?? [];
  return ON_CARD.test(launch) && !COPIED.test(launch) && Number(own) > Number(mapped);
}

/** CUDA sees no device in a container that was started without any. Source: docker run reference, `--gpus`. */
export function isWithoutDevice(line: string, report: Report): boolean {
  const launch = report.input.launch_command ?? '';
  return (
    /no CUDA-capable device/.test(line) &&
    /\b(?:docker|podman) run\b/.test(launch) &&
    !/--gpus|--runtime|--device|nvidia\.com\/gpu/.test(launch)
  );
}

/** What launch, sizes and speeds of a report show of llama.cpp alone. */
export function llamacppHints(report: Report): readonly Hint[] {
  if (report.engine !== 'llamacpp') return NONE;
  const launch = withoutThousands(report.input.launch_command ?? '');
  return [
    ...cacheAboveMemory(report),
    ...contextAboveMemory(report),
    ...shortDraft(launch),
    ...draftsApart(report),
    ...remoteWorkers(launch),
    ...endsInImage(report),
    ...noOpOffload(launch),
    ...otherSlot(report),
  ];
}
