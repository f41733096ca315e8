import { GPU_ENGINES, type Rule } from '../rule.ts';
import { anyOf } from './conditions.ts';
import { gauge, gaugeFact, most } from './gauges.ts';

/** Errors that a healthy GPU never counts. Source: NVML; zero values are not emitted. */
const GPU_ERRORS = /gpu\.errors\.(?:xid|ecc\.dbe|nvlink\.fatal|retired_pages\.dbe)/;
/** Repeats on the PCIe link, which a sound slot counts hardly any of. Source: NVML. */
const PCIE_REPLAY = /gpu\.errors\.pcie\.replay/;
const THROTTLE = /gpu\.throttle_reasons$/;
const CLOCK = /gpu\.clock\.sm$/;
const CLOCK_MAX = /gpu\.clock\.sm\.max$/;

/** Weights of the reasons that slow a GPU against its will: slowdown, two thermal ones, power brake. Source: NVML nvmlClocksEventReason*. */
const FORCED_REASONS = [8, 32, 64, 128] as const;
/** Source: own reasoning; a GPU under load runs within a tenth or two of its highest clock. */
const SLOW_CLOCK_RATIO = 0.7;

const has = (mask: number, weight: number): boolean => Math.floor(mask / weight) % 2 === 1;

const nothing = {
  knobs: {},
  risk: 'none: nothing is tuned',
} as const;

/** The machine below the engine: redeploy elsewhere, tune nothing. */
export const NODE_RULES: readonly Rule[] = [
  {
    ...nothing,
    id: 'sick-node',
    rows: [7],
    cause: 'sick_node',
    title: 'The GPU counts errors: the node is sick',
    sign: 'any uncorrected error that the GPU counts, or PCIe repeats that grow',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [
      anyOf(
        (_m, o) => most(o, GPU_ERRORS) > 0,
        (_m, o) => most(o, PCIE_REPLAY) > (gauge(o, PCIE_REPLAY)?.min ?? 0),
      ),
    ],
    base: 0.7,
    witnesses: [],
    cites: [gaugeFact(GPU_ERRORS), gaugeFact(PCIE_REPLAY)],
    expected: 'the same configuration runs as it should on another host',
    confirmBy: 'no such error on another host, and other times there',
    refutedBy: 'the same errors on another host',
    source: 'NVML error counters',
  },
  {
    ...nothing,
    id: 'node-throttled',
    rows: [7],
    cause: 'sick_node',
    title: 'The GPU is slowed down by heat or power: no setting of the engine helps',
    sign: 'a forced reason among the throttle reasons (slowdown, heat, power brake), or a clock below seven tenths of its maximum',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [
      anyOf(
        (_m, o) => FORCED_REASONS.some((weight) => has(most(o, THROTTLE), weight)),
        (_m, o) => (gauge(o, CLOCK)?.mean ?? Number.NaN) < SLOW_CLOCK_RATIO * most(o, CLOCK_MAX),
      ),
    ],
    base: 0.6,
    witnesses: [
      (_m, o) => (gauge(o, CLOCK)?.mean ?? Number.NaN) < SLOW_CLOCK_RATIO * most(o, CLOCK_MAX),
    ],
    cites: [gaugeFact(THROTTLE), gaugeFact(CLOCK), gaugeFact(CLOCK_MAX)],
    expected: 'the same configuration is faster on another host',
    confirmBy: 'the clock stays near its maximum on another host',
    refutedBy: 'the same clock on another host: a power limit of the provider',
    source: 'NVML clock event reasons',
  },
];
