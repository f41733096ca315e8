import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type OpenSessionAnswer, openSession } from '../../mcp-server/app/open-session.ts';
import { rehearsalFile } from '../../mcp-server/app/rehearsal.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { aContract } from '../fakes/ledger-events.ts';
import { refusal } from '../fakes/refusal.ts';
import { createTestApp, SERVICE, type TestApp } from '../fakes/test-app.ts';

let test: TestApp;

const FULL = { ...aContract() } as {
  terms: Record<string, unknown>;
  budget: Record<string, unknown>;
};

function writeContract(change: { terms?: object; budget?: object } = {}): void {
  const contract = {
    version: 1,
    terms: { ...FULL.terms, serviceFile: 'service.yml', ...change.terms },
    budget: { ...FULL.budget, ...change.budget },
  };
  writeFileSync(join(test.dir, 'contract.yml'), stringify(contract));
}

const open = (args: object = { contract_file: 'contract.yml' }): Promise<OpenSessionAnswer> =>
  openSession(test.app, { force: [], ...args });

function use(paid: boolean, backend: 'simulated' | 'dstack' = 'simulated'): void {
  test = createTestApp({ ...createFakeDeploy(), backend, paid });
  writeFileSync(join(test.dir, 'service.yml'), SERVICE);
}

beforeEach(() => use(false));
afterEach(() => test.close());

describe('opening a session', () => {
  it('fills what is safe from the service file, says what, and freezes it in the session’s folder', async () => {
    const answer = await open({ contract: { terms: { serviceFile: 'service.yml' } } });
    expect(answer.resumed).toBe(false);
    expect(answer.filledDefaults).toContain(
      'terms.model = {"id":"meta-llama/Llama-3.1-8B-Instruct","variants":[]}',
    );
    expect(answer.filledDefaults).toContain('terms.allowedHardware = [{"gpu":"H100","count":1}]');
    // The chat preset asks for 1,024 tokens and 256 more: 1,280, rounded up to 2,048.
    expect(answer.filledDefaults).toContain('terms.minContextTokens = 2048');
    expect(answer.summary).toContain('Filled: ');
    expect(answer.next).not.toBeNull();
    const file = join(test.dir, 'sessions', answer.sessionId, 'contract.yml');
    expect(parse(readFileSync(file, 'utf8')).terms.seeds).toEqual({ search: 11, confirm: 1011 });
  });

  it('warns of an SLO quantile that a load point is too small to prove', async () => {
    const loadPoints = [{ kind: 'closed', concurrency: 4, requests: 20 }];
    const slo = [{ metric: 'ttftMs', quantile: 'p99', max: 500 }];
    writeContract({ terms: { loadPoints, slo, repeats: 3 } });
    expect((await open()).warnings).toEqual([
      expect.stringContaining('p99 cannot be proven at closed c=4 n=20: it needs 299 requests'),
    ]);
  });

  it('goes on with the open session of the same terms, however they are written', async () => {
    writeContract();
    const first = await open();
    const again = await open();
    expect(again).toMatchObject({ sessionId: first.sessionId, resumed: true, warnings: [] });
    const { terms } = parse(readFileSync(join(test.dir, 'contract.yml'), 'utf8'));
    const reordered = Object.fromEntries(Object.entries(terms).reverse());
    writeContract({ terms: reordered });
    expect((await open({})).sessionId).toBe(first.sessionId);
    expect(await test.app.ledgers.list()).toHaveLength(1);
  });

  it('notes a budget that a person changed in the file', async () => {
    writeContract();
    const { sessionId } = await open();
    writeContract({ budget: { maxTotalUsd: 50 } });
    const answer = await open();
    expect(answer).toMatchObject({ sessionId, resumed: true });
    const { state, events } = await test.app.ledgers.read(sessionId);
    expect(state.budget.maxTotalUsd).toBe(50);
    expect(events.at(-1)?.type).toBe('budget_amended');
  });

  it('does not let a tool call raise the budget', async () => {
    writeContract();
    const { sessionId } = await open();
    const raised = {
      version: 1,
      terms: { ...FULL.terms, serviceFile: 'service.yml' },
      budget: { ...FULL.budget, maxTotalUsd: 5000 },
    };
    const answer = await open({ contract: raised });
    expect(answer.warnings.join(' ')).toMatch(/only a person raises it/);
    expect((await test.app.ledgers.read(sessionId)).state.budget.maxTotalUsd).toBe(20);
  });

  it('says that other measurement terms are another session', async () => {
    writeContract();
    const first = await open();
    writeContract({ terms: { repeats: 5 } });
    const second = await open();
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(second.warnings.join(' ')).toMatch(
      new RegExp(`${first.sessionId} stays open.*terms.repeats`),
    );
    await expect(
      open({ contract_file: 'contract.yml', session_id: first.sessionId }),
    ).rejects.toThrow(refusal('E_OTHER_TERMS', first.sessionId, 'Leave session_id out'));
    expect(await test.app.ledgers.list()).toHaveLength(2);
  });

  it('marks the client’s loop as active', async () => {
    writeContract();
    const { sessionId } = await open({ contract_file: 'contract.yml', client_session: 'abc-123' });
    const loop = readFileSync(join(test.dir, 'sessions', '.loop', 'abc-123.json'), 'utf8');
    expect(JSON.parse(loop)).toMatchObject({ sessionId });
  });

  it('takes contract.yml when nothing is named, and says how when there is none', async () => {
    await expect(open({})).rejects.toThrow(
      refusal('E_NO_CONTRACT', 'no contract was given', '"contract_file":"contract.yml"'),
    );
    expect(await test.app.ledgers.list()).toEqual([]);
    writeContract();
    expect((await open({})).resumed).toBe(false);
  });
});

