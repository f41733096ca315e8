// Weights of words for the diagnosis of reports, learned from the labelled cases of this repository.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { Report } from '../../mcp-server/core/playbook/reported/report.ts';
import { featuresOf } from '../../mcp-server/core/playbook/reported/words/learned-features.ts';
import type { Generated } from './flags.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const casesFolder = join(root, 'test/fixtures/cases');

/**
 * Sets that are learned from, in the order of their names: those with a row of figures in `SOURCE.md`, for a set is
 * measured before anything is learned from it.
 */
export function learnedSets(): readonly string[] {
  const measured = readFileSync(join(casesFolder, 'SOURCE.md'), 'utf8').matchAll(
    /^\| `([a-z-]+)`/gm,
  );
  return [...measured].map(([, set = '']) => set).toSorted();
}

const Case = z.object({
  engine: z.string(),
  label: z.object({ cause_class: z.string(), cause: z.string(), fix: z.string() }),
});

/** The cases of a set of this repository, in the order of their names. */
export function casesOf(set: string): readonly { readonly value: unknown; readonly cls: string }[] {
  const folder = join(casesFolder, set);
  return readdirSync(folder)
    .toSorted()
    .map((name) => {
      const value: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      return { value, cls: Case.parse(value).label.cause_class };
    });
}

/** What an error of a report costs beside the length of the weights, and passes over all cases. Source: own trials on cases from public threads that were left out. */
const ERROR_COST = 0.5;
const PASSES = 30;
/** Margins times this are read as logits. Source: own fit on cases from public threads that were left out. */
const LOGITS_PER_MARGIN = 8;
/** Smaller weights are left out. Source: own trials. */
const LEAST_WEIGHT = 0.3;

/** What an error of an explanation costs, as a share of that. Source: own trials, as above. */
const EXPLANATION_SHARE = 0.5;

interface Example {
  readonly cls: string;
  /** What an error of it costs, as a share of a report's, above 0. */
  readonly costShare: number;
  readonly names: readonly string[];
}

/** Each case twice: as it was reported, and as its label explains it, whose words another report may use. */
export function readExamples(sets: readonly string[]): readonly Example[] {
  const namesOf = (value: unknown): readonly string[] => [
    ...featuresOf(Report.parse(value)).keys(),
  ];
  return sets.flatMap(casesOf).flatMap(({ value, cls }) => {
    const { engine, label } = Case.parse(value);
    const explained = { engine, input: { symptom: `${label.cause} ${label.fix}` } };
    return [
      { cls, costShare: 1, names: namesOf(value) },
      { cls, costShare: EXPLANATION_SHARE, names: namesOf(explained) },
    ];
  });
}

interface Row {
  readonly cls: number;
  readonly costShare: number;
  /** Feature by index with its share of the example's length. */
  readonly parts: readonly (readonly [feature: number, share: number])[];
}

interface Trained {
  readonly classes: readonly string[];
  readonly bias: readonly number[];
  readonly rows: readonly string[];
}

/** A machine a class, taught in an order that is always the same. */
export function trainWords(examples: readonly Example[]): Trained {
  const classes = [...new Set(examples.map(({ cls }) => cls))].toSorted();
  const counts = new Map<string, number>();
  for (const name of examples.flatMap(({ names }) => names)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts.keys()];
  const indexOf = new Map(names.map((name, at) => [name, at]));
  const rarity = names.map((name) => Math.log(1 + examples.length / (counts.get(name) ?? 1)));
  const rows = examples.map((example) => toRow(example, classes, { indexOf, rarity }));
  const { weights, bias } = descend(rows, names.length, classes.length);
  const hundredths = (value: number): number => Math.round(100 * value);
  const kept = names.flatMap((name, at) => {
    const own = classes.flatMap((_, cls) => {
      const weight = weights[at * classes.length + cls] ?? 0;
      return Math.abs(weight) < LEAST_WEIGHT ? [] : [`${cls}:${hundredths(weight)}`];
    });
    return own.length === 0 ? [] : [[name, hundredths(rarity[at] ?? 0), ...own].join(' ')];
  });
  return { classes, bias: [...bias].map(hundredths), rows: kept.toSorted() };
}

