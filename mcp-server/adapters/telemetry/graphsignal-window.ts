import type { TelemetryWindow } from '../../ports/telemetry.ts';

/** The query reaches this far around the window: a tick before, a late tick and an upload after. Source: tick of 10 s plus upload. */
const BEFORE_MS = 5000;
const AFTER_MS = 15_000;

export interface ContextQuery {
  /** `YYYY-MM-DDTHH:MM:SSZ`: the only form that every version of the client reads. */
  readonly start: string;
  readonly end: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** `key:value` pairs joined by `;`, or empty. */
  readonly tags: string;
}

/** The query of a window, to whole seconds outwards. */
export function queryOf(window: TelemetryWindow): ContextQuery {
  const startS = Math.floor((window.startMs - BEFORE_MS) / 1000);
  const endS = Math.ceil((window.endMs + AFTER_MS) / 1000);
  return {
    start: isoSeconds(startS),
    end: isoSeconds(endS),
    startNs: BigInt(startS) * 1_000_000_000n,
    endNs: BigInt(endS) * 1_000_000_000n,
    tags: Object.entries(window.tags)
      .map(([key, value]) => `${clean(key)}:${clean(value)}`)
      .join(';'),
  };
}

function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The separators of the tag syntax cannot be escaped. */
function clean(text: string): string {
  return text.replace(/[;:\s]/g, '_');
}
