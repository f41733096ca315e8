import type { LogEvent } from '../../telemetry/log-event.ts';
import { crashCause } from '../../telemetry/logs.ts';
import type { Fact } from '../fact.ts';
import type { Observation } from '../observation.ts';
import { ALL_ENGINES, type Condition, type Rule } from '../rule.ts';
import { type CrashFacts, MEMORY_CRASHES } from './crashes.ts';
import { OTHER_CRASHES } from './other-crashes.ts';

/** The line that the log's crash goes back to. Null when: no log, or nothing in it says why. */
function rootOf(o: Observation): LogEvent | null {
  return o.log === null ? null : crashCause(o.log.events);
}

function isRoot(cause: string): Condition {
  return (_m, o) => {
    const root = rootOf(o);
    if (root === null) return o.crash?.crashClass === cause;
    return root.cls === cause && (o.crash !== null || root.severity === 'fatal');
  };
}

function rootFact(o: Observation): Fact | null {
  const root = rootOf(o);
  if (root === null || o.log === null) {
    return o.crash === null
      ? null
      : { name: 'crash class', value: o.crash.crashClass, evidenceId: null };
  }
  return {
    name: `log line ${root.lineNumber}`,
    value: root.line.slice(0, 280),
    evidenceId: o.log.evidenceId,
  };
}

/** Crash classes that stand in the guide's table. */
const ROWS: Readonly<Record<string, readonly number[]>> = {
  bad_flag_unknown: [6],
  bad_flag_value: [6],
  weights_do_not_fit: [13],
  oom_activation_prefill: [15],
  oom_under_load: [16],
  oom_cuda_graph_capture: [17],
  kv_cache_too_small: [18],
  hang_watchdog: [50],
  nccl_interconnect: [50],
};

/** Timings of a run whose requests failed describe the failures. Source: own reasoning. */
const failedAtLeast =
  (ratio: number): Condition =>
  (_m, o) =>
    o.log !== null && o.client !== null && o.client.summary.errorRatio >= ratio;

const toRule = (crash: CrashFacts): Rule => ({
  id: `crash-${crash.cause.replaceAll('_', '-')}`,
  rows: ROWS[crash.cause] ?? [],
  cause: crash.cause,
  title: crash.title,
  sign: 'the line of the log that the failure goes back to',
  engines: ALL_ENGINES,
  needs: [],
  requires: [isRoot(crash.cause)],
  base: 0.7,
  witnesses: [
    (_m, o) => o.crash !== null,
    (_m, o) => o.log !== null && o.crash !== null,
    failedAtLeast(0.5),
    failedAtLeast(0.95),
  ],
  cites: [rootFact],
  knobs: crash.knobs ?? {},
  expected: crash.expected,
  confirmBy: crash.confirmBy,
  refutedBy: 'the same line again',
  risk: 'the same command again would end the same way',
  source: crash.source,
});

const KNOWN: readonly CrashFacts[] = [...MEMORY_CRASHES, ...OTHER_CRASHES];

/** It ended, and neither its log nor its backend names a class that a rule is about. */
const isUnexplained: Condition = (m, o) =>
  o.crash !== null && !KNOWN.some(({ cause }) => isRoot(cause)(m, o));

/** Says that it is not known, so that nothing unrelated takes the place of the cause. */
const UNEXPLAINED: Rule = {
  ...toRule({
    cause: 'unexplained_failure',
    title: 'It ended, and no known line says why',
    expected: 'the deployment gets ready',
    confirmBy: 'the last lines of the log name what was missing, and the next start gets past them',
    source: 'own reasoning: a cause that nothing shows must not be named',
  }),
  sign: 'a failure whose log and reason match no known class',
  requires: [isUnexplained],
  base: 0.3,
  witnesses: [],
};

/** Crashes and failed starts, told from the log alone. */
export const STARTUP_RULES: readonly Rule[] = [...KNOWN.map(toRule), UNEXPLAINED];
