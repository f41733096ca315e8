import { ttftMs } from '../../core/metrics/request-metrics.ts';
import { materialise } from '../../core/workload/materialise.ts';
import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import type { LoadPoint } from '../../core/workload/workload.ts';
import type { LoadContext } from './load-context.ts';
import { allLanes, runClosedLoop } from './pace.ts';

/** Completion length of a warm-up: enough for every batch size on the way. Source: own reasoning. */
const WARMUP_OUTPUT_TOKENS = 32;
const PROBE_OUTPUT_TOKENS = 4;
const MAX_PROBES = 3;
/** Two probes agree within this part of the larger, or within this time. Source: own reasoning. */
const AGREE_RATIO = 0.2;
const AGREE_MS = 2;
/** Burst of an open loop without a cap on requests in flight. Source: own reasoning. */
const OPEN_BURST_MAX = 32;

/** A burst at full concurrency, then single requests until two in a row agree. Their prompts are used nowhere else. */
export async function warmUp(context: LoadContext, calibration: TokenCalibration): Promise<void> {
  const burst = burstSize(context.load.loadPoint);
  const plan = planPhase(context, { phase: 'warmup', count: burst, calibration });
  const total = burst + MAX_PROBES;
  let completed = 0;
  let failed = 0;
  const send = async (
    index: number,
    phase: 'warmup' | 'probe',
  ): ReturnType<LoadContext['send']> => {
    const planned = phase === 'warmup' ? plan[index] : probes[index];
    if (planned === undefined) throw new RangeError(`no warm-up request ${index}`);
    const cap = phase === 'warmup' ? WARMUP_OUTPUT_TOKENS : PROBE_OUTPUT_TOKENS;
    const result = await context.send(planned, {
      phase,
      intendedAtMs: null,
      outputTokens: Math.min(planned.outputTokens, cap),
    });
    context.results.push(result);
    if (result.record.failure === null) completed += 1;
    else failed += 1;
    context.report({ phase: 'warmup', completed, total, failed });
    return result;
  };
  const probes = planPhase(context, { phase: 'probe', count: MAX_PROBES, calibration });
  await runClosedLoop(
    {
      units: plan.map((planned) => [planned.index]),
      send: (index) => send(index, 'warmup'),
      thinkTimeMs: () => 0,
      nowMs: context.nowMs,
      originMs: context.nowMs(),
      isOver: context.isOver,
      signal: context.signal,
    },
    allLanes(burst),
  );
  if (completed === 0) return;
  await probeUntilSteady(context, (index) => send(index, 'probe'));
}

async function probeUntilSteady(
  context: LoadContext,
  probe: (index: number) => ReturnType<LoadContext['send']>,
): Promise<void> {
  let last: number | null = null;
  for (let index = 0; index < MAX_PROBES && !context.isOver(); index += 1) {
    const now = ttftMs((await probe(index)).record);
    if (now === null) return;
    if (last !== null && agrees(last, now)) return;
    last = now;
  }
  if (!context.isOver()) context.notes.add('Warm-up: no two probes agreed within 20 %.');
}

function agrees(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(AGREE_MS, AGREE_RATIO * Math.max(a, b));
}

function burstSize(point: LoadPoint): number {
  if (point.kind === 'closed') return point.concurrency;
  return Math.min(point.maxConcurrency ?? OPEN_BURST_MAX, Math.ceil(point.requestRatePerS));
}

function planPhase(
  context: LoadContext,
  what: {
    readonly phase: 'warmup' | 'probe';
    readonly count: number;
    readonly calibration: TokenCalibration;
  },
): ReturnType<typeof materialise> {
  const { workload, seed, repeat } = context.load;
  return materialise({ workload, seed, repeat, ...what });
}
