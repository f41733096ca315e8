import type { LogEvent } from '../../telemetry/log-event.ts';
import { readLogLoad } from '../../telemetry/log-load.ts';
import type { Sample } from '../../telemetry/prometheus.ts';
import { diagnose } from '../diagnose.ts';
import type { Observation } from '../observation.ts';
import { endsStart, hasEnded, isMeasured } from './has-ended.ts';
import { cureHints } from './knobs/cure-hints.ts';
import { type Change, changesFor } from './knobs/directions.ts';
import { knobsFor } from './knobs/knobs-for.ts';
import { withShownKnobs } from './knobs/knobs-said.ts';
import type { FlagNames } from './knobs/named-flags.ts';
import { isLoadClass, REMEDIES } from './knobs/remedies.ts';
import { llamacppHints } from './lines/llamacpp-hints.ts';
import { logHints } from './lines/log-hints.ts';
import { stateHints } from './lines/state-hints.ts';
import { bandwidthHints } from './numbers/bandwidth-hints.ts';
import { boundHints } from './numbers/bound-hints.ts';
import { batchCapOf } from './numbers/caps.ts';
import { cardHints } from './numbers/card-hints.ts';
import { compareHints } from './numbers/compare-hints.ts';
import { logLoadHints } from './numbers/load-hints.ts';
import { memoryHints } from './numbers/memory-hints.ts';
import { numberHints } from './numbers/number-hints.ts';
import { processHints } from './numbers/process-hints.ts';
import { readingHints } from './numbers/reading-hints.ts';
import { scrapeHints } from './numbers/scrape-hints.ts';
import { seriesHints } from './numbers/series-hints.ts';
import { servingHints } from './numbers/serving-hints.ts';
import { withPlausible } from './plausible.ts';
import { rankCauses } from './rank-causes.ts';
import { REFUTED_SHARE, refutedClasses } from './refuted.ts';
import { type Hint, type Report, wordsOf } from './report.ts';
import { reportedClass } from './same-as.ts';
import { complaintHints, conceptHints, isQuiet, toldWords } from './words/concept-hints.ts';
import { type LearnedModel, learnedCauses } from './words/learned.ts';
import { textHints } from './words/text-hints.ts';

export interface ReportedCause {
  readonly class: string;
  readonly confidence: number;
  /** Lines and values of the report: data from outside, cleaned and capped. */
  readonly evidence: readonly string[];
  readonly knobs: readonly string[];
  /** Which way to turn the knobs that have a way. */
  readonly changes: readonly Change[];
  readonly fix: string;
}

const MAX_CAUSES = 5;
/** What is left of learned words in a log that complains of nothing: they stand in healthy logs too. Source: own trials. */
const QUIET_SHARE = 0.6;

const GPU_ONLY = [
  'oom_cuda_graph_capture',
  'oom_sampler_warmup',
  'decode_eager_no_cuda_graph',
  'detokenizer_bound',
  'admission_too_conservative',
  'preemption_thrash',
];

interface Seen {
  readonly observation: Observation;
  readonly scrape: readonly Sample[];
  readonly names: FlagNames;
  /** What was learned of words. */
  readonly model: LearnedModel;
}

/** What is read of a report before its hints are weighed. */
interface Read extends Seen {
  /** Events of the log that tell of the server. */
  readonly told: readonly LogEvent[];
  readonly logged: readonly Hint[];
  /** The server ended or never served. */
  readonly hasFailed: boolean;
  /** Classes that a number speaks against. */
  readonly refuted: ReadonlySet<string>;
}

function readReport(report: Report, seen: Seen): Read {
  const { observation, scrape } = seen;
  const told = (observation.log?.events ?? []).filter(
    (event) => !ADDRESSES_READER.test(event.line),
  );
  const logged = logHints(told, report);
  const hasFailed = hasEnded(report, told, logged);
  const refuted = refutedClasses(report, { load: observation.log?.load ?? null, scrape });
  return { ...seen, told, logged, hasFailed, refuted };
}

/** What a report of texts alone supports: log events, playbook rules, words and numbers, weighed together. */
export function diagnoseReport(report: Report, seen: Seen): readonly ReportedCause[] {
  const read = readReport(report, seen);
  const { told, hasFailed, refuted } = read;
  const isReal = (cls: string): boolean => isPossible(cls, report);
  // Places are what an orchestrator tells of, and a number outweighs words.
  const isUnlikely = (cls: string): boolean =>
    refuted.has(cls) ||
    (isPlaceClass(cls) && !isPlaced(report)) ||
    (hasFailed && isLoadClass(cls)) ||
    (!hasFailed && isMeasured(report) && endsStart(cls));
  const hasLoad = (seen.observation.log?.load ?? null) !== null;
  const trust = isQuiet(report) && !hasLoad ? QUIET_SHARE : 1;
  const learned = learnedCauses(seen.model, report).map((one, _, all) => ({
    ...one,
    share:
      (isUnlikely(one.cls) ? REFUTED_SHARE : 1) * (trust * one.share + (1 - trust) / all.length),
  }));
  const ranked = rankCauses(
    allHints(report, read).filter(({ cls }) => isReal(cls)),
    learned.filter(({ cls }) => isReal(cls)),
  );
  return withPlausible(ranked.slice(0, MAX_CAUSES), report, isReal).flatMap(
    ({ cls, confidence, evidence }) => {
      const remedy = REMEDIES[cls];
      if (remedy === undefined) return [];
      const events = told.filter((event) => event.cls === cls);
      const launch = report.input.launch_command ?? '';
      const log = report.input.log ?? '';
      const words = wordsOf(report);
      const texts = { cls, launch, log, words };
      const knobs = withShownKnobs(
        knobsFor(remedy, { ...texts, names: seen.names, events, evidence }),
        { ...texts, engine: seen.names.id },
      );
      const changes = changesFor(cls, knobs, launch);
      return [{ class: cls, confidence, evidence, knobs, changes, fix: remedy.fix }];
    },
  );
}

