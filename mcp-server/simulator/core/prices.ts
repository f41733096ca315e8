/**
 * Price of one GPU in the simulated cloud. Units: USD per hour.
 * Source: own round figures near public on-demand prices of 2026; illustrative, nobody sells at them.
 */
const USD_PER_GPU_HOUR: Readonly<Record<string, number>> = {
  H100: 2.99,
  H200: 3.99,
  'A100-80GB': 1.89,
  'A100-40GB': 1.29,
  L4: 0.8,
  L40S: 1.55,
  RTX4090: 0.69,
};

/** Price of `count` simulated GPUs. Units: USD per hour. Null when the table has no such GPU. */
export function simulatedPriceUsdPerHour(gpuName: string, count: number): number | null {
  const price = USD_PER_GPU_HOUR[gpuName];
  return price === undefined ? null : Math.round(price * count * 1000) / 1000;
}
