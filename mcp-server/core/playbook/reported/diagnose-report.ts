import { cleanText } from '../../redact.ts';
import type { LogEvent } from '../../telemetry/log-event.ts';
import { crashCause } from '../../telemetry/logs.ts';
import type { Sample } from '../../telemetry/prometheus.ts';
import { diagnose } from '../diagnose.ts';
import type { Observation } from '../observation.ts';
import { knobsFor } from './knobs-for.ts';
import { logLoadHints } from './load-hints.ts';
import { LOAD_REMEDIES } from './load-remedies.ts';
import type { FlagNames } from './named-flags.ts';
import { numberHints, sizesOf } from './number-hints.ts';
import { PLACE_REMEDIES } from './place-remedies.ts';
import type { Remedy } from './remedy.ts';
import type { Hint, Report } from './report.ts';
import { scrapeHints } from './scrape-hints.ts';
import { START_REMEDIES } from './start-remedies.ts';
import { textHints } from './text-hints.ts';

export interface ReportedCause {
  readonly class: string;
  readonly confidence: number;
  /** Lines and values of the report: data from outside, cleaned and capped. */
  readonly evidence: readonly string[];
  readonly knobs: readonly string[];
  readonly fix: string;
}

const REMEDIES: Readonly<Record<string, Remedy>> = {
  ...START_REMEDIES,
  ...PLACE_REMEDIES,
  ...LOAD_REMEDIES,
};
const MAX_CAUSES = 5;
const MAX_EVIDENCE = 4;

/** Classes of the playbook that a report tells under another name. */
const SAME_AS: Readonly<Record<string, string>> = {
  queueing: 'batch_cap_binding',
  cpu_threads_low: 'cpu_or_frontend_bound',
  cpu_oversubscribed: 'cpu_or_frontend_bound',
  compute_bound: 'prefill_bound',
  host_out_of_memory: 'weights_do_not_fit',
  unsupported_model: 'bad_flag_value',
  bad_install: 'driver_or_cuda_mismatch',
  gpu_fault: 'unsupported_gpu_or_kernel',
  no_capacity_queue: 'batch_cap_binding',
  executor_error: 'instance_unreachable',
};

const GPU_ONLY = [
  'oom_cuda_graph_capture',
  'oom_sampler_warmup',
  'decode_eager_no_cuda_graph',
  'detokenizer_bound',
  'admission_too_conservative',
  'preemption_thrash',
];

/** What a report of texts alone supports: log events, playbook rules, words and numbers, weighed together. */
export function diagnoseReport(
  report: Report,
  seen: {
    readonly observation: Observation;
    readonly scrape: readonly Sample[];
    readonly names: FlagNames;
  },
): readonly ReportedCause[] {
  const { observation, scrape, names } = seen;
  const told = (observation.log?.events ?? []).filter(
    (event) => !ADDRESSES_READER.test(event.line),
  );
  const logged = logHints(told, report);
  const hasFailed =
    FAILURE.test(report.input.symptom ?? '') ||
    logged.some((hint) => hint.weight >= 0.5 && !isLoadClass(hint.cls));
  const hints = [
    ...logged,
    ...ruleHints(observation),
    ...logLoadHints(observation.log?.load ?? null),
    ...scrapeHints(scrape),
    ...numberHints(report),
    ...textHints(report).map((hint) => ({
      ...hint,
      weight: hint.weight * dampOf(hint, hasFailed, report),
    })),
  ];
  return rank(hints.filter(({ cls }) => isPossible(cls, report)))
    .slice(0, MAX_CAUSES)
    .flatMap(({ cls, confidence, evidence }) => {
      const remedy = REMEDIES[cls];
      if (remedy === undefined) return [];
      const own = told.filter((event) => event.cls === cls);
      const launch = report.input.launch_command ?? '';
      const knobs = knobsFor(remedy, { cls, launch, names, events: own, evidence });
      return [{ class: cls, confidence, evidence, knobs, fix: remedy.fix }];
    });
}

