import type { Rule } from '../rule.ts';
import { ADMISSION_RULES } from './admission.ts';
import { DECODE_RULES } from './decode.ts';
import { KERNEL_RULES } from './kernels.ts';
import { LLAMACPP_RULES } from './llamacpp.ts';
import { MEASUREMENT_RULES } from './measurement.ts';
import { PREFILL_RULES } from './prefill.ts';
import { SERVICE_RULES } from './service.ts';
import { STARTUP_RULES } from './startup.ts';
import { THROUGHPUT_RULES } from './throughput.ts';

/** Every rule, families in the order in which a person would look. */
export const RULES: readonly Rule[] = [
  ...STARTUP_RULES,
  ...MEASUREMENT_RULES,
  ...ADMISSION_RULES,
  ...PREFILL_RULES,
  ...DECODE_RULES,
  ...THROUGHPUT_RULES,
  ...KERNEL_RULES,
  ...SERVICE_RULES,
  ...LLAMACPP_RULES,
];
