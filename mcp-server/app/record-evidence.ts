import type { EventData } from '../core/ledger/events.ts';
import { nextEvidenceId } from '../core/ledger/lookup.ts';
import { cleanText } from '../core/redact.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';

export interface NewEvidence {
  readonly kind: EventData<'evidence_stored'>['kind'];
  readonly trialId: string | null;
  readonly deploymentId: string | null;
  readonly measurementId: string | null;
  /** File name without folder, e.g. `metrics_before.prom`. */
  readonly name: string;
  readonly text: string;
  /** Where the text came from, e.g. `GET /metrics`; data, never a secret. */
  readonly source: string;
  readonly windowStartMs: number | null;
  readonly windowEndMs: number | null;
}

/** Evidence that is being stored, one after the other per session, so that two never take the same id. */
const queues = new WeakMap<LedgerWriter, Promise<unknown>>();

/** Stores a raw artefact, then the event that names it. Returns its evidence id. */
export function recordEvidence(
  app: Pick<App, 'evidence'>,
  writer: LedgerWriter,
  evidence: NewEvidence,
): Promise<string> {
  const before = queues.get(writer) ?? Promise.resolve();
  const stored = before.then(() => store(app, writer, evidence));
  queues.set(
    writer,
    stored.catch(() => undefined),
  );
  return stored;
}

async function store(
  app: Pick<App, 'evidence'>,
  writer: LedgerWriter,
  evidence: NewEvidence,
): Promise<string> {
  const evidenceId = nextEvidenceId(writer.state());
  const blob = await app.evidence.put({
    sessionId: writer.sessionId,
    trialId: evidence.trialId,
    evidenceId,
    name: evidence.name,
    text: evidence.text,
  });
  await writer.append({
    type: 'evidence_stored',
    data: {
      evidenceId,
      kind: evidence.kind,
      trialId: evidence.trialId,
      deploymentId: evidence.deploymentId,
      measurementId: evidence.measurementId,
      path: blob.path,
      sha256: blob.sha256,
      bytes: blob.bytes,
      source: cleanText(evidence.source, 200),
      windowStartMs: evidence.windowStartMs,
      windowEndMs: evidence.windowEndMs,
      truncated: blob.truncated,
    },
  });
  return evidenceId;
}
