import { z } from 'zod';

/** What one GPU can do at most: dense peaks, without sparsity. */
export interface GpuFacts {
  readonly name: string;
  /** Units: GB (1e9 bytes), as sold. */
  readonly memoryGb: number;
  /** Units: GB/s of device memory. */
  readonly bandwidthGbPerS: number;
  /** Units: TFLOP/s in 16 bit. */
  readonly tflops16: number;
  /** Units: TFLOP/s in fp8. Null when: it has no fp8 tensor cores. */
  readonly tflops8: number | null;
  /** Units: GB/s to another GPU, one way. */
  readonly linkGbPerS: number;
  /** CUDA compute capability times ten; null for other makers. */
  readonly sm: number | null;
}

type Row = readonly [
  name: string,
  pattern: RegExp,
  numbers: readonly [number, number, number, number | null, number, number | null],
];

/**
 * Numbers: memory GB, bandwidth GB/s, 16-bit TFLOP/s, fp8 TFLOP/s, link GB/s, compute capability x 10. The first match wins.
 * Source: ai-dynamo/aiconfigurator systems/*.yaml (H100, H200, A100, L40S, L4, B200); vendor data sheets (A10G, T4, RTX 4090, MI300X, H800, A800, RTX 3060, P40, GB10, L40, L20, B300).
 */
const ROWS: readonly Row[] = [
  ['H100 PCIe', /H100.*PCIE|H100PCIE/, [80, 2000, 756, 1513, 64, 90]],
  ['H100 SXM', /H100/, [80, 3350, 989, 1979, 450, 90]],
  ['H200 SXM', /H200/, [141, 4800, 989, 1979, 450, 90]],
  ['B200 SXM', /B200/, [180, 7700, 2250, 4500, 900, 100]],
  ['B300 SXM', /B300/, [288, 8000, 2250, 4500, 900, 103]],
  ['A100 40GB', /A100.*40G|A100SXM440/, [40, 1555, 312, null, 300, 80]],
  ['A100 80GB PCIe', /A100.*PCIE/, [80, 1935, 312, null, 32, 80]],
  ['A100 80GB SXM', /A100/, [80, 2039, 312, null, 300, 80]],
  ['L40S', /L40S/, [48, 864, 362, 733, 32, 89]],
  ['L40', /\bL40\b|^L40$|NVIDIAL40$/, [48, 864, 181, 362, 32, 89]],
  ['L20', /\bL20\b|^L20$|NVIDIAL20$/, [48, 864, 119, 239, 32, 89]],
  ['L4', /\bL4\b|^L4$|NVIDIAL4$/, [24, 300, 121, 242, 32, 89]],
  ['A10G', /A10G/, [24, 600, 70, null, 32, 86]],
  ['A10', /\bA10\b|^A10$|NVIDIAA10$/, [24, 600, 125, null, 32, 86]],
  ['T4', /\bT4\b|^T4$|TESLAT4$/, [16, 320, 65, null, 16, 75]],
  ['V100 32GB', /V100.*32G/, [32, 900, 125, null, 150, 70]],
  ['V100 16GB', /V100/, [16, 900, 125, null, 150, 70]],
  ['A40', /\bA40\b|^A40$|NVIDIAA40$/, [48, 696, 150, null, 32, 86]],
  ['RTX 6000 Ada', /6000 ?ADA/, [48, 960, 364, 728, 32, 89]],
  ['RTX A6000', /A6000/, [48, 768, 155, null, 32, 86]],
  ['H20', /\bH20\b|^H20$|NVIDIAH20$/, [96, 4000, 148, 296, 450, 90]],
  ['RTX 3090', /3090/, [24, 936, 71, null, 32, 86]],
  ['RTX 5090', /5090/, [32, 1792, 209, 419, 64, 120]],
  ['RTX 4090', /4090/, [24, 1008, 165, 330, 32, 89]],
  ['H800', /H800/, [80, 3350, 989, 1979, 200, 90]],
  ['A800', /A800/, [80, 2039, 312, null, 200, 80]],
  ['RTX 3060', /(?<!\d)3060(?!\d)/, [12, 360, 51, null, 16, 86]],
  ['Tesla P40', /P40\b/, [24, 347, 12, null, 16, 61]],
  ['GB10', /GB10|DGX ?SPARK|GX10/, [128, 273, 125, 250, 25, 121]],
  ['MI300X', /MI300X/, [192, 5300, 1307, 2615, 64, null]],
];

