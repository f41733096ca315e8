import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openSession } from '../../mcp-server/app/open-session.ts';
import { planTrial } from '../../mcp-server/app/plan-trial.ts';
import { suggestTrials } from '../../mcp-server/app/suggest-trials.ts';
import { ROOT } from '../e2e/harness.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { CALL, createTestApp, type TestApp } from '../fakes/test-app.ts';

const EXAMPLES = readdirSync(join(ROOT, 'examples'));
let opened: TestApp | null = null;

afterEach(async () => {
  await opened?.close();
  opened = null;
});

/** The project of a user who copied an example; without a service of its own it has the one of the repository. */
function copyOf(example: string): TestApp {
  const contract = parse(readFileSync(join(ROOT, 'examples', example, 'contract.yml'), 'utf8'));
  const { backend } = contract.terms;
  const paid = backend === 'dstack';
  const copied = createTestApp(
    createFakeDeploy({ backend, paid, priceUsdPerHour: paid ? 2.5 : 0 }),
  );
  cpSync(join(ROOT, 'dstack-baseline.yml'), join(copied.dir, 'dstack-baseline.yml'));
  cpSync(join(ROOT, 'examples', example), copied.dir, { recursive: true });
  opened = copied;
  return copied;
}

describe('an example', () => {
  test.each(EXAMPLES)('opens as it stands, and a trial is planned over it: %s', async (example) => {
    const { app } = copyOf(example);
    const force = [{ check: 'rehearsal', reason: 'nothing is rented here' }];
    const session = await openSession(app, { contract_file: 'contract.yml', force });
    expect(session.warnings).toEqual([]);
    const { proposals } = await suggestTrials(app, { limit: 1 });
    const [first] = proposals;
    if (first === undefined) throw new Error('nothing is proposed');
    const planned = await planTrial(app, { ...first, force: [] }, CALL);
    expect(planned.trialId).toBe('t0001');
    expect(planned.diff).not.toBe('');
  });
});
