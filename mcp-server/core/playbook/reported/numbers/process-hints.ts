import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';

const MAX_CHARS = 200_000;

/** One core and no more: what a process of Python uses at most. Source: CPython docs, global interpreter lock. */
const FULL_CORE = String.raw`(?:9[5-9]|10\d)(?:\.\d+)? ?%`;

/** Whether a line of a process table shows such a process at a full core. */
const atFullCore = (name: string): RegExp =>
  new RegExp(
    String.raw`^(?!.*\bGPU\b)(?=.*\b(?:cpu|core|top|htop|ps)\b).*(?:(?:${name})\b[^%,;\n]{0,40}?(?<![\d.])${FULL_CORE}|(?<![\d.])${FULL_CORE}[^%,;\n]{0,40}?(?:${name})\b).*$`,
    'im',
  );

/** Processes beside the loop that feeds the GPU; that one is always busy. Source: SGLang managers, setproctitle; vLLM entrypoints, set_process_title. */
const TEXT_MAKER = atFullCore(String.raw`detokenizer(?:_?manager|_router)?(?: process)?`);
const FRONT = atFullCore(
  String.raw`(?<!de)tokenizer_?(?: ?manager|_worker)|data_parallel_controller|api[_ -]?server|http server|uvicorn|launch_server`,
);

/** A process table shows that what turns tokens into text has most of its core left. */
export const isTextMakerIdle = (words: string): boolean => IDLE_MAKER.test(words);
const IDLE_MAKER =
  /^(?=.*\b(?:cpu|core|top|htop|ps)\b).*\bdetokenizer(?:_?manager|_router)?\b[^%,;\n\d]{0,20}[1-4]?\d(?:\.\d+)? ?%/im;

function busyProcess(words: string): readonly Hint[] {
  const maker = TEXT_MAKER.exec(words)?.[0];
  const front = FRONT.exec(words)?.[0];
  return [
    ...(maker === undefined ? [] : [hint('detokenizer_bound', 0.85, maker)]),
    ...(front === undefined ? [] : [hint('cpu_or_frontend_bound', 0.85, front)]),
  ];
}

const FITS = /Maximum concurrency for [\d,]+ tokens per request: (\d+\.\d+)x/;
const STATS = /Running: (\d+) reqs, Waiting: (\d+) reqs, GPU KV cache usage: (\d+(?:\.\d+)?)%/g;

/** As many run as would fit at full length, beside a pool that is all but empty: each is charged for what it never uses. Source: vLLM v1/core/kv_cache_utils.py get_max_concurrency_for_kv_cache_config. */
function chargedInFull(log: string): readonly Hint[] {
  const fits = Math.floor(Number(FITS.exec(log)?.[1]));
  const lines = [...log.matchAll(STATS)].map((found) => found.slice(1).map(Number));
  const isSo = lines.every(
    ([running = 0, waiting = 0, kv = 100]) => running === fits && waiting > 0 && kv < 50,
  );
  return lines.length < 2 || !isSo
    ? []
    : [
        hint(
          'admission_too_conservative',
          0.93,
          `${fits} would fit at full length and ${fits} run`,
        ),
      ];
}

const PREFILL = /Prefill batch[^\n]*/g;

/** The pool of states is full and the one of tokens is not, and prompts are read from their beginning. Source: SGLang mem_cache/mamba_radix_cache.py. */
function statesPushOut(log: string): readonly Hint[] {
  const lines = (log.match(PREFILL) ?? []).filter((line) => line.includes('mamba usage'));
  const isCold = lines.every(
    (line) =>
      line.includes('#cached-token: 0,') &&
      Number(/mamba usage: (\d\.\d+)/.exec(line)?.[1]) >= 0.95 &&
      Number(/full token usage: (\d\.\d+)/.exec(line)?.[1]) < 0.8,
  );
  return lines.length < 2 || !isCold ? [] : [hint('prefix_cache_miss', 0.75, lines[0] ?? '')];
}

const hint = (...[cls, weight, evidence]: [string, number, string]): Hint => ({
  cls,
  weight,
  evidence: evidence.slice(0, 300),
});

/** What a process table shows of the host, and two pools of an engine of each other. */
export function processHints(report: Report): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  const words = withoutThousands(wordsOf(report).slice(0, MAX_CHARS));
  return [...busyProcess(words), ...chargedInFull(log), ...statesPushOut(log)];
}