describe('a contract that is wrong', () => {
  it.each([
    ['a negative seed', { terms: { seeds: { search: -1, confirm: 2 } } }, /terms\.seeds\.search/],
    [
      'equal seeds',
      { terms: { seeds: { search: 1, confirm: 1 } } },
      /search and confirm must differ/,
    ],
    ['an unknown field', { terms: { sloo: [] } }, /terms\.sloo: unknown field/],
    ['an unknown preset', { terms: { workload: 'nope' } }, /no preset "nope"/],
    [
      'a wrong metric',
      { terms: { objective: { metric: 'speed', direction: 'maximise' } } },
      /terms\.objective\.metric/,
    ],
    [
      'a load point without requests',
      { terms: { loadPoints: [{ kind: 'closed', concurrency: 1 }] } },
      /terms\.loadPoints\.0\.requests/,
    ],
    [
      'more per trial than in total',
      { budget: { maxTotalUsd: 1, maxUsdPerTrial: 2 } },
      /maxUsdPerTrial is larger/,
    ],
  ])('is refused by field: %s', async (_case, change, message) => {
    writeContract(change);
    await expect(open()).rejects.toThrow(
      refusal('E_CONTRACT', message, /Correct the named|Use one of/),
    );
    expect(await test.app.ledgers.list()).toEqual([]);
  });

  it.each([
    ['lies outside', '../../x.yml', refusal('E_PATH', '"../../x.yml"', 'inside the project')],
    ['is missing', 'none.yml', refusal('E_FILE', '"none.yml"', 'Check the path')],
  ])('is refused when its service file %s', async (_case, serviceFile, refused) => {
    writeContract({ terms: { serviceFile } });
    await expect(open()).rejects.toThrow(refused);
    expect(await test.app.ledgers.list()).toEqual([]);
  });

  it('ends the session at once when the service file cannot be the baseline', async () => {
    writeContract({ terms: { minContextTokens: 1_000_000 } });
    const service = SERVICE.replace('--port 8000', '--port 8000 --context-length 4096');
    writeFileSync(join(test.dir, 'service.yml'), service);
    await expect(open()).rejects.toThrow(
      refusal('E_BASELINE', 'serves 4096 tokens, the contract guarantees 1000000', 'so that they'),
    );
    const [id = ''] = await test.app.ledgers.list();
    expect((await test.app.ledgers.read(id)).state.stopped?.data.reason).toBe('infeasible');
    writeContract();
    expect((await open({})).sessionId).not.toBe(id);
  });

  it('is refused by line when it is not YAML', async () => {
    writeFileSync(join(test.dir, 'contract.yml'), 'version: 1\nterms:\n  a: [1\n');
    await expect(open()).rejects.toThrow(
      refusal('E_CONTRACT', /contract\.yml line \d+ is not YAML/, 'at that line'),
    );
  });

  it('is refused when it lies outside the project, or is given twice', async () => {
    await expect(open({ contract_file: '/etc/hostname' })).rejects.toThrow(
      refusal('E_PATH', '"/etc/hostname" leads outside', 'AUTODEBUG_PROJECT_DIR'),
    );
    await expect(open({ contract_file: 'a', contract: {} })).rejects.toThrow(/both/);
  });
});

describe('a backend that costs money', () => {
  beforeEach(() => use(true, 'dstack'));

  it('needs dollars in total and per hour', async () => {
    const contract = {
      terms: { backend: 'dstack', serviceFile: 'service.yml' },
      budget: { maxTotalUsd: 5 },
    };
    await expect(open({ contract })).rejects.toThrow(
      refusal('E_NO_BUDGET', 'budget.maxUsdPerHour is not set', 'write both into the contract'),
    );
    expect(await test.app.ledgers.list()).toEqual([]);
  });

  it('needs a rehearsal, unless that is forced with cause', async () => {
    writeContract({ terms: { backend: 'dstack', loadPath: 'server-proxy' } });
    await expect(open()).rejects.toThrow(
      refusal('E_NOT_REHEARSED', /dstack.*never rehearsed/, 'autodebug rehearse'),
    );
    expect(await test.app.ledgers.list()).toEqual([]);
    const force = [{ check: 'rehearsal', reason: 'rehearsed by hand this morning' }];
    const forced = await open({ contract_file: 'contract.yml', force });
    const [first] = (await test.app.ledgers.read(forced.sessionId)).events;
    expect(first?.data).toMatchObject({ forced: force });
    mkdirSync(join(test.dir, 'sessions', '.rehearsal'), { recursive: true });
    writeFileSync(join(test.dir, 'sessions', rehearsalFile('dstack')), '{}');
    writeContract({ terms: { backend: 'dstack', loadPath: 'server-proxy', repeats: 4 } });
    expect((await open()).resumed).toBe(false);
  });
});
