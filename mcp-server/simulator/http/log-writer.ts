import type { SimConfig } from '../core/config.ts';
import type { StepReport } from '../core/engine-events.ts';
import {
  decodeLine,
  prefillLine,
  retractLine,
  type StatsMoment,
  sglangHead,
  vllmHead,
  vllmSpeculationLine,
  vllmStatsLine,
} from '../core/log-lines.ts';
import type { Observer } from '../core/observer.ts';
import type { SimEngine } from '../core/sim-engine.ts';

/** Prints what the engine would print while it serves. */
export interface LogWriter {
  step(step: StepReport): void;
  access(line: {
    readonly peer: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
  }): void;
  stop(): void;
}

/** Where lines go; the process's own streams in the program. */
export type PrintLine = (stream: 'stdout' | 'stderr', line: string) => void;

export interface LogParts {
  readonly print: PrintLine;
  readonly config: SimConfig;
  readonly observer: Observer;
  readonly engine: SimEngine;
}

/** Source: VLLM_LOG_STATS_INTERVAL. Units: ms. */
const STATS_INTERVAL_MS = 10_000;

const STATUS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function accessText(line: Parameters<LogWriter['access']>[0]): string {
  return `INFO:     ${line.peer} - "${line.method} ${line.path} HTTP/1.1" ${line.status} ${STATUS[line.status] ?? ''}`;
}

function createSglangLog(parts: LogParts): LogWriter {
  const { config, observer } = parts;
  let decodeSteps = 0;
  const print = (text: string): void => parts.print('stderr', `${sglangHead(Date.now())}${text}`);
  return {
    step: (step) => {
      if (!config.logsBatches) return;
      if (step.retracted > 0) print(retractLine(step));
      if (step.newTokens > 0) print(prefillLine(step));
      if (step.kind === 'prefill') return;
      decodeSteps += 1;
      if (decodeSteps % config.logInterval === 0)
        print(decodeLine(step, { throughput: observer.genThroughput(), config }));
    },
    access: (line) => print(accessText(line)),
    stop: () => undefined,
  };
}

function createVllmLog(parts: LogParts): LogWriter {
  const { config, engine } = parts;
  const take = (): StatsMoment => ({ atMs: Date.now(), counters: { ...engine.counters } });
  const print = (text: string): void =>
    parts.print('stdout', `${vllmHead(Date.now(), 'loggers.py:248')}${text}`);
  let before = take();
  const report = (): void => {
    const now = take();
    const isIdle = now.counters.steps === before.counters.steps;
    if (!isIdle) {
      print(vllmStatsLine(before, now, { gauges: engine.gauges(), config }));
      const speculation = vllmSpeculationLine(before, now);
      if (speculation !== null) print(speculation);
    }
    before = now;
  };
  const timer = config.logsBatches ? setInterval(report, STATS_INTERVAL_MS) : null;
  timer?.unref();
  return {
    step: () => undefined,
    access: (line) => parts.print('stdout', `(APIServer pid=1) ${accessText(line)}`),
    stop: () => {
      if (timer !== null) clearInterval(timer);
    },
  };
}

export function createLogWriter(parts: LogParts): LogWriter {
  return parts.config.engine === 'sglang' ? createSglangLog(parts) : createVllmLog(parts);
}
