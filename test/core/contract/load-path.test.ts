import { describe, expect, test } from 'vitest';
import { loadPathFaults } from '../../../mcp-server/core/contract/load-path.ts';
import { aContract } from '../../fakes/ledger-events.ts';

const faults = (terms: Record<string, unknown>): readonly string[] =>
  loadPathFaults(aContract(terms).terms);

describe('the path that load takes', () => {
  test('is refused where the backend does not offer it, with what it offers', () => {
    expect(faults({ backend: 'dstack', loadPath: 'attached' })[0]).toContain(
      'server-proxy, gateway',
    );
    expect(faults({ backend: 'local', loadPath: 'gateway' })[0]).toContain('offers direct');
  });

  test('is refused through a gateway where TTFT would be judged, and only there', () => {
    const slo = [{ metric: 'ttftMs', quantile: 'p95', max: 500 }];
    expect(faults({ backend: 'dstack', loadPath: 'gateway', slo })[0]).toContain(
      'ttftMs would be judged',
    );
    expect(faults({ backend: 'dstack', loadPath: 'gateway' })).toEqual([]);
    expect(faults({ backend: 'dstack', loadPath: 'server-proxy', slo })).toEqual([]);
  });
});
