import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Resident memory from which a collection is worth its pause of some 50 ms. Source: own measurement, idle after start. */
const WORTH_BYTES = 150 * 2 ** 20;
const EVERY_MS = 5000;

/**
 * Collects garbage while the process holds much memory. V8 sizes its heap by the memory of the machine, and lets
 * hundreds of MB of read request records lie on a large one; the server runs beside the load that it measures.
 */
export function collectGarbageRegularly(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return;
  setInterval(() => {
    if (process.memoryUsage.rss() > WORTH_BYTES) collect();
  }, EVERY_MS).unref();
}
