import { buildConnector } from 'undici';

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>;

/** Connections that are opened before they are needed and handed to the first requests that ask. */
export interface SpareSockets {
  readonly connect: buildConnector.connector;
  /** Opens `count` more, one after the other in time. Never rejects: what fails is opened when it is needed. */
  open(target: URL, count: number): Promise<void>;
  close(): void;
}

/** Openings per step, and pause between steps. Source: own measurement, 1,000 at once stall a loop 300 ms. */
const PER_STEP = 16;
const STEP_MS = 5;
/** Time that all openings may take. Source: own reasoning. */
const MAX_OPEN_MS = 5000;

export function createSpareSockets(timeoutMs: number): SpareSockets {
  const connector = buildConnector({ timeout: timeoutMs, allowH2: false });
  const spare: Socket[] = [];
  const openOne = (target: URL): Promise<void> =>
    new Promise((resolve) => {
      connector(
        {
          hostname: target.hostname.replace(/^\[|\]$/g, ''),
          host: target.host,
          protocol: target.protocol,
          port: target.port,
        },
        (error, socket) => {
          if (error === null && socket !== null) {
            socket.on('error', () => undefined);
            spare.push(socket);
          }
          resolve();
        },
      );
    });
  return {
    connect: (options, callback) => {
      const ready = takeLive(spare);
      if (ready === null) connector(options, callback);
      else {
        queueMicrotask(() => {
          callback(null, ready);
        });
      }
    },
    open: async (target, count) => {
      const opening: Promise<void>[] = [];
      for (let done = 0; done < count; done += 1) {
        opening.push(openOne(target));
        if (done % PER_STEP === PER_STEP - 1) await pause(STEP_MS);
      }
      await Promise.race([Promise.all(opening), pause(MAX_OPEN_MS)]);
    },
    close: () => {
      for (const socket of spare.splice(0)) socket.destroy();
    },
  };
}

function takeLive(spare: Socket[]): Socket | null {
  for (let socket = spare.shift(); socket !== undefined; socket = spare.shift()) {
    if (!socket.destroyed && socket.readable && socket.writable) return socket;
  }
  return null;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
