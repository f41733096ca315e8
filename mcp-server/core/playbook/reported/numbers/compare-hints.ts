import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';

const MAX_CHARS = 20_000;

interface Reading {
  readonly line: string;
  /** What the row stands for: batch, concurrency, number of GPUs or of the run. */
  readonly at: number;
  readonly value: number;
}

const NUMBER = String.raw`(\d[\d,]*(?:\.\d+)?)`;

/** Rows of `<name> <n> … <number><unit>` with one number each. */
function rowsOf(words: string, name: string, unit: string): readonly Reading[] {
  const before = new RegExp(`(?:${name})[ =:#]*(\\d+)\\b[^\\n;]*?${NUMBER} ?(?:${unit})`, 'gi');
  const after = new RegExp(`(\\d+)x? ?(?:${name})\\b[^\\n;]*?${NUMBER} ?(?:${unit})`, 'gi');
  // `28 ms a token at batch 159`: the value stands before what it was read at.
  const turned = new RegExp(
    `${NUMBER} ?(?:${unit})[^\\n;,\\d]{0,40}?\\b(?:at|with|for|on) (?:${name})[ =:#]*(\\d+)\\b`,
    'gi',
  );
  const ends = [...words.matchAll(turned)].map(([line, value = '', at]) => ({
    line,
    at: Number(at),
    value: toNumber(value),
  }));
  if (ends.length >= 2) return ends;
  return [...words.matchAll(before), ...words.matchAll(after)].map(([line, at, value = '']) => ({
    line,
    at: Number(at),
    value: toNumber(value),
  }));
}

const toNumber = (text: string): number => Number(text.replaceAll(',', ''));

const TIME = '(?:ms|s)\\b';
const SPEED = '(?:tok\\w*\\/s|t\\/s|tps|req\\w*\\/s|prompt tok\\/s)';

const GPUS = 'gpus?|cards?|devices?|accelerators?|ranks?|tp(?:[- ]size)?';

/** More GPUs that bring next to nothing. Source: playbook row 45. */
function moreGpus(words: string): readonly Hint[] {
  const times = rowsOf(words, GPUS, TIME);
  const speeds = rowsOf(words, GPUS, SPEED);
  const said = (a: Reading, b: Reading): Hint => ({
    cls: 'tp_communication_bound',
    weight: 0.75,
    evidence: `${a.line}; ${b.line}`.slice(0, 300),
  });
  const slower = pairs(times).filter(([a, b]) => b.at > a.at && b.value > 0.9 * a.value);
  const flat = pairs(speeds).filter(([a, b]) => b.at >= 2 * a.at && b.value < 1.2 * a.value);
  return [...slower, ...flat].slice(0, 1).map(([a, b]) => said(a, b));
}

/** More GPUs that bring most of what they could. */
export const gpusPay = (words: string): boolean =>
  pairs(rowsOf(words, GPUS, SPEED)).some(
    ([a, b]) => b.at >= 2 * a.at && b.value > 0.7 * (b.at / a.at) * a.value,
  );

const pairs = (rows: readonly Reading[]): readonly (readonly [Reading, Reading])[] =>
  rows.flatMap((a) => rows.filter((b) => b !== a).map((b) => [a, b] as const));

/** `up to 160 … 20 ms, from 161 on … 45 ms`. */
const UP_TO =
  /(?:up to|until|below|at) (\d+)\b[^.\n]*?(\d+(?:\.\d+)?) ?ms[^\n]*?(?:from|above|beyond|past|over|more than) (\d+)\b[^.\n]*?(\d+(?:\.\d+)?) ?ms/i;

const STREAMS = 'running|batch(?: size)?|bs|concurrency|streams?|users?';

