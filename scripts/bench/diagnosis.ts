// Scores `autodebug diagnose --case` on the case sets of test/fixtures/cases and on labelled cases that are read in place
// (a folder as first argument or in AUTODEBUG_DIAGNOSIS_CASES), and times the readers of telemetry.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { diagnoseCase } from '../../mcp-server/app/diagnose-case.ts';
import { parseProfilerContext } from '../../mcp-server/core/telemetry/graphsignal.ts';
import { createLogClassifier } from '../../mcp-server/core/telemetry/logs.ts';
import { parsePrometheus } from '../../mcp-server/core/telemetry/prometheus.ts';
import { sglang } from '../../mcp-server/engines/sglang/sglang.ts';

const Labelled = z.object({
  id: z.string(),
  label: z.object({
    cause_class: z.string(),
    knobs: z.array(z.string()),
    must_not: z.array(z.string()).optional(),
  }),
});

export interface CaseScore {
  readonly id: string;
  readonly cls: string;
  /** 1 is first. Null when: it was not named at all. */
  readonly rank: number | null;
  readonly knobHit: boolean;
  readonly hasForbidden: boolean;
  /** A flag of a forbidden remedy is among the first cause's knobs, whichever way, and is no right knob of the case. */
  readonly namesTrap: boolean;
  readonly said: string;
}

/** A remedy that is wrong one way only: turning the knob the other way is allowed. */
const WAY_OF = /^(?:Raising|Lowering)/;
const WAYS: Readonly<Record<string, string>> = { Raising: 'raise', Lowering: 'lower' };

function scoreCase(value: unknown): CaseScore {
  const { id, label } = Labelled.parse(value);
  const { causes } = diagnoseCase(value);
  const at = causes.findIndex((cause) => cause.class === label.cause_class);
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '-');
  const offered = (causes[at]?.knobs ?? []).map(plain);
  // A remedy is forbidden as a whole; what is said after a colon is why.
  const forbidden = (label.must_not ?? []).flatMap((text) =>
    (text.match(/--[a-z][\w-]+/g) ?? []).map((flag) => ({ flag, way: WAY_OF.exec(text)?.[0] })),
  );
  return {
    id,
    cls: label.cause_class,
    rank: at === -1 ? null : at + 1,
    knobHit: label.knobs.length === 0 || label.knobs.some((knob) => offered.includes(plain(knob))),
    hasForbidden: forbidden.some(({ flag, way }) =>
      way === undefined
        ? (causes[0]?.knobs ?? []).includes(flag)
        : (causes[0]?.changes ?? []).some(
            (change) => change.knob === flag && change.direction === WAYS[way],
          ),
    ),
    namesTrap: forbidden.some(
      ({ flag }) => (causes[0]?.knobs ?? []).includes(flag) && !label.knobs.includes(flag),
    ),
    said: causes
      .slice(0, 3)
      .map((cause) => `${cause.class} ${cause.confidence}`)
      .join(', '),
  };
}

/** Null when: no folder is named. */
export function scoreCases(folder: string | undefined): readonly CaseScore[] | null {
  if (folder === undefined || folder === '') return null;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name): CaseScore => scoreCase(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
}

export const shareOf = (
  scores: readonly CaseScore[],
  holds: (one: CaseScore) => boolean,
): number => (scores.length === 0 ? 0 : scores.filter(holds).length / scores.length);

export function renderScores(scores: readonly CaseScore[]): string {
  const classes = [...new Set(scores.map((one) => one.cls))].toSorted();
  const rows = classes.map((cls) => {
    const own = scores.filter((one) => one.cls === cls);
    const count = (holds: (one: CaseScore) => boolean): number => own.filter(holds).length;
    return `${cls.padEnd(32)} ${own.length} cases, first ${count((one) => one.rank === 1)}, in three ${count((one) => one.rank !== null && one.rank <= 3)}, knob ${count((one) => one.knobHit)}, forbidden ${count((one) => one.hasForbidden)}`;
  });
  const missed = scores
    .filter((one) => one.rank !== 1 || !one.knobHit)
    .map(
      (one) =>
        `${one.id}: ${one.cls} is ${one.rank ?? 'not'} named, knob ${one.knobHit}; said ${one.said}`,
    );
  return [...rows, ...missed].join('\n');
}

export interface ReaderTimes {
  readonly bulkMbPerS: number;
  readonly mixedMbPerS: number;
  readonly prometheusMs: number;
  readonly graphsignalMs: number;
}

