import { ownChecks } from '../judge/from-state.ts';
import type { EventData } from '../ledger/events.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { cleanText } from '../redact.ts';
import { figuresOf } from './figures.ts';
import { threeDigits } from './format.ts';
import { mechanismWord } from './mechanism-line.ts';

type Measurement = EventData<'measurement_recorded'>;

/** A line of the engine's log that explains a crash. */
export interface CrashLine {
  readonly evidenceId: string;
  readonly cls: string;
  readonly line: string;
}

/**
 * Analysis bullets that follow from ledger and evidence alone, each ending in its citations. They say what was measured
 * and found, and nothing about why beyond the rules of `diagnose`. Give the log lines of a crash where there are any.
 */
export function draftAnalysis(
  state: SessionState,
  trial: TrialState,
  crashLines: readonly CrashLine[],
): readonly string[] {
  const reference = state.trials.find(
    (one) => one.trialId === (trial.judgements.at(-1)?.referenceId ?? ''),
  );
  return [
    ...crashLines
      .slice(0, 3)
      .map(crashBullet)
      .filter((bullet) => bullet !== null),
    ...measuredBullets(state, trial),
    ...(reference === undefined ? [] : ratioBullets(state, trial, reference)),
    ...mechanismBullets(trial),
    ...causeBullets(trial),
    ...qualityBullets(trial),
  ];
}

/** Characters that end a name inside a citation. */
const UNCITABLE = /[[\]=]/;

function crashBullet({ evidenceId, cls, line }: CrashLine): string | null {
  const cited = citeLine(evidenceId, line);
  return cited === null ? null : `The engine stopped with ${words(cls)} ${cited}`;
}

