import { contentCaching } from './cache-checks.ts';
import type { Check, Finding, PlausibilityInput, Reference, ServiceFacts } from './input.ts';
import { selfCheck } from './self-checks.ts';
import { heldOut, selectiveService, substitution } from './service-checks.ts';
import { tbotPhysics, tooGood, ttftPhysics } from './speed-checks.ts';
import { firstChunk, gatheringPath } from './stream-checks.ts';
import { countOddWords, outputHealth } from './text-checks.ts';
import {
  answerErrorRatio,
  answerRatio,
  promptRatio,
  stopShare,
  textPerToken,
  tokenAccounting,
  workShrinkage,
} from './token-checks.ts';

/** The twelve checks in the order of docs/load.md, then output health. */
const CHECKS: readonly Check[] = [
  tokenAccounting,
  ttftPhysics,
  tbotPhysics,
  firstChunk,
  contentCaching,
  gatheringPath,
  workShrinkage,
  substitution,
  selectiveService,
  heldOut,
  tooGood,
  selfCheck,
  outputHealth,
];

/** Everything that speaks against a run, each by name; empty when nothing does. */
export function findImplausible(input: PlausibilityInput): readonly Finding[] {
  const records = input.records.filter((record) => record.phase === 'measure');
  const valid = records.filter((record) => record.failure === null);
  const again = new Set(input.traps.map((trap) => trap.index));
  const unique = valid.filter((record) => !again.has(record.index));
  return CHECKS.flatMap((check) => check({ ...input, records, valid, unique }));
}

/** What an honest run tells, for later ones of the same workload to be held against. */
export function referenceOf(
  run: Pick<PlausibilityInput, 'records' | 'summary'>,
  service: ServiceFacts | null,
): Reference {
  const valid = run.records.filter(
    (record) => record.phase === 'measure' && record.failure === null,
  );
  return {
    service,
    promptRatio: promptRatio(valid),
    answerRatio: answerRatio(valid),
    answerErrorRatio: answerErrorRatio(valid),
    stopShare: stopShare(valid),
    charsPerToken: textPerToken(valid),
    oddWords: countOddWords(valid),
    outputTokensPerS: run.summary.outputTokensPerS,
  };
}