interface Vocabulary {
  readonly indexOf: ReadonlyMap<string, number>;
  readonly rarity: readonly number[];
}

function toRow(
  { cls, costShare, names }: Example,
  classes: readonly string[],
  { indexOf, rarity }: Vocabulary,
): Row {
  const parts = names
    .map((name) => indexOf.get(name) ?? 0)
    .map((at) => [at, rarity[at] ?? 0] as const);
  const length = Math.sqrt(parts.reduce((sum, [, value]) => sum + value * value, 0));
  return {
    cls: classes.indexOf(cls),
    costShare,
    parts: parts.map(([at, value]) => [at, value / length]),
  };
}

/**
 * One machine a class against all others, each with the widest margin at squared cost of errors, by dual coordinate descent.
 * Source: Hsieh et al., A Dual Coordinate Descent Method for Large-scale Linear SVM (2008), algorithm 1.
 */
function descend(rows: readonly Row[], featureCount: number, classCount: number) {
  const weights = new Float64Array(featureCount * classCount);
  const bias = new Float64Array(classCount);
  const order = shuffled(rows, 0);
  for (let k = 0; k < classCount; k += 1) {
    const own = new Float64Array(featureCount + 1);
    const duals = new Float64Array(order.length);
    for (let pass = 0; pass < PASSES; pass += 1) {
      for (const [at, row] of order.entries()) {
        duals[at] = stepOnce(row, { own, sign: row.cls === k ? 1 : -1, dual: duals[at] ?? 0 });
      }
    }
    for (let at = 0; at < featureCount; at += 1) {
      weights[at * classCount + k] = LOGITS_PER_MARGIN * (own[at] ?? 0);
    }
    bias[k] = LOGITS_PER_MARGIN * (own[featureCount] ?? 0);
  }
  return { weights, bias };
}

/** The dual of one row after its step; `own` moves with it, its last place is the bias. */
function stepOnce(
  { parts, costShare }: Row,
  { own, sign, dual }: { own: Float64Array; sign: number; dual: number },
): number {
  const last = own.length - 1;
  const margin = parts.reduce((sum, [at, share]) => sum + share * (own[at] ?? 0), own[last] ?? 0);
  const diagonal = 1 / (2 * ERROR_COST * costShare);
  const gradient = sign * margin - 1 + dual * diagonal;
  // Rows have length 1, and the bias is one more part of 1.
  const next = Math.max(0, dual - gradient / (2 + diagonal));
  const move = sign * (next - dual);
  if (move !== 0) {
    for (const [at, share] of parts) own[at] = (own[at] ?? 0) + move * share;
    own[last] = (own[last] ?? 0) + move;
  }
  return next;
}

/** The rows in an order that looks random and depends on the seed alone. */
function shuffled(rows: readonly Row[], seed: number): readonly Row[] {
  let state = seed + 1;
  return rows
    .map((row) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return [state, row] as const;
    })
    .toSorted((a, b) => a[0] - b[0])
    .map(([, row]) => row);
}

/** The weights as a module of the playbook. */
export function generateLearnedWords(): readonly Generated[] {
  const { classes, bias, rows } = trainWords(readExamples(learnedSets()));
  const text = [
    '// Generated by scripts/gen/learned-words.ts from test/fixtures/cases; run npm run gen.',
    `export const CLASSES: readonly string[] = ${JSON.stringify(classes)};`,
    '',
    '/** In hundredths. */',
    `export const BIAS: readonly number[] = ${JSON.stringify(bias)};`,
    '',
    '/** Feature, its rarity, and `class:weight`; numbers in hundredths. */',
    'export const ROWS: readonly string[] = [',
    ...rows.map((row) => `  ${JSON.stringify(row)},`),
    '];',
    '',
  ];
  return [
    {
      path: 'mcp-server/core/playbook/reported/words/learned.generated.ts',
      text: text.join('\n'),
    },
  ];
}
