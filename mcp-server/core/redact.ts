/** What stands where a secret was. */
export const REDACTED = '[redacted]';

/** Shortest known value that is worth hiding; shorter ones would hit ordinary words. Source: own reasoning. */
const MIN_SECRET_CHARS = 8;

/** Shapes of credentials, whatever their value. Source: public formats of Hugging Face, OpenAI, AWS, GitHub, JWT. */
const SECRET_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\bhf_[A-Za-z0-9]{16,}/g, REDACTED],
  [/\bsk-[A-Za-z0-9_-]{16,}/g, REDACTED],
  [/\bgh[pousr]_[A-Za-z0-9]{20,}/g, REDACTED],
  [/\bAKIA[0-9A-Z]{16}\b/g, REDACTED],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}/g, REDACTED],
  [/(\b[Bb]earer\s+)[A-Za-z0-9._~+/-]{12,}=*/g, `$1${REDACTED}`],
  [/(:\/\/[^\s:/@]{1,100}:)[^\s:/@]{3,200}@/g, `$1${REDACTED}@`],
  [
    /(\b[A-Z0-9_]*(?:API_KEY|TOKEN|SECRET|PASSWORD)["']?\s*[=:]\s*["']?)(?!\$|\[redacted\])[A-Za-z0-9._~+/-]{12,}/g,
    `$1${REDACTED}`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
];

/** Hides known secret values, then anything that has the shape of a credential. Longest values first. */
export function redactText(text: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret.length >= MIN_SECRET_CHARS)
    .toSorted((a, b) => b.length - a.length);
  let clean = text;
  for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
  for (const [pattern, replacement] of SECRET_PATTERNS) {
    clean = clean.replace(pattern, replacement);
  }
  return clean;
}

/** Redacts every string inside a JSON-like value; keys stay. */
export function redactValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, secrets);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redactValue(item, secrets)]),
  );
}

const ESCAPE = String.fromCodePoint(0x1b);
const BELL = String.fromCodePoint(0x07);
const ANSI_SEQUENCE = new RegExp(
  `${ESCAPE}(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)|[@-_])`,
  'g',
);
/** Control characters except tab and newline, and the bidirectional and invisible marks. */
const CONTROL_CHARACTERS = /(?![\t\n])\p{Cc}|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Text from outside as harmless data: no terminal sequences, no control or bidirectional characters, capped. */
export function cleanText(text: string, maxChars: number): string {
  const clean = text
    .replaceAll('\r\n', '\n')
    .replace(ANSI_SEQUENCE, '')
    .replace(CONTROL_CHARACTERS, '')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
  return clean.length <= maxChars ? clean : `${clean.slice(0, Math.max(0, maxChars - 1))}…`;
}
