import { AutodebugError } from '../core/errors.ts';
import { jsonLeaves } from '../core/evidence/json-leaves.ts';
import { roundsTo } from '../core/evidence/rounding.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { cleanText } from '../core/redact.ts';
import type { App } from './app.ts';
import { loadSources } from './evidence-sources.ts';
import { verifyPrompts } from './verify-prompts.ts';

type Reader = Pick<App, 'evidence' | 'files' | 'hash'>;

export interface VerifyFailure {
  /** Path below the sessions folder. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly evidence: string;
  readonly name: string;
  readonly said: string;
  readonly found: string;
}

export interface VerifyResult {
  /** Citations that were looked up, and lines that were derived again. */
  readonly checked: number;
  readonly failed: readonly VerifyFailure[];
}

/**
 * Checks what the session logs rest on: the chain of the ledger, the hash of every stored artefact, and each measurement's
 * figures against those that its request records give again, its prompts against those that its plan gives again.
 */
export async function verifyLedger(
  app: Reader,
  state: SessionState,
  warnings: readonly string[],
): Promise<VerifyResult> {
  const file = `${state.sessionId}/ledger.jsonl`;
  const broken = warnings
    .filter((text) => text.includes('chain'))
    .map((text) => faultIn(file, { name: 'chain', found: cleanText(text, 300) }));
  const blobs = await verifyBlobs(app, state);
  const figures = await verifyFigures(app, state, file);
  const prompts = await verifyPrompts(app, state);
  const other = prompts.faults.map(({ measurementId, ...fault }) =>
    faultIn(file, { evidence: measurementId, ...fault }),
  );
  return {
    checked: 1 + blobs.checked + figures.checked + prompts.checked,
    failed: [...broken, ...blobs.failed, ...figures.failed, ...other],
  };
}

function faultIn(file: string, what: Partial<Omit<VerifyFailure, 'file'>>): VerifyFailure {
  return { file, line: 1, evidence: '', name: '', said: '', found: '', ...what };
}

/** A file that retention took away is no fault; one that says something else is. */
async function verifyBlobs(app: Reader, state: SessionState): Promise<VerifyResult> {
  const failed: VerifyFailure[] = [];
  for (const stored of state.evidence.values()) {
    try {
      await app.evidence.get(state.sessionId, stored);
    } catch (error) {
      const isTampered = error instanceof AutodebugError && error.code === 'E_EVIDENCE_TAMPERED';
      if (!isTampered) continue;
      failed.push(
        faultIn(`${state.sessionId}/${stored.path}`, {
          evidence: stored.evidenceId,
          name: 'hash',
          said: stored.sha256,
          found: 'the stored file was changed: its hash differs from the ledger',
        }),
      );
    }
  }
  return { checked: state.evidence.size, failed };
}

/** Figures of a run whose records are stored whole must follow from them, also where the chain was written anew. */
async function verifyFigures(
  app: Reader,
  state: SessionState,
  file: string,
): Promise<VerifyResult> {
  const failed: VerifyFailure[] = [];
  let checked = 0;
  for (const { data } of state.trials.flatMap((trial) => trial.measurements)) {
    const { measurementId, summary } = data;
    const source = (await loadSources(app, state, [measurementId])).get(measurementId);
    if (source === undefined || 'missing' in source) continue;
    for (const { path, value } of jsonLeaves(summary)) {
      const found = source.valuesOf(path, '');
      checked += 1;
      if (found.length === 0 || found.some((one) => isEqual(one, value))) continue;
      const what = { evidence: measurementId, name: path, said: String(value) };
      failed.push(faultIn(file, { ...what, found: cleanText(String(found[0]), 60) }));
    }
  }
  return { checked, failed };
}

/** Equal but for the last digits, which another build of the arithmetic may round elsewhere. */
function isEqual(found: number | string, said: number | string): boolean {
  if (typeof found !== 'number' || typeof said !== 'number') return found === said;
  return roundsTo(found, { value: said, step: Math.abs(said) * 1e-9 });
}
