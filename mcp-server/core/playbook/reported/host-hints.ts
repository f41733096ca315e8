import { type Hint, type Report, wordsOf } from './report.ts';

const MAX_CHARS = 200_000;

/** Connections that HTTP clients open at most if nobody asks for more. Source: aiohttp TCPConnector limit, httpx Limits. */
const POOL = 100;
const RUNNING = /(?:Running: |#running-req: )(\d+)/g;
const WAITING = /(?:Waiting: |#queue-req: )(\d+)/g;
const numbers = (text: string, pattern: RegExp): readonly number[] =>
  [...text.matchAll(pattern)].map(([, value]) => Number(value));

const AT_POOL =
  /\b(?:never|not|no|only|at most|stuck at|limited to|capped at|up to|maximum)\b[^.;\n]{0,30}\b100\b ?(?:\w+ )?(?:reqs?|requests|connections|at a time|at once|concurrent|parallel|in flight)/i;

/** Whether as many requests run all the time as such a pool holds. */
const standsAtPool = (running: readonly number[]): boolean =>
  running.length >= 2 &&
  running.includes(POOL) &&
  running.every((at) => at >= POOL - 3 && at <= POOL);

/** A batch that stands at the size of a client's pool of connections while nothing waits and the launch allows more. */
function clientPool(report: Report, words: string): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  if (/[ =]100\b/.test(report.input.launch_command ?? '')) return [];
  const isIdle = numbers(log, WAITING).every((at) => at === 0);
  const said = AT_POOL.exec(words)?.[0];
  const read = 'running stands at 100, nothing waits';
  const isAtPool = isIdle && standsAtPool(numbers(log, RUNNING));
  return [
    ...(isAtPool ? [hint('client_limited', 0.7, read)] : []),
    ...(said === undefined ? [] : [hint('client_limited', isIdle ? 0.5 : 0.2, said)]),
  ];
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

/** What the host and the clients show of why a server that runs is slow. */
export function hostHints(report: Report): readonly Hint[] {
  const words = wordsOf(report).slice(0, MAX_CHARS);
  return [...clientPool(report, words), ...threadsOfBuild(report, words)];
}
