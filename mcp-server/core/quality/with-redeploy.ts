import type { QualityRun } from './quality-run.ts';

/**
 * A reference with what its redeploy showed: only a canary that both pass is one, and the redeploy's answers to the further tiers are noise.
 */
export function withRedeploy(reference: QualityRun, redeploy: QualityRun | null): QualityRun {
  if (redeploy === null) return reference;
  const lost = new Set(redeploy.canaries.filter((one) => !one.passed).map((one) => one.id));
  const canaries = reference.canaries.map((one) =>
    lost.has(one.id) ? { ...one, passed: false } : one,
  );
  const tiers = reference.tiers ?? null;
  return {
    ...reference,
    canaries,
    passedCount: canaries.filter((one) => one.passed).length,
    tiers: tiers === null ? null : { ...tiers, redeployed: redeploy.tiers?.answers ?? null },
  };
}
