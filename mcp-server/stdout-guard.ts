import { Writable } from 'node:stream';

/**
 * Takes stdout for the protocol alone: whatever else this process writes there (console, a library's banner) goes to
 * stderr from now on. Returns the only stream that still reaches stdout.
 */
export function guardStdout(): Writable {
  const { stdout, stderr } = process;
  const writeOut = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      writeOut(chunk, (error) => done(error ?? null));
    },
  });
}
