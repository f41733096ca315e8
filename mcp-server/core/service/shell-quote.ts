const SAFE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Text that a shell reads back as exactly `value`: bare where that is safe, else in single quotes. */
export function quoteForShell(value: string): string {
  if (value !== '' && SAFE.test(value)) return value;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
