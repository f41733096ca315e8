/** Parsed JSON of another program: a test reads it as it comes and asserts on what it reads. */
// oxlint-disable-next-line typescript/no-explicit-any -- the one place
export type Json = any;
