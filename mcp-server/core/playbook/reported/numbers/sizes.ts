import { gpuFacts } from '../../../roofline/gpus.ts';
import { bytesPerWeight } from '../../../roofline/models.ts';
import { numbersOf, type Report, wordsOf } from '../report.ts';

/** Parameters in billions that a name tells. Null when: it tells none. */
function billionsOf(text: string): number | null {
  const sparse = /(\d+)x(\d+(?:\.\d+)?)b\b/i.exec(text);
  if (sparse !== null) return Number(sparse[1]) * Number(sparse[2]) * 0.85;
  const found = /(?:^|[^\da-z.])(\d+(?:\.\d+)?) ?b(?![a-z])/i.exec(text);
  return found === null ? null : Number(found[1]);
}

export function memoryGbOf(gpu: string): number | null {
  const named = /(?<![A-Za-z\d.])(\d+(?:\.\d+)?) ?(?:GiB|GB|G)\b/i.exec(gpu);
  return named === null ? (gpuFacts(gpu)?.memoryGb ?? null) : Number(named[1]);
}

interface Sizes {
  readonly billions: number | null;
  /** Weights of one GPU / its memory. Null when: model or GPU is not told. */
  readonly weightShare: number | null;
  readonly tensorParallel: number;
}

/** A flag by which SGLang or vLLM is split over GPUs, with how many. Source: their help texts. */
const SPLIT = /(?:--tp(?:-size)?|--tensor-parallel-size|(?<![\w-])-tp)[ =]+(\d+)/g;

/** Over how many GPUs each server of a launch is split, as it tells. */
export const splitsOf = (launch: string): readonly number[] => numbersOf(launch, SPLIT);

/** `a checkpoint of 60 GB`. */
const TOLD_GB =
  /(?:checkpoint|weights|gguf|model file)[^.;,\n\d]{0,24}(\d+(?:\.\d+)?) ?Gi?B\b|(?<![\d.])(\d+(?:\.\d+)?) ?Gi?B (?:checkpoint|of weights|ckpt|gguf|model file)/i;

/** Weights as the words tell them. Units: GB. NaN when: they do not tell. */
function toldGb(report: Report): number {
  const found = TOLD_GB.exec(wordsOf(report));
  return Number(found?.[1] ?? found?.[2] ?? Number.NaN);
}

/** Of the cache and not of the weights. */
const CACHE_TYPE = /--(?:kv-cache-dtype|cache-type-[kv])[ =]\S+|(?<![\w-])-ct[kv] \S+/g;

const nameOf = ({ input }: Report): string =>
  `${input.model ?? ''} ${(input.launch_command ?? '').replaceAll(CACHE_TYPE, ' ')}`;

/** How much of the GPU the weights take by the names alone. Source: weight bytes = parameters × bytes per weight. */
export function sizesOf(report: Report): Sizes {
  const launch = report.input.launch_command ?? '';
  const name = nameOf(report);
  const billions = billionsOf(name);
  const memoryGb = memoryGbOf(report.input.gpu ?? '');
  const tensorParallel = Math.max(1, splitsOf(launch)[0] ?? 1);
  const method = methodOf(name);
  const weightGb = billions === null ? toldGb(report) : billions * bytesPerWeight(method);
  const share = weightGb / tensorParallel / (memoryGb ?? Number.NaN);
  return { billions, tensorParallel, weightShare: Number.isNaN(share) ? null : share };
}

/** Of sparse models only some experts are read for a token: `35B-A3B`. */
const ACTIVE = /-A(\d+(?:\.\d+)?)B\b/i;
/** GPTQ and others come in four bits and in eight: `-GPTQ-Int8`. */
const EIGHT_BITS = /int8/i;
const METHOD = /fp8|awq|gptq|int4|int8|4bit|nvfp4|mxfp4|q[2-8](?:_\w+)?\b/i;
const methodOf = (name: string): string | null =>
  EIGHT_BITS.exec(name)?.[0] ?? METHOD.exec(name)?.[0] ?? null;

/** What GGUF files are quantised to where their name does not tell. Source: ollama and llama.cpp -hf take Q4_K_M. */
const GGUF_DEFAULT = 'q4_k_m';

