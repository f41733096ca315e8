import { describe, expect, it } from 'vitest';
import { readRecords } from '../../../mcp-server/app/stored-records.ts';
import { gateContext } from '../../../mcp-server/core/gates/gate-context.ts';
import type { GateSide } from '../../../mcp-server/core/gates/gate-run.ts';
import { tasksSolved } from '../../../mcp-server/core/gates/task-gate.ts';
import {
  affordableTasks,
  isTaskSolved,
  sampleTasks,
} from '../../../mcp-server/core/quality/sample-tasks.ts';

/** A side whose samples have so many tasks, so many of them wrong. */
const sideOf = (wrong: number, all: number): GateSide => ({
  runs: [],
  samples: [
    {
      deploymentId: 'd0001',
      measurementId: 'm0001',
      records: [],
      traps: [],
      tasks: Array.from({ length: all }, (_, at) => ({ isRight: at >= wrong })),
      clientLagMs: null,
    },
  ],
});

const found = (trial: GateSide, baseline: GateSide) =>
  tasksSolved(
    gateContext({
      trial,
      baseline,
      incumbentTokensPerS: new Map(),
      canAlterOutputs: true,
      isGreedy: true,
    }),
  ).map(({ name }) => name);

describe('tasks in the health sample', () => {
  it('speak against a trial that gets too many of them wrong for chance', () => {
    // C(30, 5) / C(90, 5) = 142506 / 43949268 = 0.0032; C(30, 4) / C(90, 4) = 27405 / 2555190 = 0.0107
    expect(found(sideOf(5, 30), sideOf(0, 60))).toEqual(['tasks_failed']);
    expect(found(sideOf(4, 30), sideOf(0, 60))).toEqual([]);
  });

  it('say nothing where the baseline gets as many wrong, or was asked none', () => {
    expect(found(sideOf(15, 30), sideOf(30, 60))).toEqual([]);
    expect(found(sideOf(30, 30), sideOf(60, 60))).toEqual([]);
    expect(found(sideOf(30, 30), sideOf(0, 0))).toEqual([]);
  });

  it('are graded on what a record keeps of the streamed answer', () => {
    const [task] = sampleTasks(3, 200).filter(({ kind }) => kind === 'copy');
    if (task === undefined) throw new Error('a text to copy');
    const [record] = readRecords(JSON.stringify({ ...RECORD, textSample: task.expected }));
    if (record === undefined) throw new Error('a record');
    expect(isTaskSolved(task, record)).toBe(true);
    const other = task.expected.replace(/\w+$/, 'other');
    expect(isTaskSolved(task, { ...record, textSample: other })).toBe(false);
    expect(isTaskSolved(task, { ...record, failure: 'connection_reset' })).toBe(false);
    expect(isTaskSolved(task, undefined)).toBe(false);
  });

  it('are all asked, or none where the service would need more than half a minute for them', () => {
    const tasks = sampleTasks(3, 200);
    // 30 tasks, four at a time: 4 s each are 30 s in all
    expect(affordableTasks(tasks, { ttltMs: 4000, concurrency: 4 })).toHaveLength(30);
    expect(affordableTasks(tasks, { ttltMs: 4001, concurrency: 4 })).toEqual([]);
    expect(affordableTasks(tasks, { ttltMs: null, concurrency: 4 })).toEqual([]);
  });

  it('have answers short enough to be kept whole', () => {
    const longest = [1, 2, 3, 4, 5].flatMap((seed) =>
      sampleTasks(seed, 4000).map(({ expected }) => expected.length),
    );
    expect(longest.length).toBe(150);
    // the sample of a record: 240 characters
    expect(Math.max(...longest)).toBeLessThan(240);
  });
});

const RECORD = {
  index: 0,
  phase: 'measure',
  intendedAtMs: null,
  sentAtMs: 0,
  headersAtMs: 1,
  roleAtMs: null,
  firstTokenAtMs: 2,
  lastTokenAtMs: 3,
  closedAtMs: 3,
  requestedInputTokens: 10,
  requestedOutputTokens: 96,
  inputTokens: 10,
  cachedTokens: null,
  outputTokens: 40,
  firstEventTokens: 1,
  contentEvents: 40,
  gapsMs: [],
  httpStatus: 200,
  finishReason: 'stop',
  failure: null,
  failureDetail: null,
  model: 'fake',
  textHash: 'a',
  textSample: '',
};
