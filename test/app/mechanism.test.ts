import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { verify } from '../../mcp-server/app/verify.ts';
import { writeSession } from '../../mcp-server/app/write-session.ts';
import { renderBrief } from '../../mcp-server/core/report/brief.ts';
import { reportData } from '../../mcp-server/core/report/report-data.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { CALL, createTestApp, type TestApp } from '../fakes/test-app.ts';
import { measureTrial, openCalibrated } from './judged-session.ts';

let test: TestApp;
beforeEach(() => {
  test = createTestApp(createFakeDeploy());
});
afterEach(() => test.close());

/** A diagnosis of the baseline that its decode steps limit it: TBOT is what must fall. */
async function diagnose(writer: LedgerWriter): Promise<string> {
  await writer.append({
    type: 'diagnosed',
    data: {
      diagnosisId: 'x0001',
      trialId: 't0000',
      causes: [
        {
          rule: 'decode-bandwidth-bound',
          cause: 'decode_bandwidth_bound',
          title: 'Decode reads weights all the time',
          confidence: 0.7,
          evidence: [],
          candidates: [],
          expected: 'TBOT falls',
          confirmBy: 'TBOT falls',
          refutedBy: 'TBOT stays',
        },
      ],
      floor: [],
      missing: [],
    },
  });
  return 'x0001';
}

async function judged(tbotMs: number): Promise<LedgerWriter> {
  const writer = await openCalibrated(test);
  await measureTrial(test, writer, { tbotMs, diagnosisId: await diagnose(writer) });
  await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
  return writer;
}

const checkOf = (writer: LedgerWriter) =>
  writer
    .state()
    .trials.find((trial) => trial.trialId === 't0001')
    ?.mechanisms.at(-1);

describe('the mechanism of a diagnosis', () => {
  it('is checked with the verdict, with both values in the ledger', async () => {
    const writer = await judged(8);
    const check = checkOf(writer);
    expect(check).toMatchObject({ diagnosisId: 'x0001', referenceId: 't0000', outcome: 'moved' });
    expect(check?.reference).toBeCloseTo(10);
    expect(check?.trial).toBeCloseTo(8);
  });

  it('stands in brief, report and session log, cited and verified', async () => {
    const writer = await judged(10.05);
    expect(checkOf(writer)?.outcome).toBe('did_not_move');
    const nowMs = test.app.clock.nowMs();
    expect(renderBrief(writer.state(), nowMs)).toContain('mechanism did not move');
    const detail = reportData(writer.state(), nowMs).trials.at(-1);
    expect(detail?.reasons.join()).toContain('Mechanism moved: no (x0001');
    const closing = { trial_id: 't0001', analysis: [], findings: [], planned_changes: [] };
    const { file } = await writeSession(test.app, { ...closing, abandon: false }, CALL);
    const text = readFileSync(join(test.dir, 'sessions', file), 'utf8');
    expect(text).toContain(
      '- Mechanism moved: no (x0001 decode_bandwidth_bound of t0000); TBOT (ms) 10 → 10.05, expected that it falls;',
    );
    expect(text).toContain('[m0000-03 tbotMs.mean=10.1] [m0001-03 tbotMs.mean=10.05]');
    expect(await verify(test.app)).toMatchObject({ failed: [] });
  });

  it('is not spoken of where a trial rests on no diagnosis', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { tbotMs: 8 });
    await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    expect(checkOf(writer)).toBeUndefined();
  });
});
