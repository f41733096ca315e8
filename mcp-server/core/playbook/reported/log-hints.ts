import type { LogEvent } from '../../telemetry/log-event.ts';
import { crashCause } from '../../telemetry/logs.ts';
import { sizesOf } from './number-hints.ts';
import { foreignMemoryShare } from './oom-numbers.ts';
import { EXPLAINS } from './rank-causes.ts';
import type { Hint, Report } from './report.ts';
import { reportedClass } from './same-as.ts';

/** What the known lines of a log speak for. */
export function logHints(told: readonly LogEvent[], report: Report): readonly Hint[] {
  const root = crashCause(told);
  return told
    .filter((event) => event.rootCause)
    .flatMap((event) => {
      const explains = EXPLAINS[reportedClass(event.cls)] ?? [];
      const isWhy = event === root || (root !== null && explains.includes(reportedClass(root.cls)));
      const weight = isWhy ? 0.86 : event.severity === 'fatal' ? 0.5 : 0.55;
      return reread(event, report).map(([cls, share]) => ({
        cls,
        weight: weight * share,
        evidence: event.line,
      }));
    });
}

type Shares = readonly (readonly [cls: string, share: number])[];

/** Lines that speak for several classes, with how much for each. Source: own reasoning over the engines' texts. */
const AMBIGUOUS: readonly (readonly [RegExp, Shares])[] = [
  [
    /Watchdog caught collective/,
    [
      ['hang_watchdog', 0.9],
      ['nccl_interconnect', 0.9],
    ],
  ],
  [
    /quantization method \S+ is not supported for the current GPU/,
    [
      ['unsupported_gpu_or_kernel', 1],
      ['quantization_mismatch', 0.85],
    ],
  ],
];
const BARE_OOM: Shares = [
  ['oom_under_load', 0.5],
  ['weights_do_not_fit', 0.45],
  ['oom_activation_prefill', 0.35],
  ['oom_cuda_graph_capture', 0.3],
];

/** A bare out-of-memory line tells little of when it came; words, phases and sizes have to. */
function reread(event: LogEvent, report: Report): Shares {
  const cls = reportedClass(event.cls);
  const known = AMBIGUOUS.find(([pattern]) => pattern.test(event.line));
  if (known !== undefined) return known[1];
  if ((foreignMemoryShare(event.line) ?? 0) > 0.3) {
    return [
      ['gpu_already_in_use', 1],
      [cls, 0.5],
    ];
  }
  const isBare = event.phase !== 'ready' && !/Decode|alloc_req_slots|retract/.test(event.line);
  if (event.cls === 'oom_under_load' && isBare) return BARE_OOM;
  const share = sizesOf(report).weightShare ?? Number.NaN;
  if (cls === 'weights_do_not_fit' && share < 0.4 && event.cls !== 'host_out_of_memory') {
    return [
      [cls, 0.8],
      ['gpu_already_in_use', 0.8],
    ];
  }
  return rereadBySize(event, cls, share);
}

/**
 * No room is left for the KV cache: because weights take it all, or because the pool got too little.
 * Source: SGLang raises its line when no token is left for the pool after the weights are loaded.
 */
function rereadBySize(event: LogEvent, cls: string, weightShare: number): Shares {
  if (/Not enough memory\. Please try to increase --mem-fraction-static/.test(event.line)) {
    return weightShare > 0.8
      ? [
          ['weights_do_not_fit', 1],
          ['kv_cache_too_small', 0.8],
        ]
      : [
          ['kv_cache_too_small', 1],
          ['weights_do_not_fit', 0.75],
        ];
  }
  if (/No available memory for the cache blocks/.test(event.line) && weightShare > 0.85) {
    return [
      ['weights_do_not_fit', 0.9],
      [cls, 0.95],
    ];
  }
  return [[cls, 1]];
}
