import { closeSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';

/** A log file that stays below a size: its first part is kept for ever, later parts are turned over. */
export interface CappedLog {
  write(chunk: Uint8Array): void;
  close(): void;
}

const headOf = (file: string): string => `${file}.head`;
const olderOf = (file: string): string => `${file}.1`;

/** Opens the log for appending. At most `capBytes` lie on disk, in three parts: the start, the part before, the newest. */
export function openCappedLog(file: string, capBytes: number): CappedLog {
  const partBytes = Math.max(1, Math.floor(capBytes / 3));
  let descriptor = openSync(file, 'a', 0o600);
  let size = sizeOf(file) ?? 0;
  const turnOver = (): void => {
    closeSync(descriptor);
    renameSync(file, sizeOf(headOf(file)) === null ? headOf(file) : olderOf(file));
    descriptor = openSync(file, 'a', 0o600);
    size = 0;
  };
  return {
    write(chunk) {
      if (size > 0 && size + chunk.length > partBytes) turnOver();
      writeSync(descriptor, chunk);
      size += chunk.length;
    },
    close: () => closeSync(descriptor),
  };
}

/** The last `maxBytes` of a capped log, starting at a line; empty when there is none. */
export function readLogTail(file: string, maxBytes: number): string {
  let text = '';
  for (const part of [file, olderOf(file), headOf(file)]) {
    const room = maxBytes - Buffer.byteLength(text);
    if (room <= 0) break;
    text = readTail(part, room) + text;
  }
  return text;
}

function readTail(file: string, maxBytes: number): string {
  const size = sizeOf(file);
  if (size === null || size === 0) return '';
  const start = Math.max(0, size - maxBytes);
  const buffer = Buffer.alloc(size - start);
  const descriptor = openSync(file, 'r');
  try {
    const read = readSync(descriptor, buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, read);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    closeSync(descriptor);
  }
}

function sizeOf(file: string): number | null {
  try {
    return statSync(file).size;
  } catch {
    return null;
  }
}
