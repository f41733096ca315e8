import type { Fact } from '../fact.ts';
import { linesOf } from '../facts.ts';
import type { Measures } from '../measures.ts';
import type { Observation } from '../observation.ts';
import { ALL_ENGINES, type Condition, GPU_ENGINES, type Rule } from '../rule.ts';
import { unmetSettings } from '../settings.ts';
import { anyOf, hasMark, isOneProcessFull } from './conditions.ts';

const shared = (m: Measures): number =>
  Number.isNaN(m.sharedRatio.value) ? 0 : m.sharedRatio.value;

/** The client saw bursts, and the engine does not confirm the pace: stalls of the engine itself look like bursts too. */
const looksBuffered: Condition = (m, o) =>
  hasMark('BUFFERED_PATH')(m, o) &&
  !(Math.abs(m.tbotClient.value - m.tbotEngine.value) < 0.2 * m.tbotEngine.value);

/** A kernel was compiled after the engine had said that it is ready. */
const compilesBehindReady: Condition = (_m, o) => {
  const ready = o.log?.events.find((event) => event.cls === 'ready');
  if (ready === undefined) return false;
  return (o.log?.events ?? []).some(
    (event) => event.cls === 'cold_jit_in_window' && event.lineNumber > ready.lineNumber,
  );
};

/** The first setting that was asked for and is not in force. */
function unmetFact(o: Observation, side: 'asked' | 'found'): Fact | null {
  const unmet = unmetSettings(o)[0];
  if (unmet === undefined) return null;
  return side === 'found' ? unmet.fact : { name: unmet.flag, value: unmet.asked, evidenceId: null };
}

const untuned = { knobs: {}, risk: 'none: nothing is tuned' } as const;

/** Faults of the measurement itself: looked at first, nothing is tuned for them. */
export const MEASUREMENT_RULES: readonly Rule[] = [
  {
    ...untuned,
    id: 'proxy-buffers-stream',
    rows: [1],
    cause: 'proxy_buffering',
    title: 'Something between client and engine holds the stream back',
    sign: 'client TTFT above the engine’s own by 50 ms and half of it, or bursts at the client that the engine’s pace does not show',
    engines: ALL_ENGINES,
    needs: ['client', 'metrics'],
    requires: [
      anyOf(
        looksBuffered,
        (m, o) =>
          m.ttftClient.value - m.ttftEngine.value > 50 &&
          m.ttftClient.value > 1.5 * m.ttftEngine.value &&
          !isOneProcessFull(m, o) &&
          !hasMark('SATURATED')(m, o),
      ),
    ],
    base: 0.25,
    witnesses: [
      looksBuffered,
      (m, o) => looksBuffered(m, o) && m.ttftClient.value > 1.5 * m.ttftEngine.value,
      (m) => m.tbotClient.value < 0.6 * m.tbotEngine.value,
      (m) => m.ttftClient.value > 3 * m.ttftEngine.value,
      (m) => m.ttftClient.value > 10 * m.ttftEngine.value,
    ],
    cites: ['ttftClient', 'ttftEngine', 'tbotClient', 'tbotEngine'],
    expected: 'the real TTFT shows on a direct path; the engine itself does not change',
    confirmBy: 'client TTFT and engine TTFT agree within 10 % on a direct or attached path',
    refutedBy: 'the same difference on a path without a proxy',
    source: 'dstack #4269, PR #4271',
  },
  {
    ...untuned,
    id: 'warm-prefix-cache',
    rows: [2],
    cause: 'warm_prefix_cache_in_benchmark',
    title:
      'Prompts came from the prefix cache more than the workload shares: the comparison is invalid',
    sign: 'hit ratio more than 2 points above what the workload shares, and not the same as the baseline’s',
    engines: ALL_ENGINES,
    needs: ['client'],
    requires: [
      anyOf(
        hasMark('CACHE_CONTAMINATED'),
        (m) =>
          m.hit.value > shared(m) + 0.02 && !(Math.abs(m.hit.value - m.referenceHit.value) <= 0.02),
      ),
    ],
    base: 0.55,
    witnesses: [
      hasMark('CACHE_CONTAMINATED'),
      (m) => Math.abs(m.hit.value - m.referenceHit.value) > 0.02,
      (m) => m.hit.value > shared(m) + 0.2,
    ],
    cites: ['cachedTokens', 'promptTokens', 'hit', 'referenceHit'],
    expected: 'TTFT returns to its cold value once prompts are unique or the cache is flushed',
    confirmBy: 'cached tokens / prompt tokens as the workload shares them',
    refutedBy: 'the same TTFT with unique prompts',
    source: 'SGLang scheduler source, #39651, #33663',
  },
  {
    ...untuned,
    id: 'compiles-in-window',
    rows: [3],
    cause: 'cold_jit_in_window',
    title: 'Kernels were compiled or tuned while it was measured',
    sign: 'a line about compiling or tuning kernels behind the line that says ready',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [compilesBehindReady],
    base: 0.45,
    witnesses: [(m) => m.ttftP99.value > 5 * m.ttftP50.value],
    cites: [(o) => linesOf(o, ['cold_jit_in_window']).fact, 'ttftP99', 'ttftP50'],
    expected: 'TTFT p99 falls once every shape is warm; the mean follows',
    confirmBy: 'no compile line behind the ready line of the next run',
    refutedBy: 'the same tail in a run without compile lines',
    source: 'SGLang #4773, #4858, #29170; vLLM #22215',
  },
  {
    ...untuned,
    id: 'setting-not-in-force',
    rows: [5],
    cause: 'flag_not_effective',
    title: 'The engine runs with other settings than were asked for',
    sign: 'a value in the engine’s answer about itself, or in its start-up lines, that differs from the flag',
    engines: ALL_ENGINES,
    needs: ['effective'],
    requires: [(_m, o) => unmetSettings(o).length > 0],
    base: 0.6,
    witnesses: [],
    cites: [(o) => unmetFact(o, 'asked'), (o) => unmetFact(o, 'found')],
    expected: 'none until the conflict that changes the setting is gone',
    confirmBy: 'the effective configuration shows the value asked for',
    refutedBy: 'the engine documents that value as equivalent',
    source: 'SGLang server_args.py, vLLM config (silent adjustments)',
  },
  {
    ...untuned,
    id: 'client-limits',
    rows: [43],
    cause: 'client_limited',
    title: 'The client does not offer enough load to show a limit of the engine',
    sign: 'running requests below half of what was asked for, none waiting, and fewer in flight at the client than it was to keep; or the client marks itself as the limit',
    engines: ALL_ENGINES,
    needs: ['client'],
    requires: [
      anyOf(
        hasMark('CLIENT_LIMITED'),
        hasMark('UNDER_DRIVEN'),
        (m) =>
          m.queueMax.value === 0 &&
          m.runningMean.value < 0.5 * m.offered.value &&
          !(m.inFlight.value >= 0.9 * m.offered.value),
      ),
    ],
    base: 0.4,
    witnesses: [
      hasMark('CLIENT_LIMITED'),
      hasMark('UNDER_DRIVEN'),
      (m) => m.runningMax.value < 0.5 * m.cap.value,
      (m) => m.kvMax.value < 0.5,
    ],
    cites: ['offered', 'inFlight', 'runningMean', 'queueMax', 'kvMax'],
    expected: 'throughput rises with the offered load, the engine unchanged',
    confirmBy: 'running requests near the offered concurrency',
    refutedBy: 'no more throughput at twice the offered load',
    source: 'SGLang docs hyperparameter_tuning; Little’s law',
  },
];
