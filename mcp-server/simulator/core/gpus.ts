/** What a GPU can do and how much of it an engine gets: peaks from data sheets, efficiencies from profiled kernels. */
export interface SimGpu {
  readonly name: string;
  /** Bytes the engine sees at start. */
  readonly memoryBytes: number;
  /** Units: bytes/s. */
  readonly memoryBandwidth: number;
  /** Units: FLOP/s, dense. */
  readonly flops16: number;
  /** Units: FLOP/s, dense; null when the chip has no fp8 tensor cores. */
  readonly flops8: number | null;
  /** Units: bytes/s, one way. */
  readonly linkBandwidth: number;
  /** Latency of one small all-reduce in µs for 2, 4 and 8 GPUs. */
  readonly allReduceUs: readonly [number, number, number];
  /** Share of the memory bandwidth that weight reads reach. */
  readonly etaMemory: number;
  /** Share of the peak that large matrix products reach in 16 bit. */
  readonly etaCompute: number;
  /** Share of the memory bandwidth that KV reads reach. */
  readonly etaKv: number;
}

const GIB = 1024 ** 3;
const TERA = 1e12;
const GIGA = 1e9;
const NVLINK_US = [6, 7, 9] as const;
const PCIE_US = [20, 30, 40] as const;

/**
 * Source: peaks as on the vendors' data sheets (dense, no sparsity); etaMemory and etaKv from profiled kernel
 * tables of vidur and LLMServingSim and step times at small batch (A100 0.70-0.78, H100 0.70-0.83, L40S 0.87, L4 0.88,
 * RTX 4090 0.92-0.96); etaCompute 0.65-0.75, less where power limits it (L4, L40S by the slope of TTFT), RTX 4090 0.95 of 165 TFLOP/s; all-reduce: custom one-shot kernels on NVLink 5-10 µs, NCCL on PCIe 20 µs.
 */
export const SIM_GPUS: readonly SimGpu[] = [
  {
    name: 'H100',
    memoryBytes: 79.2 * GIB,
    memoryBandwidth: 3350 * GIGA,
    flops16: 989 * TERA,
    flops8: 1979 * TERA,
    linkBandwidth: 450 * GIGA,
    allReduceUs: NVLINK_US,
    etaMemory: 0.82,
    etaCompute: 0.7,
    etaKv: 0.84,
  },
  {
    name: 'H200',
    memoryBytes: 139.8 * GIB,
    memoryBandwidth: 4800 * GIGA,
    flops16: 989 * TERA,
    flops8: 1979 * TERA,
    linkBandwidth: 450 * GIGA,
    allReduceUs: NVLINK_US,
    etaMemory: 0.82,
    etaCompute: 0.7,
    etaKv: 0.84,
  },
  {
    name: 'A100-80GB',
    memoryBytes: 79.1 * GIB,
    memoryBandwidth: 2039 * GIGA,
    flops16: 312 * TERA,
    flops8: null,
    linkBandwidth: 300 * GIGA,
    allReduceUs: NVLINK_US,
    etaMemory: 0.775,
    etaCompute: 0.7,
    etaKv: 0.84,
  },
  {
    name: 'A100-40GB',
    memoryBytes: 39.4 * GIB,
    memoryBandwidth: 1555 * GIGA,
    flops16: 312 * TERA,
    flops8: null,
    linkBandwidth: 300 * GIGA,
    allReduceUs: NVLINK_US,
    etaMemory: 0.8,
    etaCompute: 0.7,
    etaKv: 0.84,
  },
  {
    name: 'L4',
    memoryBytes: 22.0 * GIB,
    memoryBandwidth: 300 * GIGA,
    flops16: 121 * TERA,
    flops8: 242 * TERA,
    linkBandwidth: 32 * GIGA,
    allReduceUs: PCIE_US,
    etaMemory: 0.85,
    etaCompute: 0.62,
    etaKv: 0.88,
  },
  {
    name: 'L40S',
    memoryBytes: 44.5 * GIB,
    memoryBandwidth: 864 * GIGA,
    flops16: 362 * TERA,
    flops8: 733 * TERA,
    linkBandwidth: 32 * GIGA,
    allReduceUs: PCIE_US,
    etaMemory: 0.87,
    etaCompute: 0.58,
    etaKv: 0.88,
  },
  {
    name: 'RTX4090',
    memoryBytes: 23.5 * GIB,
    memoryBandwidth: 1008 * GIGA,
    flops16: 165 * TERA,
    flops8: 330 * TERA,
    linkBandwidth: 32 * GIGA,
    allReduceUs: PCIE_US,
    etaMemory: 0.95,
    etaCompute: 0.95,
    etaKv: 0.9,
  },
];

const normalise = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

const PREFIXES = ['NVIDIA', 'GEFORCE', 'TESLA'];

function bareName(name: string): string {
  let bare = normalise(name);
  for (const prefix of PREFIXES) if (bare.startsWith(prefix)) bare = bare.slice(prefix.length);
  return bare;
}

/** The GPU of a dstack name (`H100`, `A100` with its memory, `rtx4090`). Null when the simulator has no facts for it. */
export function findSimGpu(name: string, memoryGb: number | null): SimGpu | null {
  const bare = bareName(name);
  if (bare.startsWith('A100')) {
    const is40 = bare.includes('40') || (memoryGb !== null && memoryGb <= 40);
    return SIM_GPUS.find((gpu) => gpu.name === (is40 ? 'A100-40GB' : 'A100-80GB')) ?? null;
  }
  return (
    SIM_GPUS.find((gpu) => normalise(gpu.name) === bare) ??
    SIM_GPUS.find((gpu) => bare.startsWith(normalise(gpu.name)) && gpu.name.length > 2) ??
    null
  );
}
