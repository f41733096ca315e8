import { cleanText } from '../core/redact.ts';
import { type ToldSettings, unmetFlags } from '../core/telemetry/effective-settings.ts';

/** Findings that an answer has room for. */
const MAX_FINDINGS = 6;

/**
 * Flags that the launch asked for and the engine does not run with, each as one sentence that names where it stands.
 * Empty when: all took effect, or nothing tells.
 */
export function unmetNotes(
  requested: ReadonlyMap<string, string | null>,
  told: readonly ToldSettings[] | null,
): readonly string[] {
  return unmetFlags(requested, told ?? [])
    .slice(0, MAX_FINDINGS)
    .map(
      ({ flag, asked, found, name, evidenceId }) =>
        `${flag} ${cleanText(asked, 80)} did not take effect: the engine runs with ${JSON.stringify(cleanText(found, 80))} (${name}, ${evidenceId})`,
    );
}
