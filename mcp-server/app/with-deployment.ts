import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';
import type { DeployOutcome } from './deploy-outcome.ts';
import { type DeployWish, deployAndWait } from './deploy-trial.ts';
import { stopDeployment } from './stop-deployment.ts';

/**
 * Deploys a trial, hands over what came of it, and stops it again, proven gone, whatever happened. An engine that does not start
 * is an outcome. Throws: what `deployAndWait`, `use` and `stopDeployment` throw.
 */
export async function withDeployment<Result>(
  app: App,
  writer: LedgerWriter,
  wish: DeployWish & {
    /** Why it is stopped. */
    readonly reason: string;
    readonly use: (outcome: DeployOutcome) => Promise<Result>;
  },
): Promise<Result> {
  const { reason, use, call } = wish;
  const outcome = await deployAndWait(app, writer, wish);
  const { deploymentId } = outcome;
  try {
    return await use(outcome);
  } finally {
    await stopDeployment(app, writer, { deploymentId, reason, call });
  }
}
