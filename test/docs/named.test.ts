import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DATASET_FORMATS } from '../../mcp-server/core/dataset/row.ts';
import { Gate, MeasurementFlag, Verdict } from '../../mcp-server/core/ledger/vocabulary.ts';
import { FAILURE_CLASSES } from '../../mcp-server/core/workload/request-record.ts';
import { ArrivalPattern, LoadPoint } from '../../mcp-server/core/workload/workload.ts';
import { ROOT } from '../e2e/harness.ts';

/** Every test of the repository but this one, in one text. */
const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts') && path !== join('docs', 'named.test.ts'))
  .map((path) => readFileSync(join(ROOT, 'test', path), 'utf8'))
  .join('\n');
const words = (list: readonly string[], kind: string): { kind: string; name: string }[] =>
  list.map((name) => ({ kind, name }));
const kindsOf = (options: readonly { shape: { kind: { value: string } } }[]): string[] =>
  options.map((option) => option.shape.kind.value);

describe('what a measurement or a verdict can say has a test that names it', () => {
  test.each([
    ...words(FAILURE_CLASSES, 'failure class'),
    ...words(DATASET_FORMATS, 'dataset format'),
    ...words(kindsOf(ArrivalPattern.options), 'arrival pattern'),
    ...words(kindsOf(LoadPoint.options), 'load point'),
    ...words(Verdict.options, 'verdict'),
    ...words(Gate.options, 'gate'),
    ...words(MeasurementFlag.options, 'flag of a measurement'),
  ])('$kind $name', ({ name }) => {
    expect(tests.includes(`'${name}'`) || new RegExp(`\\b${name}:`).test(tests)).toBe(true);
  });
});