/** Weights that a token reads, and over how many GPUs. Units: GB. NaN when: no name tells the size. */
export function weightsOf(
  report: Report,
  words: string,
): { readonly gbPerToken: number; readonly gpus: number } {
  const name = nameOf(report);
  const told = billionsOf(name) === null ? words : name;
  const billions = Number(ACTIVE.exec(told)?.[1] ?? billionsOf(told) ?? Number.NaN);
  const fallback = report.engine === 'llamacpp' ? GGUF_DEFAULT : null;
  const method = methodOf(told);
  const gbPerToken = billions * bytesPerWeight(method ?? fallback);
  return { gbPerToken, gpus: sizesOf(report).tensorParallel };
}

export const isOom = (report: Report): boolean =>
  /out of memory|OutOfMemory|\boom(?:s|ed|ing)?\b|Not enough memory|insufficient memory/i.test(
    `${report.input.log ?? ''}\n${wordsOf(report)}`,
  );

/** Weights that leave a third of the GPU, unless they are made smaller only after they were loaded. Source: own reasoning. */
export function weightsFit(report: Report): boolean {
  const { weightShare } = sizesOf(report);
  const isOnline = /--quantization|--dtype|bf16|fp32/i.test(
    `${report.input.launch_command ?? ''} ${report.input.model ?? ''}`,
  );
  return weightShare !== null && weightShare < 0.66 && !isOnline;
}

/** It got further before memory ended, so the weights did fit. Source: order of the engines' start-up lines. */
export const hasServed = (report: Report): boolean =>
  /\b(?:Decode|Prefill) batch|Running: [1-9]\d* reqs|POST \/\S* HTTP\/1\.1" 200|KV (?:cache|buffer) size|Capturing (?:CUDA|cuda|batches|cudagraph)|Graph capturing|allocated in private pools|slot (?:update_slots|launch_slot_|print_timing)|srv +\w+: +- saving prompt/.test(
    `${report.input.log ?? ''}\n${wordsOf(report)}`,
  ) ||
  /\b(?:after|for|within)\b[^.;\n]{0,24}\b(?:minutes?|hours?|days?|requests|users)\b|\b(?:once|twice) (?:a|an|per|every) (?:hour|day|night|week)\b|\bevery (?:few |\d+ )?(?:hours?|days?|nights?)\b|\b(?:works?|runs?|serves?|answers?) (?:fine|well|for|short|small|one)\b|\b(?:starts|boots|loads|comes up) (?:and|fine|well|normally|up)\b|\bfirst (?:\w+ )?(?:prompt|request)\b/i.test(
    wordsOf(report),
  );

/** Of a GPU that the table does not hold. Source: own reasoning, between L40S and H100. */
const TYPICAL_GB_PER_S = 1500;

const PER_TOKEN = /(?:TPOT|TBOT|ITL|inter[- ]token|per token)[^\d\n]{0,30}(\d+(?:\.\d+)?)/i;
/** Tokens per second of one stream. */
const ALONE =
  /(?:batch 1|single (?:stream|user|request)|concurrency[ =:]*1)\b[^\n\d]{0,40}(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps)/i;
const perTokenMs = (words: string): number =>
  Number(PER_TOKEN.exec(words)?.[1] ?? 1000 / Number(ALONE.exec(words)?.[1]));

/** Time to read 16-bit weights once. NaN when: model or GPU is not told. */
function decodeFloorMs(billions: number, gpu: string): number {
  if (gpu === '') return Number.NaN;
  return (billions * 2 * 1000) / (gpuFacts(gpu)?.bandwidthGbPerS ?? TYPICAL_GB_PER_S);
}

/** What a token takes, and what reading the weights once takes. Units: ms. NaN where a report does not tell. */
export function pacesOf(
  report: Report,
  words: string,
): { readonly tpotMs: number; readonly floorMs: number } {
  const { billions, tensorParallel } = sizesOf(report);
  const floorMs = decodeFloorMs(billions ?? Number.NaN, report.input.gpu ?? '') / tensorParallel;
  return { tpotMs: perTokenMs(words), floorMs };
}