/** Cites a log line by its words up to a number, or up to its last word. Null when: the line holds neither. */
export function citeLine(evidenceId: string, line: string): string | null {
  const text = (line.split(UNCITABLE).toSorted((a, b) => b.length - a.length)[0] ?? '').trim();
  const numbered = /^(.*?[A-Za-z].*?[\s:('"])(\d+(?:\.\d+)?)(?![\w.,])/.exec(text.slice(0, 200));
  const quoted = /^(.*?[A-Za-z][^'"]*?[:\s])['"]([\w.-]+)['"]/.exec(text.slice(0, 200));
  const worded = /^(.*[A-Za-z].*?[\s:('"])([\w.-]*\w)\W*$/.exec(text.slice(0, 200));
  const [, name = '', said = ''] = numbered ?? quoted ?? worded ?? [];
  const shown = lastWords(name);
  return shown === '' || said === '' ? null : `[${evidenceId} ${shown}=${said}]`;
}

/** The last whole words of a text, 70 characters at most, without quotes around them. */
function lastWords(text: string): string {
  const all = text.trim().split(' ');
  let kept = all.length - 1;
  while (kept > 0 && all.slice(kept - 1).join(' ').length <= 70) kept -= 1;
  const shown = all.slice(kept).join(' ').slice(-200);
  return shown.replace(/^['"(\s]+|['"(\s]+$/g, '');
}

const words = (id: string): string =>
  cleanText(id, 60)
    .replace(/[^A-Za-z ]+/g, ' ')
    .trim();

function measuredBullets(state: SessionState, trial: TrialState): readonly string[] {
  return figuresOf(state, trial).flatMap((one) => {
    const run = one.runs[0]?.measurement;
    if (run === undefined) return [];
    const { summary } = run;
    const cited = [
      say(run, { label: 'TTFT p95 is', name: 'ttftMs.p95', value: summary.ttftMs.p95, unit: 'ms' }),
      say(run, { label: 'TBOT p95 is', name: 'tbotMs.p95', value: summary.tbotMs.p95, unit: 'ms' }),
      say(run, {
        label: 'output throughput is',
        name: 'outputTokensPerS',
        value: summary.outputTokensPerS,
        unit: 'tok/s',
      }),
      say(run, { label: 'failed requests:', name: 'failed', value: summary.failed, unit: '' }),
    ].filter((part) => part !== null);
    const where = one.loadPointIndex === 0 ? '' : ' at a further load point';
    const flags = run.flags.length === 0 ? '' : ` (not judged: ${run.flags.join(', ')})`;
    return [
      `In the first run${where}${flags}, ${cited.map((part) => part.text).join(', ')} ${cited.map((part) => part.citation).join(' ')}`,
    ];
  });
}

interface Said {
  readonly text: string;
  readonly citation: string;
}

function say(
  run: Measurement,
  what: {
    readonly label: string;
    readonly name: string;
    readonly value: number | null;
    readonly unit: string;
  },
): Said | null {
  if (what.value === null) return null;
  const value = threeDigits(what.value);
  return {
    text: `${what.label} ${value} ${what.unit}`.trim(),
    citation: `[${run.measurementId} ${what.name}=${value}]`,
  };
}

const COMPARED = [
  {
    label: 'Output throughput',
    name: 'outputTokensPerS',
    read: (run: Measurement) => run.summary.outputTokensPerS,
  },
  { label: 'TTFT p95', name: 'ttftMs.p95', read: (run: Measurement) => run.summary.ttftMs.p95 },
  { label: 'TBOT p95', name: 'tbotMs.p95', read: (run: Measurement) => run.summary.tbotMs.p95 },
] as const;

/** First run against first run, so that each number is one that can be recomputed. */
function ratioBullets(
  state: SessionState,
  trial: TrialState,
  reference: TrialState,
): readonly string[] {
  const own = figuresOf(state, trial)[0]?.runs[0]?.measurement;
  const other = figuresOf(state, reference)[0]?.runs[0]?.measurement;
  if (own === undefined || other === undefined) return [];
  return COMPARED.flatMap(({ label, name, read }) => {
    const [top, bottom] = [read(own), read(other)];
    if (top === null || bottom === null || bottom === 0) return [];
    const ratio = (top / bottom).toFixed(3);
    const cite = (run: Measurement, value: number): string =>
      `${run.measurementId} ${name}=${threeDigits(value)}`;
    return [
      `${label} of the first run is ${ratio} times that of ${reference.trialId} [${cite(own, top)} / ${cite(other, bottom)} = ${ratio}]`,
    ];
  });
}

/** Whether the diagnosis held, with both values where they stand. */
function mechanismBullets(trial: TrialState): readonly string[] {
  return trial.mechanisms.slice(-1).flatMap((check) => {
    const cited = check.evidence.map(citeCause).filter((one) => one !== null);
    if (cited.length === 0) return [];
    return [
      `The ${mechanismWord(check)}: by the diagnosis ${words(check.cause)}, ${metricWords(check.metric)} ${check.expected}; before and after ${cited.join(' ')}`,
    ];
  });
}

const metricWords = (metric: string): string => cleanText(metric, 80).replace(/\d+/g, '').trim();

function causeBullets(trial: TrialState): readonly string[] {
  const causes = trial.diagnoses.at(-1)?.causes ?? [];
  return causes.slice(0, 3).flatMap((cause) => {
    const cited = cause.evidence
      .map(citeCause)
      .filter((one) => one !== null)
      .slice(0, 4);
    if (cited.length === 0) return [];
    return [`Diagnosis ${words(cause.cause)}: ${cleanText(cause.title, 200)} ${cited.join(' ')}`];
  });
}

/** A diagnosis names stored evidence, or a metric of a measurement as `m0007-02.ttftMs.p95`. */
function citeCause(one: {
  readonly evidenceId: string | null;
  readonly name: string;
  readonly value: string;
}): string | null {
  if (UNCITABLE.test(one.value)) return null;
  const said = /^(-?\d[\d.,]*(?:e[-+]?\d+)?) [A-Za-z/]+$/.exec(one.value)?.[1] ?? one.value;
  if (one.evidenceId !== null) return `[${one.evidenceId} ${one.name}=${said}]`;
  const metric = /^(m\d{4}-\d{2,3})\.(.+)$/.exec(one.name);
  return metric === null ? null : `[${metric[1]} ${metric[2]}=${said}]`;
}

function qualityBullets(trial: TrialState): readonly string[] {
  const check = ownChecks(trial).at(-1);
  if (check === undefined) return [];
  const outcome =
    check.passed === null
      ? trial.planned.parentId === null
        ? 'is the reference'
        : 'could not be compared'
      : check.passed
        ? 'held'
        : 'got worse';
  const passed = check.canaries.filter((canary) => canary.passed).length;
  return [
    `Output quality ${outcome}: ${passed} canaries passed [${check.evidenceId} passedCount=${passed}]`,
  ];
}
