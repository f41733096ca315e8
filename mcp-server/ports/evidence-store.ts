interface EvidenceBlob {
  readonly sessionId: string;
  readonly trialId: string | null;
  readonly evidenceId: string;
  /** File name without folder, e.g. `metrics_before.prom`. */
  readonly name: string;
  readonly text: string;
}

interface StoredBlob {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly truncated: boolean;
}

/** Raw artefacts of a session: redacted, compressed, hashed, then written atomically, capped in size. */
export interface EvidenceStore {
  put(blob: EvidenceBlob): Promise<StoredBlob>;
  /** The text as stored. Throws: InvariantError `E_EVIDENCE_TAMPERED` when the hash differs from `sha256`. */
  get(
    sessionId: string,
    stored: { readonly path: string; readonly sha256: string },
  ): Promise<string>;
}
