import { type Hint, numbersOf, type Report, wordsOf } from '../report.ts';

const MAX_CHARS = 200_000;

/** Connections that HTTP clients open at most if nobody asks for more. Source: aiohttp TCPConnector limit, httpx Limits. */
const POOL = 100;
const RUNNING = /(?:Running: |#running-req: )(\d+)/g;
const WAITING = /(?:Waiting: |#queue-req: )(\d+)/g;

const AT_POOL =
  /\b(?:never|not|no|only|at most|stuck at|limited to|capped at|up to|maximum)\b[^.;\n]{0,30}\b100\b ?(?:\w+ )?(?:reqs?|requests|connections|at a time|at once|concurrent|parallel|in flight)|\b(?:connections|requests|concurrency|parallelism)\b[^.;\n]{0,40}\b(?:levels? off|plateaus?|stays?|stuck|stops?|ends?|peaks?|capped|limited)\b[^.;\n]{0,14}\b100\b/i;

/** Whether as many requests run all the time as such a pool holds. */
const standsAtPool = (running: readonly number[]): boolean =>
  running.length >= 2 &&
  running.includes(POOL) &&
  running.every((at) => at >= POOL - 3 && at <= POOL);

/** A batch that stands at the size of a client's pool of connections while nothing waits and the launch allows more. */
function clientPool(report: Report, words: string): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  if (/[ =]100\b/.test(report.input.launch_command ?? '')) return [];
  const isIdle = numbersOf(log, WAITING).every((at) => at === 0);
  const said = AT_POOL.exec(words)?.[0];
  const read = 'running stands at 100, nothing waits';
  const isAtPool = isIdle && standsAtPool(numbersOf(log, RUNNING));
  return [
    ...(isAtPool ? [hint('client_limited', 0.7, read)] : []),
    ...(said === undefined ? [] : [hint('client_limited', isIdle ? 0.5 : 0.2, said)]),
  ];
}

/** Connections that a browser opens to one host at most. Source: the limit of HTTP/1.1 in Chromium and Firefox. */
const BROWSER = /\b(?:chrome|chromium|firefox|safari|browser|tabs)\b/i;
const SIX =
  /\b(?:only|at most|never more than|hard limit (?:at|of)|limited to|up to|first) (?:6|six)\b/i;

/** As many requests run together as a browser has connections, and the launch allows more. */
function browserPool(report: Report, words: string): readonly Hint[] {
  const said = BROWSER.test(words) ? SIX.exec(words)?.[0] : undefined;
  const isCap = /[ =]6\b/.test(report.input.launch_command ?? '');
  return said === undefined || isCap ? [] : [hint('client_limited', 0.85, `${said}, in a browser`)];
}

/** A client gives up after five minutes where nobody asks for more. Source: aiohttp ClientTimeout, total. */
const GAVE_UP =
  /\b(?:fail\w*|abort\w*|timed? ?out|errors?)\b[^\n]{0,40}\b(?:300(?:\.\d+)? ?s(?:ec\w*)?|5 ?min\w*)\b/i;
/** The server answered whatever it was asked. */
const ALL_ANSWERED =
  /\b(?:every|all|only|\d+ x)\b[^.\n]{0,40}\b200\b|\b200 OK\b[^.\n]{0,30}\b(?:for (?:every|all)|no other)/i;

/** Requests that fail at the client while the server answers them all. */
function clientGivesUp(report: Report, words: string): readonly Hint[] {
  const told = `${words}\n${report.input.log ?? ''}`;
  const gaveUp = GAVE_UP.exec(told)?.[0];
  const answered = ALL_ANSWERED.exec(told)?.[0];
  if (gaveUp === undefined || answered === undefined) return [];
  return [hint('client_limited', 0.8, `${gaveUp}; ${answered}`)];
}

/** A launch that asks for machines which may be taken back. Source: SkyPilot, dstack and Karpenter fields. */
const ASKS_SPOT =
  /use_spot: *true|--use-spot\b|spot_policy: *(?:spot|auto)|--spot\b|capacity-type: *"?spot|preemptible: *true/i;
const WENT =
  /\b(?:replicas?|instances?|machines?|nodes?|vms?|pods?|it|they|all|both)\b[^.;\n]{0,50}\b(?:disappear|vanish|(?:was|were|is|are|got) (?:gone|taken|reclaimed|terminated|stopped)|went away)/i;

/** Machines that may be taken back and went. */
function wentAway(report: Report, words: string): readonly Hint[] {
  const given = `${report.input.launch_command ?? ''}\n${(report.input.log ?? '').slice(0, MAX_CHARS)}`;
  const asked = ASKS_SPOT.exec(given)?.[0];
  const said = WENT.exec(words)?.[0];
  if (asked === undefined || said === undefined) return [];
  return [hint('spot_interruption', 0.85, `${asked}; ${said}`)];
}

const hint = (...[cls, weight, evidence]: [string, number, string]): Hint => ({
  cls,
  weight,
  evidence,
});

/** A part of the weights that the launch leaves to the processor. Source: llama.cpp common/arg.cpp. */
const ON_CPU = /(?:-ot|--override-tensor)[ =]\S*=CPU|--cpu-moe|(?:-ncmoe|--n-cpu-moe)[ =]+\d/;
const THREADS = /(?:^|\s)(?:-t|--threads)[ =]+\d/;
const BUILDS =
  /\b(?:b\d{4,5}|build \d{4,5}|releases?|builds?|version|commit|update\w*|upgrad\w*)\b/i;
const BEFORE =
  /\b(?:from|since|after|before|until|with|up to) (?:the )?(?:\w+ )?(?:b\d{4,5}|build|release|version|update|upgrade|commit)/i;
const SLOWER =
  /slow|\bonly\b|around \d+|\d+ ?(?:t\/s|tok\w*\/s|tokens? per second)|drop|half|regress/i;

/** The processor does part of each token with as many threads as the build thinks fit, and another build thinks otherwise. */
function threadsOfBuild(report: Report, words: string): readonly Hint[] {
  const launch = report.input.launch_command ?? '';
  const part = ON_CPU.exec(launch)?.[0];
  const isOfBuild = BUILDS.test(words) && BEFORE.test(words) && SLOWER.test(words);
  if (part === undefined || THREADS.test(launch) || !isOfBuild) return [];
  return [
    hint(
      'cpu_or_frontend_bound',
      0.75,
      `${part} and no --threads; ${BEFORE.exec(words)?.[0] ?? ''}`,
    ),
  ];
}

/** More threads that get less done wait for one lock. Source: CPython docs, global interpreter lock; own reasoning. */
function threadsInVain(words: string): readonly Hint[] {
  const rows = [...words.matchAll(THREADED)]
    .map(([line, at, value]) => ({ line, at: Number(at), value: Number(value) }))
    .toSorted((a, b) => a.at - b.at);
  const worse = rows.find((row, i) =>
    rows.slice(0, i).some(({ at, value }) => at < row.at && row.value < 0.8 * value),
  );
  return worse === undefined ? [] : [hint('cpu_or_frontend_bound', 0.7, worse.line.slice(0, 300))];
}
const THREADED =
  /\b(\d+) (?:\w+ )?(?:threads?|workers?)\b[^\n;\d]{0,40}(\d+(?:\.\d+)?) ?(?:\w+\/s|tps)\b/gi;

/** A quota of processor time that is used up, or a part of the machine's cores of which threads do not know. Source: Linux cgroup v2 cpu.stat; PyTorch at::get_num_threads counts the machine's. */
function fewCores(words: string): readonly Hint[] {
  const quota = QUOTA.exec(words)?.[0];
  const part = PART.exec(words)?.[0];
  return [
    ...(quota === undefined ? [] : [hint('cpu_or_frontend_bound', 0.8, quota)]),
    ...(part === undefined ? [] : [hint('cpu_or_frontend_bound', 0.6, part)]),
  ];
}
const QUOTA =
  /\bnr_throttled\b[^.;\n]{0,40}\b(?:climb|grow|ris|increas|jump|[1-9]\d)\w*|\b(?:cfs|cpu|cgroup)[- ]throttl\w+|throttled_usec[ :=]*[1-9]\d{3,}/i;
const PART =
  /\b(?:node|host|machine|box)\b[^.;\n]{0,24}\b\d{2,3} (?:v?cpus?|cores)\b[^.\n]{0,40}\b(?:pod|container)\b[^.;\n]{0,24}\b\d{1,2}\b|\b(?:pod|container)\b[^.;\n]{0,24}\b\d{1,2} (?:v?cpus?|cores)\b[^.\n]{0,40}\b(?:node|host|machine|box)\b[^.;\n]{0,24}\b\d{2,3}\b/i;

const rateOf = (log: string, bar: string): number => {
  const pattern = new RegExp(`${bar}: [^\\n]*?\\[[^\\]\\n]*?, *([\\d.]+) ?(it/s|s/it)`, 'g');
  const [, value, unit] = [...log.matchAll(pattern)].at(-1) ?? [];
  return unit === 's/it' ? 1 / Number(value) : Number(value ?? Number.NaN);
};
/** Requests come in so much more slowly than they are answered. Source: own reasoning. */
const SLOW_INTAKE = 0.3;

/** Prompts are made ready one after the other, and answered in a small part of that time. Source: vLLM entrypoints/llm.py, its two progress bars. */
function slowIntake(log: string): readonly Hint[] {
  const [added, answered] = [rateOf(log, 'Adding requests'), rateOf(log, 'Processed prompts')];
  if (!(added < SLOW_INTAKE * answered)) return [];
  return [
    hint('cpu_or_frontend_bound', 0.93, `${added} requests added a second, ${answered} done`),
  ];
}

const HARNESS = /\blm[-_]eval\b[^\n]*--model[ =](?:vllm|sglang|local-(?:chat-)?completions)\b/;
const IN_BATCHES = /--batch_size[ =]+(?:auto|[2-9]|\d{2,})|num_concurrent=(?:[2-9]|\d{2,})/;

/** A harness that hands over one request at a time unless it is told otherwise. Source: lm-evaluation-harness README, vLLM and API models. */
function oneAtATime(report: Report, words: string): readonly Hint[] {
  const told = `${report.input.launch_command ?? ''}\n${words}`;
  const harness = HARNESS.exec(told)?.[0];
  if (harness === undefined || IN_BATCHES.test(told) || words === '') return [];
  return [hint('client_limited', 0.85, `${harness.slice(0, 80)} without a batch size`)];
}

/** What the host and the clients show of why a server that runs is slow. */
export function hostHints(report: Report): readonly Hint[] {
  const words = wordsOf(report).slice(0, MAX_CHARS);
  return [
    ...clientPool(report, words),
    ...browserPool(report, words),
    ...threadsOfBuild(report, words),
    ...threadsInVain(words),
    ...fewCores(words),
    ...wentAway(report, words),
    ...clientGivesUp(report, words),
    ...slowIntake((report.input.log ?? '').slice(-MAX_CHARS)),
    ...oneAtATime(report, words),
  ];
}
