import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const expand = promisify(gunzip);

/** First bytes of a gzip file. Source: RFC 1952. */
const GZIP = [0x1f, 0x8b] as const;

/** Text of a file that a person named, unpacked where it is gzip. Null when: it cannot be read. */
export async function readResultFile(path: string): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    const isPacked = bytes[0] === GZIP[0] && bytes[1] === GZIP[1];
    return (isPacked ? await expand(bytes) : bytes).toString('utf8');
  } catch {
    return null;
  }
}
