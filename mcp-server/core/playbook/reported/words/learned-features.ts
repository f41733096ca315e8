import { type Report, wordsOf } from '../report.ts';
import { CONCEPTS } from './concepts.ts';

const MAX_WORDS_CHARS = 20_000;
const MAX_LOG_CHARS = 4000;
/** Long enough to keep `preemption` from `prefill`, short enough to join `retract` and `retraction`. Source: own trials. */
const STEM_CHARS = 7;
const MAX_EVIDENCE_CHARS = 300;

/**
 * Lines that every start prints, whatever comes of it, batch lines of SGLang, which say something by their numbers only,
 * and what PyTorch and Python add to every death.
 * Source: vLLM pynccl.py and NCCL init.cc; start of a vLLM server; PyTorch c10/cuda/CUDAMiscFunctions.cpp and ProcessGroupNCCL.cpp.
 */
const ORDINARY =
  /^.*(?:is using nccl==|NCCL version \d|Found nccl from library|Automatically detected platform|API server version|checkpoint shards: |(?:Prefill|Decode) batch[,. ]|CUDA kernel errors might be asynchronously reported|For debugging consider passing CUDA_LAUNCH_BLOCKING|Compile with `TORCH_USE_CUDA_DSA`|destroy_process_group\(\) was not called before program exit|resource_tracker: There appear to be \d+ leaked).*$/gm;

const COMMON = new Set(
  'the a an of to in is are and or it its that this with for on at as be by we our i'.split(' '),
);

const stemOf = (word: string): string => {
  const ending = ['ing', 'ed', 'es', 's'].find(
    (end) => word.endsWith(end) && word.length - end.length >= 4,
  );
  return word.slice(0, word.length - (ending?.length ?? 0)).slice(0, STEM_CHARS);
};

/** The stems of a sentence; every number is the word `0`. */
const stemsOf = (plain: string): readonly string[] =>
  (plain.match(/[a-z_#-]{2,}|0|%/g) ?? []).map(stemOf).filter((word) => !COMMON.has(word));

/** Of all lengths this told most of the cases that were left out. Source: own trials. */
const PIECE_CHARS = 5;

/** Overlapping pieces of the words of a sentence, their ends marked: a name that was never seen has parts that were. */
const piecesOf = (plain: string): readonly string[] =>
  (plain.match(/[a-z_.-]{4,}/g) ?? [])
    .map((word) => `<${word}>`)
    .flatMap((word) =>
      Array.from(
        { length: word.length - PIECE_CHARS + 1 },
        (_, at) => `c:${word.slice(at, at + PIECE_CHARS)}`,
      ),
    );

const plainOf = (text: string): string => text.toLowerCase().replaceAll(/\d+(?:[.,]\d+)*/g, '0');

function textFeatures(text: string, prefix: string): readonly (readonly [string, string])[] {
  return text.split(/\n|(?<=[.;!?])\s/).flatMap((sentence) => {
    const plain = plainOf(sentence);
    const said = sentence.slice(0, MAX_EVIDENCE_CHARS);
    const stems = stemsOf(plain).map((stem) => prefix + stem);
    return [...stems, ...piecesOf(plain)].map((name) => [name, said] as const);
  });
}

/** Ideas of the words, alone and by twos. */
function ideaFeatures(words: string): readonly (readonly [string, string])[] {
  const held = Object.entries(CONCEPTS)
    .filter(([, pattern]) => pattern.test(words))
    .map(([idea]) => idea);
  return held.flatMap((idea, at) => [
    [`k:${idea}`, ''] as const,
    ...held.slice(at + 1).map((other) => [`k:${idea}+${other}`, ''] as const),
  ]);
}

function launchFeatures(launch: string): readonly (readonly [string, string])[] {
  const flags = (launch.match(/--[a-z-]+/g) ?? []).map((flag) => [`f:${flag}`, flag] as const);
  const parts = launch
    .split(/\s+/)
    .flatMap((part) => piecesOf(plainOf(part)).map((piece) => [piece, part] as const));
  return [...flags, ...parts];
}

/**
 * What is counted of a report's texts: stems, pieces of words, flags of the launch, ideas and which texts there are. Each
 * stands once, with the sentence that holds it; an empty one where no single sentence does.
 */
export function featuresOf(report: Report): ReadonlyMap<string, string> {
  const { launch_command: launch, log, metrics_text: metrics } = report.input;
  const words = wordsOf(report).slice(0, MAX_WORDS_CHARS);
  const parts = Object.entries(report.input).flatMap(([part, text]) =>
    text === undefined ? [] : [[`has:${part}`, ''] as const],
  );
  return new Map([
    ...parts,
    [`e:${report.engine}`, ''],
    ...launchFeatures(launch ?? ''),
    ...ideaFeatures(words),
    ...textFeatures((metrics ?? '').slice(-MAX_LOG_CHARS / 2), 'm:'),
    ...textFeatures((log ?? '').replaceAll(ORDINARY, '').slice(-MAX_LOG_CHARS), ''),
    ...textFeatures(words, ''),
  ]);
}