/** Words of a server that ended or never served, so that how fast it was matters little. */
const FAILURE =
  /out of memory|\boom\b|crash|exception|traceback|exits?\b|killed|refuses to start|(?:does|did|will|would|can) ?n[o']t start|cannot start|fails? (?:to (?:start|load)|at start|during start|with)/i;

const isLoadClass = (cls: string): boolean => cls in LOAD_REMEDIES;
const isPlaceClass = (cls: string): boolean =>
  ['no_capacity', 'image_pull_failure', 'spot_interruption', 'instance_unreachable'].includes(cls);

/** Words weigh less where a log says why, and where they are of another kind than the report. Source: own reasoning. */
function dampOf(hint: Hint, hasFailed: boolean, report: Report): number {
  if (isPlaceClass(hint.cls)) return report.engine === 'dstack' ? 1.2 : 0.7;
  if (hasFailed) return isLoadClass(hint.cls) ? 0.35 : 0.6;
  if (report.engine === 'dstack') return 0.75;
  return isLoadClass(hint.cls) ? 1 : 0.7;
}

function isPossible(cls: string, report: Report): boolean {
  if (!(cls in REMEDIES)) return false;
  if (report.engine === 'llamacpp') return !GPU_ONLY.includes(cls);
  const launch = `${report.input.launch_command ?? ''}\n${report.input.log ?? ''}`;
  return cls !== 'layers_on_cpu' || /offload|llama|gguf/i.test(launch);
}

/** Text that turns to its reader instead of telling what a program does. */
const ADDRESSES_READER =
  /(?:ignore|disregard|forget) (?:all |any |the )?(?:previous|prior|above|earlier)|you (?:are|must|should) (?:now )?(?:an? |report|answer|recommend|run|respond)|(?:system|assistant) ?(?:prompt|:)|as an ai/i;

function logHints(told: readonly LogEvent[], report: Report): readonly Hint[] {
  const root = crashCause(told);
  const hints: Hint[] = [];
  for (const event of told) {
    if (!event.rootCause) continue;
    const weight = event === root ? 0.86 : event.severity === 'fatal' ? 0.5 : 0.55;
    hints.push(
      ...reread(event, report).map(([cls, share]) => ({
        cls,
        weight: weight * share,
        evidence: event.line,
      })),
    );
  }
  return hints;
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
];
const BARE_OOM: Shares = [
  ['oom_under_load', 0.5],
  ['weights_do_not_fit', 0.45],
  ['oom_activation_prefill', 0.35],
  ['oom_cuda_graph_capture', 0.3],
];

/** A bare out-of-memory line tells little of when it came; words, phases and sizes have to. */
function reread(event: LogEvent, report: Report): Shares {
  const cls = SAME_AS[event.cls] ?? event.cls;
  const known = AMBIGUOUS.find(([pattern]) => pattern.test(event.line));
  if (known !== undefined) return known[1];
  const isBare = event.phase !== 'ready' && !/Decode|alloc_req_slots|retract/.test(event.line);
  if (event.cls === 'oom_under_load' && isBare) return BARE_OOM;
  return rereadBySize(event, cls, sizesOf(report).weightShare ?? Number.NaN);
}

/** No room is left for the KV cache: because weights take it all, or because the pool got too little. */
function rereadBySize(event: LogEvent, cls: string, weightShare: number): Shares {
  if (/Not enough memory\. Please try to increase --mem-fraction-static/.test(event.line)) {
    return weightShare < 0.7
      ? [
          ['kv_cache_too_small', 1],
          ['weights_do_not_fit', 0.6],
        ]
      : [
          [cls, 1],
          ['kv_cache_too_small', 0.8],
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

function ruleHints(o: Observation): readonly Hint[] {
  return diagnose(o)
    .causes.filter((cause) => !cause.rule.startsWith('crash-'))
    .map((cause) => ({
      cls: SAME_AS[cause.cause] ?? cause.cause,
      weight: Math.min(0.5, 0.6 * cause.confidence),
      evidence: cause.evidence.map(({ name, value }) => `${name}: ${value}`)[0] ?? cause.title,
    }));
}

/** Hints of one class make each other surer; the three strongest count. */
function rank(hints: readonly Hint[]) {
  return [...new Set(hints.map(({ cls }) => cls))]
    .map((cls) => {
      const sorted = hints
        .filter((hint) => hint.cls === cls)
        .toSorted((a, b) => b.weight - a.weight);
      const doubt = sorted
        .slice(0, 3)
        .reduce((left, { weight }) => left * (1 - Math.min(0.95, weight)), 1);
      const evidence = [...new Set(sorted.map((hint) => cleanText(hint.evidence, 300)))];
      return {
        cls,
        confidence: Math.round(Math.min(0.97, 1 - doubt) * 100) / 100,
        doubt,
        evidence: evidence.slice(0, MAX_EVIDENCE),
      };
    })
    .toSorted((a, b) => a.doubt - b.doubt);
}