/** A little more load and a much longer step: the batch left what graphs cover. Source: playbook row 14. */
function stepOfLatency(words: string): readonly Hint[] {
  const rows = rowsOf(words, 'running|batch(?: size)?|bs|concurrency|streams|rate', TIME).filter(
    ({ line }) =>
      /tpot|tbot|itl|token|step|latency/i.test(line) || /per token|a token|tpot|itl/i.test(words),
  );
  const jump = pairs(rows).find(
    ([a, b]) => b.at > a.at && b.at < 1.35 * a.at && b.value > 1.6 * a.value,
  );
  const cliff = UP_TO.exec(words);
  if (cliff !== null && Number(cliff[4]) > 1.5 * Number(cliff[2])) {
    const evidence = cliff[0].slice(0, 300);
    return [{ cls: 'decode_eager_no_cuda_graph', weight: 0.65, evidence }];
  }
  const collapse = pairs(rowsOf(words, STREAMS, SPEED)).find(
    ([a, b]) => b.at > a.at && b.at <= 1.5 * a.at && b.value < 0.5 * a.value,
  );
  if (collapse !== undefined) {
    const evidence = `${collapse[0].line}; ${collapse[1].line}`.slice(0, 300);
    return [{ cls: 'decode_eager_no_cuda_graph', weight: 0.65, evidence }];
  }
  return jump === undefined
    ? []
    : [
        {
          cls: 'decode_eager_no_cuda_graph',
          weight: 0.65,
          evidence: `${jump[0].line}; ${jump[1].line}`.slice(0, 300),
        },
      ];
}

const KERNELS =
  /\b(?:triton|kernels?|jit|compil\w*|autotun\w*|warm-?up)\b|\b(?:fresh|new|cold|restarted)\b[^.\n]{0,20}\b(?:instance|server|process|engine|container|pod)\b/i;

