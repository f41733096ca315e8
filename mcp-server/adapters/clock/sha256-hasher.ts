import { createHash } from 'node:crypto';
import type { Hasher } from '../../ports/hasher.ts';

/** SHA-256 in lower-case hex. */
export const sha256: Hasher = (text) => createHash('sha256').update(text).digest('hex');
