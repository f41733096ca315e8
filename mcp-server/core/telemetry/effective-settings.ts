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

/** llama.cpp's names for a context, that of one slot first, which is the one capped last. */
const CONTEXT_NAMES = ['new slot, n_ctx', 'n_ctx_slot', 'n_ctx'];
/** Names of the number of slots that share it. */
const SLOT_NAMES = ['n_slots', 'n_parallel', 'total_slots'];

/**
 * Other names of a setting in an engine's own words.
 * Source: vLLM VllmConfig.__str__, SGLang scheduler start-up line, llama.cpp llama-context.cpp, tools/server and /props.
 */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  max_model_len: ['max_seq_len'],
  context_length: ['context_len'],
  tensor_parallel_size: ['tp_size'],
  tp: ['tp_size'],
  data_parallel_size: ['dp_size'],
  dp: ['dp_size'],
  mem_fraction: ['mem_fraction_static'],
  ctx_size: CONTEXT_NAMES,
  parallel: SLOT_NAMES,
  threads: ['n_threads'],
  threads_batch: ['n_threads_batch'],
  batch_size: ['n_batch'],
  ubatch_size: ['n_ubatch'],
};

/** Settings that mean other things at home than in the launch. */
const NOT_COMPARED =
  /^(?:host|port|model|model_path|tokenizer_path|served_model_name|api_key|version|log_\w+)$/;

/** Lines by which an engine tells its configuration at the start. */
interface Teller {
  readonly line: RegExp;
  readonly pair: RegExp;
  /** Which of several values of a name stands. */
  readonly stands: 'first' | 'last';
}

const TELLERS: readonly Teller[] = [
  {
    // The scheduler's line comes last and tells what was adjusted. Source: SGLang server_args and scheduler, vLLM core.py.
    line: /server_args=|with config:|non-default args:|max_total_num_tokens=/,
    pair: /["']?([A-Za-z_]\w{1,60})["']?\s?[=:]\s?('[^']{0,200}'|"[^"]{0,200}"|[^\s,{}()[\]<>]{1,200})/g,
    stands: 'last',
  },
  {
    // The context of a draft model comes behind that of the model. Source: llama.cpp llama-context.cpp, server-context.cpp.
    line: /\bllama_(?:context|new_context_with_model|init_from_model): n_|initializing(?: slots)?, n_slots =|new slot,? n_ctx|system_info: n_threads|threadpool init, n_threads|using n_parallel =/,
    pair: /\b((?:new slot, )?n_\w{1,40}|kv_unified)\s{0,20}=\s?'?(-?\w{1,40})/g,
    stands: 'first',
  },
];
/** Start-up is over by then. Source: own reasoning. */
const MAX_LINES = 3000;
const MAX_LINE_CHARS = 20_000;

/** Settings that the start-up lines of a log tell. */
export function settingsInLog(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let from = 0;
  for (let count = 0; count < MAX_LINES && from < text.length; count += 1) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, Math.min(end < 0 ? text.length : end, from + MAX_LINE_CHARS));
    for (const teller of TELLERS) if (teller.line.test(line)) readPairs(line, teller, values);
    if (end < 0) break;
    from = end + 1;
  }
  return values;
}

function readPairs(line: string, { pair, stands }: Teller, into: Map<string, string>): void {
  for (const [, name = '', value = ''] of line.matchAll(pair)) {
    if (stands === 'last' || !into.has(name)) into.set(name, bare(value));
  }
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
    const setting = findSetting(flag, told);
    if (setting === null || isInForce(asked, setting) || unmet.has(setting.name)) continue;
    const { name, evidenceId } = setting;
    unmet.set(name, { flag, asked, found: setting.found.slice(0, 200), name, evidenceId });
  }
  return [...unmet.values()];
}

interface Setting extends ToldSettings {
  readonly name: string;
  readonly found: string;
}

function findSetting(flag: string, told: readonly ToldSettings[]): Setting | null {
  const own = flag.replace(/^-+/, '').replaceAll('-', '_');
  if (NOT_COMPARED.test(own)) return null;
  for (const teller of told) {
    for (const name of [own, ...(ALIASES[own] ?? [])]) {
      const found = teller.values.get(name);
      if (found !== undefined) return { ...teller, name, found };
    }
  }
  return null;
}

/** Values of which the engine itself chooses what they mean. */
const CHOSEN = new Set(['auto', 'none', 'null', '', '-1']);
/** Other spellings. Source: vLLM and SGLang --dtype, llama.cpp --flash-attn. */
const SPELLINGS: Readonly<Record<string, string>> = {
  half: 'float16',
  float: 'float32',
  on: 'true',
  enabled: 'true',
  off: 'false',
  disabled: 'false',
};
/** Paths, variables of the shell, JSON and lists are told in other words than they are asked for. */
const OTHER_WORDS = /[/{[$]/;

const spelled = (text: string): string => {
  const lower = text.trim().toLowerCase();
  return SPELLINGS[lower] ?? lower;
};

function isInForce(asked: string, setting: Setting): boolean {
  const [a, b] = [spelled(asked), spelled(setting.found)];
  if (a === b || CHOSEN.has(a)) return true;
  const [wanted, running] = [numberIn(asked), numberIn(setting.found)];
  if (wanted !== null && running !== null) return isEnough(wanted, running, setting);
  return OTHER_WORDS.test(a) || isEndOf(a, b) || isEndOf(b, a);
}

/** Whether a text is the last words of another, as `fa3` is of `backend.fa3`. */
const isEndOf = (end: string, whole: string): boolean =>
  whole.endsWith(end) && !/\w$/.test(whole.slice(0, whole.length - end.length));

/** Powers behind a number. Source: vLLM human_readable_int, `16k` is 16,000 and `16K` is 16,384. */
const POWERS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
};

function numberIn(text: string): number | null {
  const [, digits, power = ''] = /^(-?[\d.]+)([kmgKMG]?)$/.exec(text.trim()) ?? [];
  const value = Number(digits) * (POWERS[power] ?? 1);
  return Number.isFinite(value) ? value : null;
}

/** Whether a number is what was asked for, as a whole or as the share of one part of the engine. */
function isEnough(wanted: number, running: number, { name, values }: Setting): boolean {
  const parts = (names: readonly string[]): number =>
    names.map((one) => Number(values.get(one))).find((count) => count > 1) ?? 1;
  if (CONTEXT_NAMES.includes(name)) {
    // llama.cpp rounds a context up and tells that of one slot, which is all of it where the slots share it; 0 is the model's own.
    const slots = values.get('kv_unified') === 'true' ? 1 : parts(SLOT_NAMES);
    return wanted === 0 || running * slots >= wanted;
  }
  // Under attention with data parallelism SGLang gives each rank its share. Source: SGLang server_args.py, scheduler.py.
  return [1, parts(['dp_size'])].some(
    (ranks) => Math.abs(wanted - running * ranks) <= 1e-6 * Math.abs(wanted),
  );
}
