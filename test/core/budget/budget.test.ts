import { describe, expect, it } from 'vitest';
import { budgetRefusal, minutesAllowed, spending } from '../../../mcp-server/core/budget/budget.ts';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import {
  aContract,
  gone,
  intended,
  opened,
  planned,
  ready,
  START_MS,
  started,
  stateOf,
} from '../../fakes/ledger-events.ts';

const HOUR_MS = 3_600_000;
const QUESTION = { trialId: 't0001', priceUsdPerHour: 2 };

/** Two trials; the events are a second apart. */
const events = (budget: Record<string, unknown>, ...more: NewEvent[]): NewEvent[] => [
  opened(aContract({}, budget)),
  planned('t0000'),
  planned('t0001'),
  ...more,
];

describe('an instance that stands idle between deployments', () => {
  const used = [intended('d0000-1'), started('d0000-1'), ready('d0000-1'), gone('d0000-1', 0.75)];
  const books = (backend: string, minutesLater: number, ...more: NewEvent[]): number => {
    const terms = backend === 'dstack' ? { backend, loadPath: 'server-proxy' } : { backend };
    const state = stateOf([
      opened(aContract(terms, { idleMinutes: 30 })),
      planned('t0000'),
      planned('t0001'),
      ...used,
      ...more,
    ]);
    return spending(state, Date.parse(state.lastAt) + minutesLater * 60_000).totalUsd;
  };

  it('is billed until the idle minutes are over, on dstack only', () => {
    // 2 USD an hour: 15 minutes are 0.50, and 30 minutes, the most, are 1.00
    expect(books('dstack', 15)).toBeCloseTo(0.75 + 0.5, 6);
    expect(books('dstack', 600)).toBeCloseTo(0.75 + 1, 6);
    expect(books('simulated', 600)).toBeCloseTo(0.75, 6);
  });

  it('is billed no longer than until the next deployment takes it', () => {
    // the next intention comes one second after the end
    expect(books('dstack', 600, intended('d0001-1'))).toBeCloseTo(0.75 + 2 / 3600, 6);
  });
});

describe('the books', () => {
  it('bill what runs by the clock from its start, and what is gone by its final bill', () => {
    const state = stateOf(
      events(
        {},
        intended('d0000-1'),
        started('d0000-1'),
        ready('d0000-1'),
        gone('d0000-1', 0.75),
        intended('d0001-1'),
        started('d0001-1'),
        ready('d0001-1'),
      ),
    );
    // d0001-1 started at second 8; half an hour later at $2 per hour: $1.
    const spent = spending(state, START_MS + 8000 + HOUR_MS / 2);
    expect(spent.perTrialUsd('t0000')).toBe(0.75);
    expect(spent.perTrialUsd('t0001')).toBeCloseTo(1, 6);
    expect(spent.totalUsd).toBeCloseTo(1.75, 6);
    expect(spent.hourUsd).toBe(2);
    expect(spent.deployments).toBe(2);
  });

  it('assume the highest allowed price until the real one is known', () => {
    const state = stateOf(events({}, intended('d0001-1'), started('d0001-1')));
    expect(spending(state, START_MS + 4000 + HOUR_MS).totalUsd).toBeCloseTo(5, 6);
  });
});

describe('a refusal by budget', () => {
  const refused = (
    budget: Record<string, unknown>,
    more: { question?: typeof QUESTION; events?: NewEvent[]; laterMs?: number } = {},
  ): string | null => {
    const state = stateOf(events(budget, ...(more.events ?? [])));
    const nowMs = START_MS + (more.laterMs ?? 60_000);
    return budgetRefusal(state, nowMs, more.question ?? QUESTION)?.check ?? null;
  };

  it('names the limit that would be crossed', () => {
    expect(refused({})).toBeNull();
    expect(refused({ maxWallHours: 1 }, { laterMs: 2 * HOUR_MS })).toBe('max_wall_hours');
    expect(
      refused({ maxDeployments: 1 }, { events: [intended('d0000-1'), gone('d0000-1', 0)] }),
    ).toBe('max_deployments');
    expect(refused({ maxUsdPerHour: 1 })).toBe('max_usd_per_hour');
    expect(refused({ maxUsdPerTrial: 0.1 })).toBe('max_usd_per_trial');
    expect(refused({ maxTotalUsd: 0.1, maxUsdPerTrial: 0.1 })).toBe('max_total_usd');
  });

  it('counts what runs beside it into the price per hour', () => {
    const running = [intended('d0000-1'), started('d0000-1'), ready('d0000-1')];
    expect(refused({ maxUsdPerHour: 3 }, { events: running })).toBe('max_usd_per_hour');
    expect(refused({ maxUsdPerHour: 4 }, { events: running })).toBeNull();
  });

  it('never refuses for money where nothing costs any', () => {
    const question = { trialId: 't0001', priceUsdPerHour: 0 };
    const nothing = { maxTotalUsd: 0, maxUsdPerTrial: 0, maxUsdPerHour: 0 };
    expect(refused(nothing, { question })).toBeNull();
  });
});

describe('how long a deployment may live', () => {
  const minutes = (budget: Record<string, unknown>, more: NewEvent[] = []): number =>
    minutesAllowed(stateOf(events(budget, ...more)), START_MS, QUESTION);

  it('is the tightest of the contract’s minutes, the trial’s money, all money and the clock', () => {
    expect(minutes({})).toBe(60);
    expect(minutes({ maxUsdPerTrial: 1 })).toBe(30);
    expect(minutes({ maxTotalUsd: 0.5, maxUsdPerTrial: 0.5 })).toBe(15);
    expect(minutes({ maxWallHours: 0.2 })).toBeCloseTo(12, 6);
    const spentOnIt = [intended('d0001-1'), gone('d0001-1', 0.8)];
    expect(minutes({ maxUsdPerTrial: 1 }, spentOnIt)).toBeCloseTo(6, 6);
  });
});
