import { defineConfig } from 'vitest/config';

/** Tests whose subject is time itself: beside other tests on two cores they would measure those. */
const TIMED = [
  'test/adapters/load/**',
  'test/adapters/process/**',
  'test/cli/bench.test.ts',
  'test/core/plausibility/cheating.test.ts',
];

export default defineConfig({
  test: {
    exclude: ['test/real/**'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', ...TIMED],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timed',
          include: TIMED.map((path) => path.replace('**', '**/*.test.ts')),
          maxWorkers: 1,
          // once more where another program had the cores for a moment; what is wrong fails twice
          retry: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
