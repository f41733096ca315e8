import { isRecord } from '../../../core/parse.ts';
import type { AllowedHardware } from '../../../ports/deploy.ts';

/** What a dstack `gpu` value asks for. Null count when: the value gives none, which means "one or more". */
export interface GpuSpec {
  readonly names: readonly string[];
  readonly memory: string | null;
  readonly vendor: string | null;
  readonly count: { readonly min: number; readonly max: number | null } | null;
}

const VENDORS = ['nvidia', 'amd', 'google', 'tpu', 'intel', 'tenstorrent'];
const MEMORY =
  /^\d+(\.\d+)?\s*(MB|GB|TB)(\.\.)?(\d+(\.\d+)?\s*(MB|GB|TB))?$|^\.\.\d+(\.\d+)?\s*(MB|GB|TB)$/i;
const COUNT = /^(\d+)?(\.\.)?(\d+)?$/;
const NO_GPU: GpuSpec = { names: [], memory: null, vendor: null, count: null };

/** Reads `2`, `H100:80GB:2`, `24GB..:1` or a mapping. Null when: it has another shape, which dstack would refuse. */
export function readGpuSpec(value: unknown): GpuSpec | null {
  if (value === undefined || value === null) return NO_GPU;
  if (typeof value === 'number') return { ...NO_GPU, count: { min: value, max: value } };
  if (typeof value === 'string') return readTokens(value);
  return isRecord(value) ? readMapping(value) : null;
}

function readTokens(text: string): GpuSpec | null {
  let spec = NO_GPU;
  for (const token of text
    .replaceAll(' ', '')
    .split(':')
    .filter((part) => part !== '')) {
    const range = readRange(token);
    if (VENDORS.includes(token.toLowerCase())) spec = { ...spec, vendor: token.toLowerCase() };
    else if (range !== null) spec = { ...spec, count: range };
    else if (MEMORY.test(token)) spec = { ...spec, memory: token };
    else if (/^[A-Za-z][\w,-]*$/.test(token)) spec = { ...spec, names: token.split(',') };
    else return null;
  }
  return spec;
}

function readMapping(value: Record<string, unknown>): GpuSpec | null {
  const { name, count, memory, vendor } = value;
  const names = typeof name === 'string' ? name.split(',') : Array.isArray(name) ? name : [];
  const range = count === undefined ? null : readCount(count);
  if (count !== undefined && range === null) return null;
  return {
    names: names.filter((item): item is string => typeof item === 'string'),
    memory: typeof memory === 'string' ? memory : null,
    vendor: typeof vendor === 'string' ? vendor : null,
    count: range,
  };
}

function readCount(count: unknown): GpuSpec['count'] {
  if (typeof count === 'number') return { min: count, max: count };
  if (typeof count === 'string') return readRange(count);
  if (!isRecord(count) || typeof count['min'] !== 'number') return null;
  return { min: count['min'], max: typeof count['max'] === 'number' ? count['max'] : null };
}

function readRange(token: string): GpuSpec['count'] {
  const match = COUNT.exec(token);
  if (match === null || token === '' || token === '..') return null;
  const [, low, dots, high] = match;
  if (dots === undefined) return { min: Number(low), max: Number(low) };
  return { min: Number(low ?? 0), max: high === undefined ? null : Number(high) };
}

/**
 * The count to write so that the text asks for exactly one size of machine, or what is wrong with it.
 * A missing count is the one that the contract allows for the named GPU.
 */
export function fixGpuCount(
  spec: GpuSpec,
  allowed: readonly AllowedHardware[],
): { readonly count: number } | { readonly problem: string } {
  const fitting = allowed.filter((choice) => isNamed(spec, choice));
  const wanted = spec.count;
  if (wanted === null) {
    const first = fitting[0];
    if (first === undefined)
      return { problem: 'asks for hardware that the contract does not allow' };
    return { count: countOf(first) };
  }
  if (wanted.max !== wanted.min)
    return { problem: 'gives a range of GPUs where one number must stand' };
  if (fitting.some((choice) => countOf(choice) === wanted.min)) return { count: wanted.min };
  return { problem: 'asks for hardware that the contract does not allow' };
}

function isNamed(spec: GpuSpec, choice: AllowedHardware): boolean {
  if (spec.count?.max === 0) return choice.gpu.toLowerCase() === 'cpu';
  if (spec.names.length === 0) return true;
  return spec.names.every((name) => name.toLowerCase() === choice.gpu.toLowerCase());
}

function countOf(choice: AllowedHardware): number {
  return choice.gpu.toLowerCase() === 'cpu' ? 0 : choice.count;
}
