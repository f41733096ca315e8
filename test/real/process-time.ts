import { readdirSync, readFileSync } from 'node:fs';
import { hrMs } from '../fakes/timer-wheel.ts';

/** Processor time of a session of processes, as it grew. */
export interface ProcessTime {
  /** Units: ms of processor time between two moments of the monotonic clock. */
  between(fromMs: number, toMs: number): number;
  stop(): void;
}

const SAMPLE_EVERY_MS = 200;
/** Source: proc(5); the kernel's clock tick as programs see it is 100 Hz on Linux. */
const MS_PER_TICK = 10;

/** Watches every process of the session that `leader` began. A process that ended before is missed. */
export function watchProcessTime(leader: number): ProcessTime {
  const samples: { readonly atMs: number; readonly cpuMs: number }[] = [];
  const look = (): void => {
    samples.push({ atMs: hrMs(), cpuMs: sessionCpuMs(leader) });
  };
  look();
  const timer = setInterval(look, SAMPLE_EVERY_MS);
  const valueAt = (atMs: number): number => {
    const after = samples.findIndex((sample) => sample.atMs >= atMs);
    const right = samples[after] ?? samples.at(-1);
    const left = samples[Math.max(0, after - 1)] ?? right;
    if (right === undefined || left === undefined) return Number.NaN;
    const share = right.atMs === left.atMs ? 0 : (atMs - left.atMs) / (right.atMs - left.atMs);
    return left.cpuMs + (right.cpuMs - left.cpuMs) * Math.min(1, Math.max(0, share));
  };
  return {
    between: (fromMs, toMs) => valueAt(toMs) - valueAt(fromMs),
    stop: () => {
      clearInterval(timer);
    },
  };
}

function sessionCpuMs(leader: number): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    ticks += ticksOf(pid, leader);
  }
  return ticks * MS_PER_TICK;
}

/** User and system ticks of one process, with those of its children that it has waited for. */
function ticksOf(pid: string, leader: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[3]) !== leader) return 0;
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  } catch {
    return 0;
  }
}
