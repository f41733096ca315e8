import { PreconditionError } from '../core/errors.ts';
import { stampOf } from '../core/report/format.ts';
import type { App } from './app.ts';

/** Attempts at a free name, one second apart. Source: own reasoning; two sessions may close in one second. */
const MAX_STAMP_TRIES = 120;

/** Writes the log under the first free stamp from now on. Throws: PreconditionError `E_FILE`. */
export async function createLog(
  app: Pick<App, 'clock' | 'files'>,
  render: (stamp: string) => string,
): Promise<{ readonly stamp: string; readonly file: string }> {
  const nowMs = app.clock.nowMs();
  for (let extra = 0; extra < MAX_STAMP_TRIES; extra += 1) {
    const stamp = stampOf(nowMs + extra * 1000);
    const file = await tryCreate(app, stamp, render(stamp));
    if (file !== null) return { stamp, file };
  }
  throw new PreconditionError(
    `No name is free for the session log: debug-${stampOf(nowMs)}.md and the ${MAX_STAMP_TRIES - 1} seconds after it are taken.`,
    { code: 'E_FILE', fix: 'Move old debug-*.md files out of the sessions folder.' },
  );
}

/** File systems that refuse `:` get `-` in its place. Null when: the name is taken. */
async function tryCreate(
  app: Pick<App, 'files'>,
  stamp: string,
  text: string,
): Promise<string | null> {
  const plain = `debug-${stamp}.md`;
  try {
    return (await app.files.createOutput(plain, text)) ? plain : null;
  } catch {
    const dashed = plain.replaceAll(':', '-');
    return (await app.files.createOutput(dashed, text)) ? dashed : null;
  }
}
