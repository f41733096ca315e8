import type { Rule } from '../rule.ts';
import { ADMISSION_RULES } from './admission.ts';
import { DECODE_RULES } from './decode.ts';
import { FRONT_END_RULES } from './front-end.ts';
import { KERNEL_RULES } from './kernels.ts';
import { LLAMACPP_RULES } from './llamacpp.ts';
import { MEASUREMENT_RULES } from './measurement.ts';
import { NODE_RULES } from './node.ts';
import { PARALLEL_RULES } from './parallel.ts';
import { PREFILL_RULES } from './prefill.ts';
import { PREFIX_CACHE_RULES } from './prefix-cache.ts';
import { SERVICE_RULES } from './service.ts';
import { SPECULATION_RULES } from './speculation.ts';
import { STARTUP_RULES } from './startup.ts';
import { THROUGHPUT_RULES } from './throughput.ts';

/** Every rule, families in the order in which a person would look. */
export const RULES: readonly Rule[] = [
  ...STARTUP_RULES,
  ...NODE_RULES,
  ...MEASUREMENT_RULES,
  ...SERVICE_RULES,
  ...ADMISSION_RULES,
  ...PREFIX_CACHE_RULES,
  ...PREFILL_RULES,
  ...FRONT_END_RULES,
  ...DECODE_RULES,
  ...SPECULATION_RULES,
  ...THROUGHPUT_RULES,
  ...PARALLEL_RULES,
  ...KERNEL_RULES,
  ...LLAMACPP_RULES,
];
