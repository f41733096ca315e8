import { describe, expect, test } from 'vitest';
import { Contract } from '../../../mcp-server/core/contract/contract.ts';
import { draftContract } from '../../../mcp-server/core/contract/draft-contract.ts';
import { refusal } from '../../fakes/refusal.ts';

const facts = {
  serviceFile: 'service.yml',
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  backend: 'dstack',
  gpu: { name: 'H100', count: 1 },
} as const;
const answers = {
  traffic: 'prompts 2k, outputs 300, concurrency 24',
  limits: 'ttft 500, tbot 20, context 8192',
  dollars: '20 total, 3 per hour',
};

describe('the contract that init drafts', () => {
  test('is valid and carries the three answers', () => {
    const contract = Contract.parse(draftContract(answers, facts));
    expect(contract.terms.loadPoints).toEqual([{ kind: 'closed', concurrency: 24, requests: 72 }]);
    expect(contract.terms.slo.map((clause) => [clause.metric, clause.max])).toEqual([
      ['ttftMs', 500],
      ['tbotMs', 20],
    ]);
    expect(contract.terms.minContextTokens).toBe(8192);
    expect(contract.budget).toMatchObject({ maxTotalUsd: 20, maxUsdPerHour: 3 });
  });

  test('understands a rate as an open loop', () => {
    const contract = Contract.parse(
      draftContract({ ...answers, traffic: 'rate 4, prompts 512, outputs 64' }, facts),
    );
    expect(contract.terms.loadPoints[0]).toMatchObject({ kind: 'open', requestRatePerS: 4 });
  });

  test('reads a bare number of dollars as the total and a quarter of it per hour', () => {
    const contract = Contract.parse(draftContract({ ...answers, dollars: '$12' }, facts));
    expect(contract.budget).toMatchObject({ maxTotalUsd: 12, maxUsdPerHour: 3 });
  });

  test('asks for dollars on a paid backend and for none on the own machine', () => {
    expect(() => draftContract({ ...answers, dollars: 'little' }, facts)).toThrow(
      refusal('E_INIT_ANSWER', '"little" names no total in dollars', '20 total, 3 per hour'),
    );
    expect(
      Contract.parse(draftContract({ ...answers, dollars: '' }, { ...facts, backend: 'local' }))
        .budget.maxTotalUsd,
    ).toBe(0);
  });

  test('names the missing load with an example', () => {
    expect(() => draftContract({ ...answers, traffic: 'a lot' }, facts)).toThrow(
      refusal('E_INIT_ANSWER', '"a lot" names no concurrency or rate', 'concurrency 16'),
    );
  });
});
