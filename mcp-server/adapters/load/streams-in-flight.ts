import type { Connection } from './connection.ts';
import { createParseQueue } from './parse-queue.ts';
import {
  type OpenStream,
  openStream,
  type StreamPlan,
  type StreamResult,
} from './stream-request.ts';

/** Every stream of a run, watched by one clock. */
export interface StreamsInFlight {
  send(plan: Omit<StreamPlan, 'queue'>): Promise<StreamResult>;
  count(): number;
  /** Ends every stream and refuses further ones; what was in flight is recorded as `why`. */
  endAll(why: 'cancelled' | 'timed_out', detail: string): void;
  close(): void;
}

/** How often silence is looked for. Source: own reasoning; stalls are counted in seconds. */
const SWEEP_MS = 50;
/** A stream that said [DONE] may stay open for so long before we close it. Source: own reasoning. */
const LINGER_MS = 1000;

/** Watches for stalled streams; `stallMs` is the longest silence of one. */
export function createStreamsInFlight(
  connection: Connection,
  options: { readonly stallMs: number; readonly nowMs: () => number },
): StreamsInFlight {
  const open = new Set<OpenStream>();
  const queue = createParseQueue();
  const lingerMs = Math.min(LINGER_MS, options.stallMs);
  const sweep = setInterval(() => {
    const now = options.nowMs();
    for (const stream of open) {
      const silentMs = now - stream.lastHeardMs();
      if (stream.isDone()) {
        if (silentMs > lingerMs) stream.cut('body_read', 'left open after [DONE]');
      } else if (silentMs > options.stallMs) {
        stream.cut('timed_out', `silent for more than ${options.stallMs} ms`);
      }
    }
  }, SWEEP_MS);
  return {
    send: async (plan) => {
      const stream = openStream(connection, { ...plan, queue });
      open.add(stream);
      try {
        return await stream.result;
      } finally {
        open.delete(stream);
      }
    },
    count: () => open.size,
    endAll: (why, detail) => {
      for (const stream of open) stream.cut(why, detail);
    },
    close: () => {
      clearInterval(sweep);
    },
  };
}
