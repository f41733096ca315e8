import type { Change } from '../core/service/change.ts';
import { isSpeculationFlag } from '../core/service/speculation-flag.ts';
import type { Engine } from './engine.ts';

/** Variables that switch kernels, precision or speculation. Source: own reasoning over VLLM_*, SGLANG_* and GGML_* names. */
const QUALITY_ENV =
  /ATTENTION|QUANT|DTYPE|FP8|FP4|SPEC|SAMPL|FLASHINFER|DETERMINIS|PRECISION|TF32/i;

/** True when changes can alter outputs: weights, KV type, speculation, attention, sampling, model, image. */
export function touchesQuality(engine: Engine, changes: readonly Change[]): boolean {
  return changes.some((change) => isQualityChange(engine, change));
}

function isQualityChange(engine: Engine, change: Change): boolean {
  switch (change.kind) {
    case 'set_flag':
    case 'remove_flag':
      return isQualityFlag(engine, change.flag);
    case 'set_env':
    case 'remove_env':
      return QUALITY_ENV.test(change.name);
    case 'set_image':
    case 'set_gpu':
      return true;
    case 'set_resource':
      return false;
  }
}

function isQualityFlag(engine: Engine, flag: string): boolean {
  const canonical = engine.canonicalFlag(flag).split('.')[0] ?? '';
  const positive = canonical.startsWith('--no-') ? `--${canonical.slice(5)}` : canonical;
  const isListed =
    engine.qualityFlags.includes(canonical) || engine.qualityFlags.includes(positive);
  return isListed || isSpeculationFlag(positive);
}