const BULK = [
  '[2026-03-22 15:00:10 TP0] Decode batch, #running-req: 12, #token: 4096, token usage: 0.03, cuda graph: True, gen throughput (token/s): 1834.20, #queue-req: 0',
  '[2026-03-22 15:00:11] INFO:     127.0.0.1:40000 - "POST /v1/chat/completions HTTP/1.1" 200 OK',
];
const MIXED = [
  ...BULK,
  '(APIServer pid=7) INFO 03-22 15:00:10 [logger.py:43] Received request chatcmpl-8d1f: prompt length 512, params: SamplingParams(n=1, temperature=0.7, max_tokens=256)',
  '[2026-03-22 15:00:12] Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:03<00:03,  1.60s/it]',
  '[2026-03-22 15:00:13 TP1] Using default MoE config for this shape; a tuned one may be faster on this device.',
  'DEBUG 03-22 15:00:14 [scheduler.py:812] step 11231 scheduled 48 tokens for 48 sequences in 0.41 ms',
];

/** Processor time, so that what else runs on the machine does not count. */
function cpuMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function megabytesPerSecond(lines: readonly string[]): number {
  const chunk = `${Array.from({ length: 2000 }, (_, at) => lines[at % lines.length]).join('\n')}\n`;
  const run = (chunks: number): number => {
    const classifier = createLogClassifier(sglang);
    const before = process.cpuUsage();
    for (let at = 0; at < chunks; at += 1) classifier.push(chunk);
    classifier.end();
    return cpuMs(before) / 1000;
  };
  run(20);
  const chunks = Math.ceil(30_000_000 / chunk.length);
  return (chunks * chunk.length) / 1e6 / run(chunks);
}

function medianMs(run: () => unknown, times: number): number {
  const took = Array.from({ length: times }, () => {
    const before = process.cpuUsage();
    run();
    return cpuMs(before);
  });
  return took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

export function timeReaders(): ReaderTimes {
  const series = Array.from(
    { length: 10_000 },
    (_, at) =>
      `sglang:thing_${at % 50}_total{model_name="m",tp_rank="${at % 8}",le="${at}"} ${at}.5`,
  ).join('\n');
  const metric = (at: number): unknown => ({
    name: `sglang.metric_${at}`,
    type: 'gauge',
    tags: { 'process.rank': '0' },
    datapoints: Array.from({ length: 400 }, (_, point) => ({
      measurement_ts: 1_774_904_552_000_000_000 + point * 1e9,
      gauge: point * 1.5,
    })),
  });
  const answer = JSON.stringify({ metrics: Array.from({ length: 900 }, (_, at) => metric(at)) });
  const padded = JSON.stringify({ context: answer.padEnd(20_000_000, ' ').slice(0, 20_000_000) });
  return {
    bulkMbPerS: megabytesPerSecond(BULK),
    mixedMbPerS: megabytesPerSecond(MIXED),
    prometheusMs: medianMs(() => parsePrometheus(series), 5),
    graphsignalMs: medianMs(() => parseProfilerContext(padded), 1),
  };
}

const FIXTURES = fileURLToPath(new URL('../../test/fixtures/cases', import.meta.url));

/** The case sets that stand in the repository, by name. */
export function fixtureSets(): readonly { readonly name: string; readonly folder: string }[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, folder: join(FIXTURES, name) }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

function summaryOf(name: string, scores: readonly CaseScore[]): string {
  const percent = (holds: (one: CaseScore) => boolean): string =>
    `${(100 * shareOf(scores, holds)).toFixed(1)} %`;
  return `${name}: first ${percent((one) => one.rank === 1)}, in three ${percent((one) => one.rank !== null && one.rank <= 3)}, knob ${percent((one) => one.knobHit)}, forbidden ${percent((one) => one.hasForbidden)}, trap named ${percent((one) => one.namesTrap)} of ${scores.length} cases`;
}

function main(): void {
  const sets = fixtureSets().map(({ name, folder }) => ({
    name,
    scores: scoreCases(folder) ?? [],
  }));
  console.log(renderScores(sets.flatMap(({ scores }) => scores)));
  for (const { name, scores } of sets) console.log(summaryOf(`set ${name}`, scores));
  const given = scoreCases(process.argv[2] ?? process.env['AUTODEBUG_DIAGNOSIS_CASES']);
  if (given === null) {
    console.log('No other folder of cases: name one as argument or in AUTODEBUG_DIAGNOSIS_CASES.');
  } else {
    console.log(`\n${renderScores(given)}`);
    console.log(summaryOf('cases read in place', given));
  }
  console.log(JSON.stringify(timeReaders()));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
