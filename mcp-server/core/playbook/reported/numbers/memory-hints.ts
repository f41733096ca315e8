import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';
import { hasServed, isOom, sizesOf } from './sizes.ts';

const MAX_CHARS = 200_000;
const NONE: readonly Hint[] = [];

const CAPTURE_BAR =
  /(?:Capturing|Compiling) (?:batches|num tokens) \((?:\w+=\d+ )?avail_mem=(\d+\.\d+) GB\):? *(\d+)?%?/g;
/** Less than a batch's graph takes. Units: GB. Source: SGLang's own advice, one to a few hundred MB a graph. */
const LEAST_FOR_GRAPHS_GB = 1;

/** A capture that stands or ends with next to no memory left. Source: SGLang model_executor, the bar of its capture loop. */
function captureStarved(log: string): readonly Hint[] {
  const last = [...log.matchAll(CAPTURE_BAR)].at(-1);
  if (last === undefined || last[2] === '100') return NONE;
  const isOver = /graph end\b/.test(log.slice(last.index));
  return isOver || Number(last[1]) >= LEAST_FOR_GRAPHS_GB
    ? NONE
    : [{ cls: 'oom_cuda_graph_capture', weight: 0.85, evidence: last[0] }];
}

const HAS_CONTEXT = /(?<![\w-])(?:-c|--ctx-size|--fit|-fit)\b/;

/** No context is asked for, so that the model's whole training length is. Source: llama.cpp common/arg.cpp, `--ctx-size` 0. */
function wholeTrainingContext(report: Report, words: string): readonly Hint[] {
  const launch = report.input.launch_command ?? '';
  const isDefault = report.engine === 'llamacpp' && launch !== '' && !HAS_CONTEXT.test(launch);
  if (!isDefault || !isOom(report) || !/\bkv\b|\bcontext\b|\bctx\b/i.test(words)) return NONE;
  const evidence = 'the launch asks for no context, so the model decides';
  return [{ cls: 'kv_cache_too_small', weight: 0.9, evidence }];
}

const CONTEXT = /(?<![\w-])(?:-c|--ctx-size)[ =]+(\d+)/;
const SLOTS = /(?<![\w-])(?:-np|--parallel)[ =]+(\d+)/;

/** A context that is split among slots, where the part of one slot is what people run into. Source: llama.cpp server README, `--parallel`. */
function splitContext(report: Report, words: string): readonly Hint[] {
  const launch = report.input.launch_command ?? '';
  const [context, slots] = [Number(CONTEXT.exec(launch)?.[1]), Number(SLOTS.exec(launch)?.[1])];
  const part = Math.floor(context / slots);
  if (!(slots >= 2 && part > 0) || /--kv-unified|(?<![\w-])-kvu\b/.test(launch)) return NONE;
  const told = withoutThousands(`${words}\n${report.input.log ?? ''}`.slice(0, MAX_CHARS));
  const isMet = new RegExp(`(?<!\\d)(?:${part}|${Math.round(part / 1024)} ?k)\\b`, 'i').test(told);
  const evidence = `${context} tokens shared by ${slots} slots are ${part} each`;
  return isMet ? [{ cls: 'context_too_long', weight: 0.8, evidence }] : NONE;
}

const NO_BLOCKS = /No available memory for the cache blocks|Available KV cache memory: -\d/;
const SHARE = /--gpu-memory-utilization[ =]+(0?\.\d+)/;

/** Weights that take a small part of the share, and yet nothing of it is left: somebody else's memory was counted. Source: vLLM utils/mem_utils.py. */
function othersCounted(report: Report): readonly Hint[] {
  const { weightShare } = sizesOf(report);
  const share = Number(SHARE.exec(report.input.launch_command ?? '')?.[1] ?? 0.9);
  const isSmall = weightShare !== null && weightShare < 0.5 * share;
  if (!isSmall || !NO_BLOCKS.test(report.input.log ?? '')) return NONE;
  const evidence = `weights take about ${Math.round(weightShare * 100)} % of the GPU, the share is ${share}`;
  return [{ cls: 'gpu_already_in_use', weight: 0.6, evidence }];
}

const FULL = /total capacity of \d+(?:\.\d+)? GiB of which \d+(?:\.\d+)? [KM]iB is free/;

/** Weights far below what the card holds, and the card is full before it served: by somebody else. Source: own reasoning. */
function fullOfOthers(report: Report): readonly Hint[] {
  const { weightShare } = sizesOf(report);
  const isFull = FULL.test(report.input.log ?? '') && !hasServed(report);
  if (weightShare === null || weightShare >= 0.5 || !isFull) return NONE;
  const evidence = `weights take about ${Math.round(weightShare * 100)} % of a card that is full`;
  return [{ cls: 'gpu_already_in_use', weight: 0.4, evidence }];
}

const PROMPT_LOGPROBS = /\b(?:return_logprob|prompt_logprobs|logprob_start_len)\b/;

/** Probabilities of a prompt's own tokens take logits of every row of a prefill. Source: SGLang layers/logits_processor.py, vLLM v1/worker gpu_model_runner.py. */
function promptLogits(report: Report, words: string): readonly Hint[] {
  const told = `${words}\n${report.input.launch_command ?? ''}`;
  const asked = PROMPT_LOGPROBS.exec(told)?.[0];
  if (asked === undefined || !isOom(report)) return NONE;
  return [{ cls: 'oom_activation_prefill', weight: 0.85, evidence: asked }];
}

const EAGER = String.raw`(?:enforce[-_ ]eager|eager mode|disable[-_ ]cuda[-_ ]graph|without (?:cuda )?graphs?)`;
const SERVES = String.raw`(?<!(?:not|n't|never) )\b(?:starts?|works?|runs?(?! out)|loads?|boots?|comes? up)\b`;
const SERVES_EAGER = new RegExp(`${SERVES}[^.\n]{0,60}${EAGER}|${EAGER}[^.\n]{0,40}${SERVES}`, 'i');

const OOM_EAGER = new RegExp(
  `${EAGER}[^.\\n]{0,40}(?:\\b(?:too|also|still|as well|either|same)\\b|runs out|n't (?:help|start|work))|\\beven\\b[^.\\n]{0,30}${EAGER}`,
  'i',
);

/** Memory ends without graphs as well; a text that says both says nothing. */
export const isOomWithoutGraphs = (report: Report, words: string): boolean =>
  isOom(report) && OOM_EAGER.test(words) && !SERVES_EAGER.test(words);

/** Memory ends, and does not without graphs: they are what is too much. Source: vLLM docs conserving_memory. */
function graphsTooMuch(report: Report, words: string): readonly Hint[] {
  const said = SERVES_EAGER.exec(words)?.[0];
  const isSaid = said !== undefined && !OOM_EAGER.test(words);
  if (!isSaid || !isOom(report) || hasServed(report)) return NONE;
  return [{ cls: 'oom_cuda_graph_capture', weight: 0.85, evidence: said }];
}

/** What the sizes of memory in a report say of a start that failed. */
export function memoryHints(report: Report): readonly Hint[] {
  const words = wordsOf(report);
  return [
    ...captureStarved((report.input.log ?? '').slice(-MAX_CHARS)),
    ...wholeTrainingContext(report, words),
    ...splitContext(report, words),
    ...othersCounted(report),
    ...fullOfOthers(report),
    ...promptLogits(report, words),
    ...graphsTooMuch(report, words),
  ];
}
