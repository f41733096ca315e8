/**
 * Release day of each vLLM version, to place flags that are dated by commit.
 * Source: GitHub releases of vllm-project/vllm; versions after 0.13 are placed by the pace of about two weeks (from 0.28 on of less than three) and may be off by one.
 */
const RELEASES: readonly (readonly [string, string])[] = [
  ['0.8.5', '2025-04-28'],
  ['0.9.0', '2025-05-27'],
  ['0.9.1', '2025-06-10'],
  ['0.9.2', '2025-07-07'],
  ['0.10.0', '2025-07-24'],
  ['0.10.1', '2025-08-18'],
  ['0.10.2', '2025-09-13'],
  ['0.11.0', '2025-10-02'],
  ['0.11.1', '2025-11-18'],
  ['0.12.0', '2025-12-03'],
  ['0.13.0', '2025-12-18'],
  ['0.14.0', '2026-01-20'],
  ['0.15.0', '2026-01-29'],
  ['0.16.0', '2026-02-13'],
  ['0.17.0', '2026-03-06'],
  ['0.18.0', '2026-03-20'],
  ['0.19.0', '2026-04-03'],
  ['0.20.0', '2026-04-24'],
  ['0.21.0', '2026-05-15'],
  ['0.22.0', '2026-05-29'],
  ['0.23.0', '2026-06-15'],
  ['0.24.0', '2026-06-30'],
  ['0.25.0', '2026-07-14'],
  ['0.26.0', '2026-07-28'],
  ['0.27.0', '2026-08-10'],
  ['0.28.0', '2026-08-26'],
  ['0.29.0', '2026-09-13'],
  ['0.30.0', '2026-10-01'],
  ['0.31.0', '2026-10-19'],
  ['0.32.0', '2026-11-06'],
];

/**
 * First version released after the day a mark such as `2025-09`, `2026-03-07` or `<=2025-05` names; `seen 0.32.0` is that version.
 * Null when: the mark is older than every version we compared.
 */
export function vllmVersionOfMark(mark: string): string | null {
  if (mark.startsWith('<=')) return null;
  if (mark.startsWith('seen ')) return mark.slice('seen '.length);
  const date = /^\d{4}(?:-\d\d(?:-\d\d)?)?/.exec(mark)?.[0];
  if (date === undefined) return null;
  const day = date.length === 10 ? date : `${date.padEnd(7, '-01')}-15`;
  return RELEASES.find(([, released]) => released > day)?.[0] ?? '0.33.0';
}
