import type { BackendId } from '../core/contract/contract.ts';
import { PreconditionError } from '../core/errors.ts';
import type { Forced } from '../core/ledger/vocabulary.ts';
import type { App } from './app.ts';

/** File below sessions/ that `autodebug rehearse` writes when a backend passed. */
export const rehearsalFile = (backend: BackendId): string => `.rehearsal/${backend}.json`;

/**
 * A paid backend is rehearsed before the first loop, unless that is forced with cause.
 * Throws: PreconditionError `E_NOT_REHEARSED`.
 */
export async function requireRehearsal(
  app: Pick<App, 'files' | 'deploys'>,
  backend: BackendId,
  forced: readonly Forced[],
): Promise<void> {
  if (app.deploys.get(backend)?.paid !== true) return;
  if (forced.some((one) => one.check === 'rehearsal')) return;
  if ((await app.files.readOutput(rehearsalFile(backend))) !== null) return;
  throw new PreconditionError(`The backend ${backend} costs money and was never rehearsed here.`, {
    code: 'E_NOT_REHEARSED',
    fix: 'Run `autodebug rehearse --max-usd 2` first, or pass force: [{"check":"rehearsal","reason":"…"}].',
  });
}