function allHints(report: Report, read: Read): readonly Hint[] {
  const { observation, scrape, told, hasFailed, refuted } = read;
  const complaints = told.some(({ rootCause }) => rootCause) ? [] : complaintHints(report);
  const cap = batchCapOf(report, scrape);
  const shown = [
    ...ruleHints(observation),
    ...logLoadHints(observation.log?.load ?? null, cap),
    ...logLoadHints(readLogLoad(wordsOf(report), null), cap),
    ...scrapeHints(scrape, cap),
    ...numberHints(report),
    ...memoryHints(report),
    ...cardHints(report),
    ...bandwidthHints(report),
    ...readingHints(report),
    ...stateHints(report),
    ...compareHints(report),
    ...boundHints(report),
    ...seriesHints(report),
    ...llamacppHints(report),
    ...servingHints(report),
    ...processHints(report),
  ];
  // How fast a server was that ended matters little.
  const lessIfLate = (hint: Hint): Hint =>
    hasFailed && isLoadClass(hint.cls) ? { ...hint, weight: 0.4 * hint.weight } : hint;
  return [
    ...read.logged.map(lessIfLate),
    ...complaints,
    ...shown.map(lessIfLate),
    ...[
      ...textHints(report),
      ...conceptHints(report),
      ...cureHints(toldWords(report), read.names, REMEDIES),
    ].map((hint) => ({
      ...hint,
      weight:
        hint.weight * dampOf(hint, hasFailed, report) * (refuted.has(hint.cls) ? REFUTED_SHARE : 1),
    })),
  ];
}

const isPlaceClass = (cls: string): boolean =>
  ['no_capacity', 'image_pull_failure', 'spot_interruption', 'instance_unreachable'].includes(cls);

/** Words weigh less where a log says why, and where they are of another kind than the report. Source: own reasoning. */
function dampOf(hint: Hint, hasFailed: boolean, report: Report): number {
  // A server that hangs neither fails nor is slow.
  // Only SGLang admits by a guess of outputs to come.
  const share = hint.cls === 'admission_too_conservative' && report.engine === 'vllm' ? 0.6 : 1;
  return share * kindShare(hint, hasFailed, report);
}

/** An orchestrator or a cloud is spoken of. */
const isPlaced = (report: Report): boolean =>
  report.engine === 'dstack' || ORCHESTRATED.test(Object.values(report.input).join('\n'));
const ORCHESTRATED =
  /\bpods?\b[^.\n]{0,30}\bpending|kubelet|ImagePull|Pulling image|\bquota\b|karpenter|create_pod|docker (?:compose|pull)|\bspot (?:instance|node|vm|machine|pod)|\bsky (?:launch|serve|jobs)\b|use_spot/i;

const HANGING = ['hang_watchdog', 'nccl_interconnect'];

function kindShare(hint: Hint, hasFailed: boolean, report: Report): number {
  if (HANGING.includes(hint.cls) && !hasFailed) return report.engine === 'dstack' ? 0.5 : 1;
  if (isPlaceClass(hint.cls)) return isPlaced(report) ? 1.2 : 0.5;
  if (hasFailed) return isLoadClass(hint.cls) ? 0.35 : 0.6;
  if (report.engine === 'dstack') return 0.75;
  return isLoadClass(hint.cls) ? 1 : 0.7;
}

function isPossible(cls: string, report: Report): boolean {
  if (!(cls in REMEDIES)) return false;
  if (report.engine === 'llamacpp') return !GPU_ONLY.includes(cls) || isToldOf(cls, report);
  const launch = `${report.input.launch_command ?? ''}\n${report.input.log ?? ''}`;
  return (
    cls !== 'layers_on_cpu' || /cpu-offload|--kt-|llama[-_.]?(?:server|cpp)|\.gguf/i.test(launch)
  );
}

/** What llama.cpp itself rarely is limited by, unless the report tells of it. */
const RARE: Readonly<Record<string, RegExp>> = {
  decode_eager_no_cuda_graph: /cuda graphs?|USE_GRAPHS|HIP_GRAPHS|CUDA : ARCHS|DISABLE_GRAPHS/i,
  admission_too_conservative: /reserv|admi(?:t|ssion)|counted as|charge[sd]?\b/i,
};

const isToldOf = (cls: string, report: Report): boolean =>
  RARE[cls]?.test(`${report.input.log ?? ''}\n${wordsOf(report)}`) === true;

/** Text that turns to its reader instead of telling what a program does. */
const ADDRESSES_READER =
  /(?:ignore|disregard|forget) (?:all |any |the )?(?:previous|prior|above|earlier)|you (?:are|must|should) (?:now )?(?:an? |report|answer|recommend|run|respond)|(?:system|assistant) ?(?:prompt|:)|as an ai/i;

function ruleHints(o: Observation): readonly Hint[] {
  return diagnose(o)
    .causes.filter((cause) => !cause.rule.startsWith('crash-'))
    .map((cause) => ({
      cls: reportedClass(cause.cause),
      weight: Math.min(0.5, 0.6 * cause.confidence),
      evidence: cause.evidence.map(({ name, value }) => `${name}: ${value}`)[0] ?? cause.title,
    }));
}
