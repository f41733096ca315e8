import { findImplausible, referenceOf } from '../plausibility/find-implausible.ts';
import type { Finding, Reference } from '../plausibility/input.ts';
import { answersAgree, answersAreOwn, answersBelong } from './answer-gates.ts';
import { type Gate, gateContext } from './gate-context.ts';
import {
  type GateFinding,
  type GateInput,
  type GateReport,
  type GateRun,
  type GateSide,
  sampleRecords,
  validRecords,
} from './gate-run.ts';
import { speedLasts } from './pace-gates.ts';
import {
  gainIsServed,
  nothingStored,
  notOnlyWhenMeasured,
  repeatsAreTold,
  sampleIsServed,
} from './sample-gates.ts';
import { promptsAreRead } from './slope-gate.ts';
import { tasksSolved } from './task-gate.ts';
import { textKept } from './text-gates.ts';
import {
  engineIsBelieved,
  eventsFlow,
  firstTokenIsReal,
  notTooGood,
  runsAreClean,
} from './time-gates.ts';
import { isUsual, usualFaults } from './usual-faults.ts';
import { answersKept, promptsKept, sameModel, tokensHaveText } from './work-gates.ts';

/** What is asked of all runs of a trial together, beside the baseline's. */
const GATES: readonly Gate[] = [
  runsAreClean,
  promptsKept,
  tokensHaveText,
  answersKept,
  sameModel,
  textKept,
  answersBelong,
  answersAgree,
  answersAreOwn,
  nothingStored,
  repeatsAreTold,
  notOnlyWhenMeasured,
  gainIsServed,
  speedLasts,
  sampleIsServed,
  tasksSolved,
  eventsFlow,
  firstTokenIsReal,
  promptsAreRead,
  engineIsBelieved,
  notTooGood,
];

/** Findings of a single run that say "check the answers", not "do not believe it". */
const ONLY_DOUBTFUL: ReadonlySet<string> = new Set(['too_good']);

/** Findings of a single run that a busy moment brings about too: a gate looks at all runs together instead. */
const JUDGED_TOGETHER: ReadonlySet<string> = new Set([
  'bursts_after_sleep',
  'early_first_chunk',
  'garbled_words',
]);

/**
 * Everything that speaks against the runs of a trial: the twelve checks on each, and all of them beside the baseline's.
 * What most of the baseline's own runs show as well, or all of them beside themselves, is how the service is, and no finding
 * up to the size that it has there.
 */
export function findSuspect(input: GateInput): GateReport {
  const findings = [...faultsOfRuns(input), ...faultsTogether(input)];
  const byName = new Map<string, GateFinding>();
  for (const finding of findings) {
    const known = byName.get(finding.name);
    if (known === undefined || (known.weight === 'quality' && finding.weight === 'invalid')) {
      byName.set(finding.name, finding);
    }
  }
  return { findings: [...byName.values()], notes: notesOn(input) };
}

/** The baseline is only held against itself where something was found. */
function faultsTogether(input: GateInput): readonly GateFinding[] {
  const found = findTogether(input);
  if (found.length === 0) return [];
  const usual = usualFaults([
    {
      found: findTogether({ ...input, trial: input.baseline }),
      requests: validRecords(input.baseline).length,
    },
  ]);
  return found.filter((fault) => !isUsual(fault, usual));
}

function findTogether(input: GateInput): readonly GateFinding[] {
  const context = gateContext(input);
  return GATES.flatMap((gate) => gate(context));
}

function faultsOfRuns({ trial, baseline }: GateInput): readonly GateFinding[] {
  const usual = usualFaults(
    baseline.runs.map((run) => ({ found: checkRun(run, null), requests: run.records.length })),
  );
  return trial.runs.flatMap((run) =>
    checkRun(run, referenceAt(baseline, run.loadPointIndex))
      .filter((fault) => !isUsual(fault, usual) && !JUDGED_TOGETHER.has(fault.name))
      .map(
        ({ name, size, detail }): GateFinding => ({
          name,
          size,
          detail: `${run.measurementId}: ${detail}`,
          weight: ONLY_DOUBTFUL.has(name) ? 'quality' : 'invalid',
        }),
      ),
  );
}

function checkRun(run: GateRun, reference: Reference | null): readonly Finding[] {
  return findImplausible({ ...run, reference, traps: [], service: null, holdOut: null });
}

/**
 * The baseline’s runs at a load point as one. Speeds, text per token and ends of answers are left to the gates: one run of
 * few requests draws other prompts than the rest, and only pairs tell chance from change.
 */
function referenceAt({ runs }: GateSide, loadPointIndex: number): Reference | null {
  const here = runs.filter((run) => run.loadPointIndex === loadPointIndex);
  const [first] = here;
  if (first === undefined) return null;
  const records = here.flatMap((run) => run.records);
  const reference = referenceOf({ records, summary: first.summary }, null);
  return { ...reference, outputTokensPerS: null, charsPerToken: null, stopShare: null };
}

function notesOn({ trial, baseline }: GateInput): readonly string[] {
  const lacks = (what: string, isLacking: boolean): readonly string[] => (isLacking ? [what] : []);
  return [
    ...lacks(
      'no request of the baseline could be read again: answers were not compared',
      baseline.runs.every((run) => run.records.length === 0),
    ),
    ...lacks(
      'no health sample was taken: ends of answers and stored answers were not looked at',
      trial.samples.length === 0,
    ),
    ...lacks(
      'no health sample of the baseline could be read: the trial’s was held against nothing but itself',
      trial.samples.length > 0 && sampleRecords(baseline).length === 0,
    ),
    ...lacks(
      'no physical floor: GPU or model is unknown (a CPU has none in our tables)',
      trial.runs.every((run) => run.floors === null),
    ),
  ];
}