const ORDINALS = ['first', 'second', 'third', 'fourth'];
/** `first: …`, `second run: …` at the head of a row. */
const ORDINAL =
  /\b(first|second|third|fourth)(?: (?:run|time|pass|round|try|attempt))?(?=\s*[:=(])/gi;

/** The same work twice with a later run many times faster. Source: playbook rows 2 and 3. */
function laterRun(told: string): readonly Hint[] {
  const words = told.replace(
    ORDINAL,
    (_, nth: string) => `run ${ORDINALS.indexOf(nth.toLowerCase()) + 1}`,
  );
  const runs = 'run|pass|round|iteration|attempt';
  const times = rowsOf(words, runs, TIME).map((row) => ({ ...row, value: 1 / row.value }));
  const ends = [rowsOf(words, runs, SPEED), times].map((rows) => {
    const ordered = rows.toSorted((a, b) => a.at - b.at);
    return [ordered[0], ordered.at(-1)] as const;
  });
  const [first, next] =
    ends.find(([a, b]) => a !== undefined && b !== undefined && b.value >= 1.6 * a.value) ?? [];
  if (first === undefined || next === undefined) return [];
  const isPrompt = /prompt|ttft|first token|prefill|input/i.test(words);
  // Where kernels are spoken of, or the process had just begun, it is they that were not ready.
  const isHuge = next.value > 5 * first.value && !KERNELS.test(words);
  const evidence = `${first.line}; ${next.line}`.slice(0, 300);
  return [
    { cls: 'warm_prefix_cache_in_benchmark', weight: isPrompt && isHuge ? 0.65 : 0.4, evidence },
    { cls: 'cold_jit_in_window', weight: isPrompt && isHuge ? 0.4 : 0.55, evidence },
  ];
}

const EACH = '(?:prompts?|requests?|calls?|quer(?:y|ies)|messages?)';

/** The first of many different requests takes several times as long as those after it. Source: playbook row 2. */
function firstOfMany(words: string): readonly Hint[] {
  const [first, ...later] = rowsOf(words, EACH, TIME).toSorted((a, b) => a.at - b.at);
  const next = later.at(-1);
  if (first?.at !== 1 || next === undefined || first.value < 3 * next.value) return [];
  const evidence = `${first.line}; ${next.line}`.slice(0, 300);
  return [{ cls: 'cold_jit_in_window', weight: 0.8, evidence }];
}

const SIDES =
  /\b(client|observed|clients? see|seen)\b[^\n;]*?(\d+(?:\.\d+)?) ?ms[^\n]*?\b(?:server|engine|scheduler|steps?)\b[^\n;]*?(\d+(?:\.\d+)?) ?ms|\b(?:server|engine|scheduler|steps?)\b[^\n;]*?(\d+(?:\.\d+)?) ?ms[^\n]*?\b(?:client|clients|observed|seen)\b[^\n;]*?(\d+(?:\.\d+)?) ?ms/gi;

/** Gaps that clients see and the engine does not have: text is made too slowly behind it. Source: playbook row 41. */
function clientAndEngine(words: string): readonly Hint[] {
  return [...words.matchAll(SIDES)]
    .filter(([line]) => !/ttft|first token/i.test(line))
    .flatMap(([line, , seenFirst, engineLater, engineFirst, seenLater]) => {
      const seen = Number(seenFirst ?? seenLater);
      const engine = Number(engineLater ?? engineFirst);
      return seen > 2 * engine
        ? [{ cls: 'detokenizer_bound', weight: 0.6, evidence: line.slice(0, 300) }]
        : [];
    })
    .slice(0, 1);
}

const SPEEDS =
  /\b(?:scheduler|engine|server|gen throughput)\b[^\n;]*?(\d[\d,]*(?:\.\d+)?) ?tok\w*\/s[^\n]*?\bclients?\b[^\n;]*?(\d[\d,]*(?:\.\d+)?) ?tok\w*\/s/gi;

/** The engine makes more tokens than its clients receive. Source: playbook row 41. */
function madeAndReceived(words: string): readonly Hint[] {
  const number = (text: string | undefined): number => Number((text ?? '').replaceAll(',', ''));
  return [...words.matchAll(SPEEDS)]
    .filter(([, made, received]) => number(made) > 1.4 * number(received))
    .slice(0, 1)
    .map(([line]) => ({ cls: 'detokenizer_bound', weight: 0.6, evidence: line.slice(0, 300) }));
}

const SERVER_TTFT =
  /(?:server|engine)[^\n;]{0,60}?(?:ttft|first_token)[^\d\n]{0,16}(\d+(?:\.\d+)?) ?(ms|s)\b/i;
const CLIENT_TTFT =
  /client[^\n;]{0,40}?(?:ttft|first token)[^\d\n]{0,16}(\d+(?:\.\d+)?) ?(ms|s)\b/i;

/** First tokens that leave the engine soon and reach the client late. Source: playbook row 1. */
function lateFirstToken(words: string): readonly Hint[] {
  const ms = (found: RegExpExecArray | null): number =>
    Number(found?.[1] ?? Number.NaN) * (found?.[2] === 's' ? 1000 : 1);
  const [server, client] = [ms(SERVER_TTFT.exec(words)), ms(CLIENT_TTFT.exec(words))];
  return client > 2 * server + 50
    ? [
        {
          cls: 'proxy_buffering',
          weight: 0.6,
          evidence: `first token after ${server} ms at the server, ${client} ms at the client`,
        },
      ]
    : [];
}

const ALONE =
  /\b(?:alone|by itself|on its own|standalone|idle otherwise|undisturbed|quiet|before|baseline|decode[- ]only)\b/i;
const BESIDE =
  /\b(?:while|with|during|when|beside|next to)\b[^\n]{0,80}(?:prompt|prefill|input tokens|document|context|chunk|taken in)/i;

/** One stream alone and beside somebody's prompt. Source: playbook row 29. */
function besidePrompt(words: string): readonly Hint[] {
  const speedOf = (line: string): number =>
    Number(new RegExp(`${NUMBER} ?${SPEED}`, 'i').exec(line)?.[1] ?? Number.NaN);
  const msOf = (line: string): number =>
    Number(new RegExp(`${NUMBER}(?: ?\\/ ?[\\d.]+)? ?ms\\b`, 'i').exec(line)?.[1] ?? Number.NaN);
  const lines = words.split(/\n|;|(?<=[a-z\d])[.] /);
  const quiet = lines.find((line) => ALONE.test(line) && !BESIDE.test(line)) ?? '';
  const beside = lines.find((line) => {
    const isSlower = speedOf(line) < 0.5 * speedOf(quiet) || msOf(line) > 5 * msOf(quiet);
    return BESIDE.test(line) && isSlower;
  });
  return beside === undefined
    ? []
    : [{ cls: 'prefill_interference', weight: 0.75, evidence: beside.slice(0, 300) }];
}

/** What two numbers of a report say beside each other. */
export function compareHints(report: Report): readonly Hint[] {
  const words = withoutThousands(wordsOf(report).slice(0, MAX_CHARS));
  return [
    ...moreGpus(words),
    ...stepOfLatency(words),
    ...laterRun(words),
    ...firstOfMany(words),
    ...clientAndEngine(words),
    ...madeAndReceived(words),
    ...lateFirstToken(words),
    ...besidePrompt(words),
  ];
}