/**
 * Facts of a GPU by any of its names: dstack's (`H100`), NVML's (`NVIDIA H100 80GB HBM3`), a spec (`A100:40GB:1`).
 * Null when: the GPU is not in the table; no bound is given then.
 */
export function gpuFacts(name: string): GpuFacts | null {
  const plain = name.toUpperCase().replace(/[_:]/g, ' ');
  const tight = plain.replace(/[\s-]/g, '');
  const row = ROWS.find(([, pattern]) => pattern.test(plain) || pattern.test(tight));
  if (row === undefined) return null;
  const [memoryGb, bandwidthGbPerS, tflops16, tflops8, linkGbPerS, sm] = row[2];
  return { name: row[0], memoryGb, bandwidthGbPerS, tflops16, tflops8, linkGbPerS, sm };
}

/** The GPU part of a dstack `resources`. */
export interface GpuSpec {
  /** First accepted name; null when only memory or a count is given. */
  readonly name: string | null;
  /** Every accepted name. */
  readonly names: readonly string[];
  /** Smallest accepted memory per GPU. Units: GB. */
  readonly memoryGb: number | null;
  /** Smallest accepted count. */
  readonly count: number;
}

const MEMORY = /^(\d+(?:\.\d+)?)(GB|TB|MB)(?:\.\..*)?$/i;
const VENDORS = ['nvidia', 'amd', 'google', 'tpu', 'intel', 'tenstorrent'];

/**
 * Reads dstack's gpu spec: a count, a string of `:`-joined tokens in any order, or a mapping.
 * Null when: no GPU is asked for (unset, 0, or `0..`). Source: dstack core/models/resources.py.
 */
export function readGpuSpec(value: unknown): GpuSpec | null {
  if (typeof value === 'number') return readTokens([String(value)]);
  if (typeof value === 'string') return readTokens(value.split(':'));
  const mapping = GpuMapping.safeParse(value);
  if (!mapping.success) return null;
  const { name, memory, count } = mapping.data;
  return readTokens([[name].flat().join(','), minimum(memory, 'GB'), minimum(count, '')]);
}

const Range = z.union([
  z.number(),
  z.string(),
  z.looseObject({ min: z.union([z.number(), z.string()]).nullish() }),
]);
const GpuMapping = z.looseObject({
  name: z.union([z.string(), z.array(z.string())]).default([]),
  memory: Range.nullish(),
  count: Range.nullish(),
});

function minimum(range: z.infer<typeof Range> | null | undefined, unit: string): string {
  const least = typeof range === 'object' ? range?.min : range;
  return typeof least === 'number' ? `${least}${unit}` : (least ?? '');
}

function readTokens(tokens: readonly string[]): GpuSpec | null {
  let names: readonly string[] = [];
  let memoryGb: number | null = null;
  let count = 1;
  for (const token of tokens.map((part) => part.trim())) {
    const memory = MEMORY.exec(token);
    if (memory !== null) memoryGb = toGb(Number(memory[1]), memory[2] ?? 'GB');
    else if (/^\d+(\.\.\d*)?$/.test(token)) count = Number.parseInt(token, 10);
    else if (token !== '' && !VENDORS.includes(token.toLowerCase()))
      names = token.split(',').map((name) => name.trim());
  }
  return count === 0 ? null : { name: names[0] ?? null, names, memoryGb, count };
}

const toGb = (value: number, unit: string): number =>
  value * ({ TB: 1000, MB: 0.001 }[unit.toUpperCase()] ?? 1);
