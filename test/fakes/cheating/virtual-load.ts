import type { Dispatcher } from 'undici';
import type { Connection } from '../../../mcp-server/adapters/load/connection.ts';
import { requestBody } from '../../../mcp-server/adapters/load/request-body.ts';
import { planMeasured } from '../../../mcp-server/adapters/load/run-load.ts';
import { openStream, type StreamResult } from '../../../mcp-server/adapters/load/stream-request.ts';
import { withAnswer } from '../../../mcp-server/adapters/load/with-answer.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import type { PlannedRequest } from '../../../mcp-server/core/workload/planned-request.ts';
import type { RequestRecord } from '../../../mcp-server/core/workload/request-record.ts';
import type { LoadRequest } from '../../../mcp-server/ports/load-generator.ts';
import type { CheatingEngine } from './cheating-engine.ts';
import { OVERHEAD_TOKENS } from './engine-model.ts';
import type { Pipe } from './streamed-answer.ts';
import { VirtualTime } from './virtual-time.ts';

export interface VirtualRun {
  readonly records: readonly RequestRecord[];
  readonly eventsPerRead: number | null;
  readonly durationMs: number;
}

/** A closed loop of the real client (its requests, its stream reader, its classes) against an engine in virtual time. */
export async function runVirtualLoad(
  load: LoadRequest,
  engine: CheatingEngine,
): Promise<VirtualRun> {
  const time = new VirtualTime();
  const overcounted = 1 + engine.strength('overcounted_prompt');
  // what the client learns of the service's tokens before it sizes its prompts
  const calibration = { tokensPerWord: overcounted, overheadTokens: OVERHEAD_TOKENS * overcounted };
  const plan = planMeasured(load, calibration);
  const results: StreamResult[] = [];
  const connection = virtualConnection(time, engine, load.seed * 1000 + load.repeat);
  const waiting = [...plan];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.push(await send(connection, load, { planned: next, time }));
    }
  };
  const lanes = load.loadPoint.kind === 'closed' ? load.loadPoint.concurrency : 1;
  const done = Promise.all(Array.from({ length: lanes }, lane));
  await time.run();
  await done;
  const reads = results.reduce((sum, result) => sum + result.contentReads, 0);
  const events = results.reduce((sum, { record }) => sum + record.contentEvents, 0);
  return {
    records: results
      .map((result) => withAnswer(result, plan))
      .toSorted((a, b) => a.index - b.index),
    eventsPerRead: reads === 0 ? null : events / reads,
    durationMs: time.nowMs,
  };
}

function send(
  connection: Connection,
  load: LoadRequest,
  { planned, time }: { readonly planned: PlannedRequest; readonly time: VirtualTime },
): Promise<StreamResult> {
  const { outputTokens, index, inputTokens } = planned;
  const { exactOutput } = load.workload;
  return openStream(connection, {
    index,
    phase: 'measure',
    requestId: `${index}`,
    path: '/v1/chat/completions',
    body: requestBody(load, { planned, outputTokens, exactOutput }),
    intendedAtMs: null,
    inputTokens,
    expected: { model: 'fake', servedModels: ['fake'], outputTokens, exactOutput },
    nowMs: () => time.nowMs,
    queue: { add: (job) => job() },
  }).result;
}

function virtualConnection(time: VirtualTime, engine: CheatingEngine, seed: number): Connection {
  const random = keyedRandom(['path', seed]);
  const { pathMs, pathJitterMs } = engine.options.model;
  const dispatch = (options: { body?: unknown }, handler: Dispatcher.DispatchHandler): boolean => {
    const controller = { abort: () => undefined } as unknown as Dispatcher.DispatchController;
    handler.onRequestStart?.(controller, undefined);
    let arrivesMs = 0;
    /** What was sent first arrives first, however the path wavers. */
    const deliver = (fire: () => void): void => {
      const delay = pathMs + pathJitterMs * Math.abs(random.normal());
      arrivesMs = Math.max(arrivesMs, time.nowMs + delay);
      time.at(arrivesMs, fire);
    };
    const pipe: Pipe = {
      nowMs: () => time.nowMs,
      sleep: (ms) => time.sleep(ms),
      head: (status) => {
        const headers = { 'content-type': status === 200 ? 'text/event-stream' : 'text/plain' };
        deliver(() => handler.onResponseStart?.(controller, status, headers, ''));
      },
      write: (text) => deliver(() => handler.onResponseData?.(controller, Buffer.from(text))),
      end: () => deliver(() => handler.onResponseEnd?.(controller, {})),
      destroy: () => deliver(() => handler.onResponseError?.(controller, new Error('ECONNRESET'))),
    };
    const body = JSON.parse(String(options.body)) as Readonly<Record<string, unknown>>;
    time.at(time.nowMs + pathMs, () => {
      void engine.stream(body, pipe);
    });
    return true;
  };
  return {
    agent: { dispatch } as unknown as Connection['agent'],
    origin: 'http://virtual',
    pathPrefix: '',
    headers: {},
    open: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
}
