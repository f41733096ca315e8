/** Settings as somebody tells them, under the engine's names. */
export interface ToldSettings {
  readonly values: ReadonlyMap<string, string>;
  readonly evidenceId: string;
}

/** A flag that was asked for and is not in force. */
export interface UnmetFlag {
  readonly flag: string;
  readonly asked: string;
  readonly found: string;
  /** Name under which the engine tells it, and where. */
  readonly name: string;
  readonly evidenceId: string;
}

/** Other names of a setting in an engine's own words. Source: vLLM VllmConfig.__str__, SGLang scheduler start-up line. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  max_model_len: ['max_seq_len'],
  context_length: ['context_len'],
  tensor_parallel_size: ['tp_size'],
  tp: ['tp_size'],
  mem_fraction: ['mem_fraction_static'],
};

/** Lines by which an engine tells its configuration at the start. Source: SGLang server_args and scheduler, vLLM core.py. */
const TELLING_LINE = /server_args=|with config:|non-default args:|max_total_num_tokens=/;
const PAIR =
  /["']?([A-Za-z_]\w{1,60})["']?\s?[=:]\s?('[^']{0,200}'|"[^"]{0,200}"|[^\s,{}()]{1,200})/g;
/** Start-up is over by then. Source: own reasoning. */
const MAX_LINES = 3000;
const MAX_LINE_CHARS = 20_000;

/** Settings that the start-up lines of a log tell; of a name the last one stands, since adjustments come later. */
export function settingsInLog(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let from = 0;
  for (let count = 0; count < MAX_LINES && from < text.length; count += 1) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, Math.min(end < 0 ? text.length : end, from + MAX_LINE_CHARS));
    if (TELLING_LINE.test(line)) {
      for (const [, name = '', value = ''] of line.matchAll(PAIR)) values.set(name, bare(value));
    }
    if (end < 0) break;
    from = end + 1;
  }
  return values;
}

const bare = (value: string): string => value.replace(/^["']|["']$/g, '').replace(/^torch\./, '');

/** Flags whose value is told otherwise than asked; by the first teller that knows the setting. Spelling does not count. */
export function unmetFlags(
  requested: ReadonlyMap<string, string | null>,
  told: readonly ToldSettings[],
): readonly UnmetFlag[] {
  const unmet = new Map<string, UnmetFlag>();
  for (const [flag, value] of requested) {
    const asked = value ?? 'true';
    const found = findSetting(flag, told);
    if (found === null || isSame(asked, found.found) || unmet.has(found.name)) continue;
    unmet.set(found.name, { flag, asked, ...found });
  }
  return [...unmet.values()];
}

function findSetting(
  flag: string,
  told: readonly ToldSettings[],
): Pick<UnmetFlag, 'found' | 'name' | 'evidenceId'> | null {
  const own = flag.replace(/^-+/, '').replaceAll('-', '_');
  for (const { values, evidenceId } of told) {
    for (const name of [own, ...(ALIASES[own] ?? [])]) {
      const found = values.get(name);
      if (found !== undefined) return { found: found.slice(0, 200), name, evidenceId };
    }
  }
  return null;
}

/** Values of which the engine itself chooses what they mean. */
const CHOSEN = new Set(['auto', 'none', 'null', '']);

function isSame(asked: string, found: string): boolean {
  const [a, b] = [asked, found].map((text) => text.trim().toLowerCase());
  if (a === undefined || b === undefined || a === b || CHOSEN.has(a)) return true;
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return Math.abs(x - y) <= 1e-6 * Math.abs(x);
  // Paths, JSON and lists are told in other words than they are asked for.
  return /[/{[]/.test(a) || a.endsWith(b) || b.endsWith(a);
}
