import { PreconditionError } from '../core/errors.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { stampOf } from '../core/report/format.ts';
import type { App } from './app.ts';

/** Attempts at a free name, one second apart. Source: own reasoning. */
const MAX_TRIES = 120;

/**
 * Writes a planned service file as `dstack-<stamp>.yml`. A plan that follows from a session log takes the log's stamp;
 * a second plan from one log, or a taken second, adds one. Throws: PreconditionError `E_FILE`.
 */
export async function createPlanFile(
  app: Pick<App, 'clock' | 'files'>,
  state: SessionState,
  text: string,
): Promise<{ readonly stamp: string; readonly file: string }> {
  const startMs = lastLogMs(state) ?? app.clock.nowMs();
  for (let extra = 0; extra < MAX_TRIES; extra += 1) {
    const stamp = stampOf(startMs + extra * 1000);
    const file = await tryCreate(app, stamp, text);
    if (file !== null) return { stamp, file };
  }
  throw new PreconditionError(
    `No name is free for the service file: dstack-${stampOf(startMs)}.yml and the ${MAX_TRIES - 1} seconds after it are taken.`,
    { code: 'E_FILE', fix: 'Move old dstack-*.yml files out of the sessions folder.' },
  );
}

/** Second of the newest session log. Null when: no trial is closed yet. */
function lastLogMs(state: SessionState): number | null {
  const stamps = state.trials.flatMap((trial) =>
    trial.closed === null ? [] : [trial.closed.stamp],
  );
  const newest = stamps.toSorted().at(-1);
  const ms = Date.parse((newest ?? '').replace(/T(\d\d)-(\d\d)-(\d\d)/, 'T$1:$2:$3'));
  return Number.isNaN(ms) ? null : ms;
}

/** File systems that refuse `:` get `-` in its place. Null when: the name is taken. */
async function tryCreate(
  app: Pick<App, 'files'>,
  stamp: string,
  text: string,
): Promise<string | null> {
  const plain = `dstack-${stamp}.yml`;
  try {
    return (await app.files.createOutput(plain, text)) ? plain : null;
  } catch {
    const dashed = plain.replaceAll(':', '-');
    return (await app.files.createOutput(dashed, text)) ? dashed : null;
  }
}
