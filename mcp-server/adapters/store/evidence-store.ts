import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import writeFileAtomic from 'write-file-atomic';
import { InvariantError } from '../../core/errors.ts';
import { redactText } from '../../core/redact.ts';
import type { EvidenceStore } from '../../ports/evidence-store.ts';
import type { Hasher } from '../../ports/hasher.ts';
import { confine } from './confine.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Largest artefact before compression, in characters. Source: own reasoning; 100,000 request records fit. */
const DEFAULT_MAX_CHARS = 64 * 1024 * 1024;

export interface EvidenceStoreOptions {
  readonly sessionsDir: string;
  readonly hash: Hasher;
  readonly secrets: readonly string[];
  readonly maxChars?: number;
}

/** Evidence as gzip files below sessions/<id>/evidence/<trial>/. */
export function createEvidenceStore(options: EvidenceStoreOptions): EvidenceStore {
  const maxChars = options.maxChars ?? DEFAULT_MAX_CHARS;
  const locate = (sessionId: string, path: string): string =>
    confine(path, join(options.sessionsDir, sessionId), [join(options.sessionsDir, sessionId)]);
  return {
    put: async (blob) => {
      const text = capAtLine(redactText(blob.text, options.secrets), maxChars);
      const packed = await compress(text.value);
      const path = `evidence/${blob.trialId ?? 'session'}/${blob.evidenceId}-${fileName(blob.name)}.gz`;
      const target = locate(blob.sessionId, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFileAtomic(target, packed);
      return {
        path,
        sha256: options.hash(packed),
        bytes: packed.length,
        truncated: text.truncated,
      };
    },
    get: async (sessionId, stored) => {
      const packed = await readFile(locate(sessionId, stored.path)).catch(() => null);
      if (packed === null) throw tampered(stored.path, 'is missing');
      if (options.hash(packed) !== stored.sha256) throw tampered(stored.path, 'was changed');
      return (await expand(packed)).toString('utf8');
    },
  };
}

/** Keeps whole lines up to the cap. */
function capAtLine(text: string, maxChars: number): { value: string; truncated: boolean } {
  if (text.length <= maxChars) return { value: text, truncated: false };
  const end = text.lastIndexOf('\n', maxChars - 1);
  return { value: text.slice(0, end > 0 ? end + 1 : maxChars), truncated: true };
}

function fileName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 80);
}

function tampered(path: string, what: string): InvariantError {
  return new InvariantError(`The evidence file ${path} ${what} since it was stored.`, {
    code: 'E_EVIDENCE_TAMPERED',
    fix: 'Restore the file from a copy; numbers that rest on it cannot be verified until then.',
  });
}
