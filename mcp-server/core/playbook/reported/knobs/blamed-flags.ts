/** Flags that only say where and under which name a server answers. */
const PLACES =
  /^--(?:host|port|(?:served-)?model(?:-path|-name)?|tokenizer-path|node-rank|api-key|trust-remote-code|log-[\w-]+)$/;

/** Flags of a launch whose value is a number that a refusal names. */
export function refusedValues(launch: string, evidence: readonly string[]): readonly string[] {
  const numbers = new Set(evidence.flatMap((line) => line.match(/(?<![\w.])\d+(?![\w.])/g) ?? []));
  return [...launch.matchAll(/(--?[a-z][\w-]*)[ =]+(\d+)(?!\S)/g)]
    .filter(
      ([, flag = '', value = '']) => !PLACES.test(flag) && Number(value) > 1 && numbers.has(value),
    )
    .map(([, flag = '']) => flag);
}

/** Flags of a launch whose value is a word that a refusal names: `Unknown policy: lpm`, `'glm45'`. */
export function refusedTexts(launch: string, evidence: readonly string[]): readonly string[] {
  const refused = new Set(
    evidence.flatMap((line) =>
      [...line.matchAll(/(?:: |=|['"`])([a-zA-Z][\w.-]*\w)/g)].map(([, word]) => word),
    ),
  );
  return [...launch.matchAll(/(--?[a-z][\w-]*)[ =]+([a-zA-Z][\w.-]+)(?!\S)/g)]
    .filter(([, flag = '', value]) => !PLACES.test(flag) && refused.has(value))
    .map(([, flag = '']) => flag);
}

const DEVICES = /\b(?:CUDA|HIP|ROCR)_VISIBLE_DEVICES(?==[\d,]*\d)/;

/** What shows a program as many devices as a refusal names, where it splits over all of them by itself. */
export function refusedDevices(launch: string, evidence: readonly string[]): readonly string[] {
  const name = DEVICES.exec(launch)?.[0];
  if (name === undefined) return [];
  const count = launch.split(`${name}=`)[1]?.split(/\s/)[0]?.split(',').length ?? 0;
  const isNamed = evidence.some(
    (line) => /parallel|world.?size/i.test(line) && line.includes(`(${count})`),
  );
  return isNamed ? [name] : [];
}

/** Flags of a launch whose size is no power of two, where a kernel asks for one. Source: Triton language/semantic.py, arange. */
export function unevenSizes(launch: string, evidence: readonly string[]): readonly string[] {
  if (!/power of (?:2|two)/i.test(evidence.join('\n'))) return [];
  return [...launch.matchAll(/(--[a-z][\w-]*)[ =]+(\d+)(?!\S)/g)]
    .filter(([, flag = '', value = '']) => !PLACES.test(flag) && !isPowerOfTwo(Number(value)))
    .map(([, flag = '']) => flag);
}
const isPowerOfTwo = (size: number): boolean => Number.isInteger(Math.log2(size));

/** The flag with which the size of FlashInfer's scratch is fixed, whatever the environment asks for. Source: SGLang server_args, deterministic inference. */
const FIXES_SCRATCH = '--enable-deterministic-inference';
const SCRATCH: Readonly<Record<string, string>> = {
  sglang: 'SGLANG_FLASHINFER_WORKSPACE_SIZE',
  vllm: 'VLLM_FLASHINFER_WORKSPACE_BUFFER_SIZE',
};

/** What sets the size of a scratch that is too small for a prompt. */
export function scratchKnobs(
  engine: string,
  launch: string,
  evidence: readonly string[],
): readonly string[] {
  if (!/memory for \w+ with size \d+ and alignment/.test(evidence.join('\n'))) return [];
  const knob = launch.includes(FIXES_SCRATCH) ? FIXES_SCRATCH : SCRATCH[engine];
  return knob === undefined ? [] : [knob];
}

const WITHOUT =
  /\b(?:without|only (?:with|when|if)|remov\w+|dropp?\w*|leav\w+ out|omit\w*|turn\w+ off|unset\w*|disabl\w+)\b[^.\n]{0,16}?(--[a-z][\w-]+)/gi;
/** Classes that a setting of the launch may bring about. */
const BY_SETTING = [
  'hang_watchdog',
  'nccl_interconnect',
  'bad_flag_combination',
  'unsupported_gpu_or_kernel',
];
const MAX_BLAMED = 4;

/** Flags of a launch without which it works, as somebody says. */
export function blamedFlags(cls: string, launch: string, words: string): readonly string[] {
  if (!BY_SETTING.includes(cls)) return [];
  return [...words.matchAll(WITHOUT)]
    .map(([, flag = '']) => flag)
    .filter((flag) => launch.includes(flag))
    .slice(0, MAX_BLAMED);
}

/** What a launch sets, where nothing tells which of it clashes. */
export const clashingFlags = (launch: string): readonly string[] =>
  (launch.match(/(?<!\S)--[a-z][\w-]+/g) ?? [])
    .map((flag) => flag.replaceAll('_', '-'))
    .filter((flag) => !PLACES.test(flag));
