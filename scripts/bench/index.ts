// `npm run bench` prints the figures and writes docs/figures.md with machine and date. Pass names to run, and rewrite, some of them.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchGates, gatesFigures, renderGatesBench } from './cheating.ts';
import { type CaseScore, renderScores, scoreCases, shareOf, timeReaders } from './diagnosis.ts';
import { replaceSections } from './figures-file.ts';
import { loadFigures } from './load-figures.ts';
import { benchQuality, qualityFigures, renderQualityBench } from './quality.ts';
import { benchServer } from './server.ts';
import { benchSimulator, renderSimulatorBench } from './simulator.ts';
import { benchVerdicts, describeShare, renderVerdictBench, turnFigures } from './verdicts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One figure: what was asked, what came out, and whether it is reached. */
interface Figure {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

interface Section {
  readonly title: string;
  readonly command: string;
  readonly figures: readonly Figure[];
  readonly details: string;
}

const atMost = (name: string, value: number, [limit, unit]: readonly [number, string]): Figure => ({
  name,
  wanted: `≤ ${limit} ${unit}`,
  measured: `${Number(value.toFixed(2))} ${unit}`,
  reached: value <= limit,
});

function demoSection(): Section {
  const startedAt = performance.now();
  const done = spawnSync(process.execPath, ['dist/main.js', 'demo'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const memory = /peak memory of the server (\d+) MB/.exec(done.stdout)?.[1];
  return {
    title: 'Demo',
    command: 'npm run demo',
    figures: [
      {
        name: 'ends with 0',
        wanted: '0',
        measured: String(done.status),
        reached: done.status === 0,
      },
      atMost('wall time on this machine', seconds, [240, 's']),
      atMost('peak memory of the server', Number(memory ?? Number.NaN), [250, 'MB']),
    ],
    details: '',
  };
}

async function serverSection(): Promise<Section> {
  const server = await benchServer();
  return {
    title: 'stdio server',
    command: 'npm run bench server',
    figures: [
      atMost('start to tools/list, median of 5', server.startToToolsListMs, [700, 'ms']),
      atMost('names, descriptions and input schemas, characters / 4', server.definitionTokens, [
        7000,
        'tokens',
      ]),
      atMost('tools/list', server.toolsListKb, [44, 'KB']),
      atMost('get_status on 1,000 trials', server.statusMs, [50, 'ms']),
      atMost('get_status answer on 1,000 trials', server.statusBytes, [2048, 'bytes']),
    ],
    details: '',
  };
}

async function loadSection(): Promise<Section> {
  return {
    title: 'Load client against a calibrated server in another process, by both sides’ stamps',
    command: 'npm run bench:load',
    ...(await loadFigures()),
  };
}

const atLeast = (
  name: string,
  value: number,
  [limit, unit]: readonly [number, string],
): Figure => ({
  name,
  wanted: `≥ ${limit} ${unit}`,
  measured: `${Number(value.toFixed(1))} ${unit}`,
  reached: value >= limit,
});

function scoreFigures(scores: readonly CaseScore[]): readonly Figure[] {
  const percent = (holds: (one: CaseScore) => boolean): number => 100 * shareOf(scores, holds);
  return [
    atLeast(
      'right cause first',
      percent((one) => one.rank === 1),
      [90, '%'],
    ),
    atLeast(
      'among the first three',
      percent((one) => one.rank !== null && one.rank <= 3),
      [97, '%'],
    ),
    atLeast(
      'names a right thing to turn',
      percent((one) => one.knobHit),
      [80, '%'],
    ),
    atMost(
      'recommends what must not be',
      percent((one) => one.hasForbidden),
      [0, '%'],
    ),
  ];
}

function diagnosisSection(): Section {
  const scores = scoreCases(process.env['AUTODEBUG_DIAGNOSIS_CASES']);
  const readers = timeReaders();
  return {
    title: `Diagnosis of ${scores?.length ?? 0} labelled cases, and the readers of telemetry`,
    command: 'npm run bench:diagnosis',
    figures: [
      ...(scores === null ? [] : scoreFigures(scores)),
      atLeast('log classifier, batch and access lines', readers.bulkMbPerS, [50, 'MB/s of a core']),
      atLeast('log classifier, mixed lines', readers.mixedMbPerS, [50, 'MB/s of a core']),
      atMost('scrape of 10,000 series', readers.prometheusMs, [50, 'ms']),
      atMost('profiler answer of 20 MB', readers.graphsignalMs, [2000, 'ms']),
    ],
    details:
      scores === null
        ? 'Cases skipped: AUTODEBUG_DIAGNOSIS_CASES names no folder of labelled cases.'
        : renderScores(scores),
  };
}

function simulatorSection(): Section {
  const bench = benchSimulator();
  return {
    title: 'Simulator against published measurements (dense models)',
    command: 'npm run bench simulator',
    figures: [
      {
        name: 'cases covered',
        wanted: '≥ 24',
        measured: String(bench.cases),
        reached: bench.cases >= 24,
      },
      {
        name: 'TBOT and throughput within ±20 %',
        wanted: '≥ 80 % of rows',
        measured: `${(bench.withinRatio * 100).toFixed(0)} % of ${bench.rows.length} rows`,
        reached: bench.withinRatio >= 0.8,
      },
    ],
    details: renderSimulatorBench(bench),
  };
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(2)} %`;

function verdictsSection(): Section {
  const bench = benchVerdicts();
  const { seen, confirmed, se } = bench.thirty;
  const falsely = (
    name: string,
    share: { readonly hits: number; readonly of: number },
  ): Figure => ({
    name,
    wanted: '≤ 5 %',
    measured: describeShare(share),
    reached: share.hits / share.of <= 0.05,
  });
  return {
    title:
      'Verdicts by simulation: launch 0.3 %, session 0.5 %, 3 % of runs slowed by 2 to 10 %; every side freshly deployed, the baseline twice',
    command: 'npm run bench verdicts',
    figures: [
      ...bench.falseKeeps.map(({ runSd, share }) =>
        falsely(`equal pair kept, run noise ${percent(runSd)}`, share),
      ),
      ...bench.falseConfirms.map(({ runSd, share }) =>
        falsely(`session of 20 equal trials confirms one, run noise ${percent(runSd)}`, share),
      ),
      {
        name: 'true +5 % kept within five repeats, run noise 2 %',
        wanted: '≥ 80 %',
        measured: describeShare(bench.power),
        reached: bench.power.hits / bench.power.of >= 0.8,
      },
      ...turnFigures(bench),
      {
        name: 'confirmed gain of the luckiest of 30 equal trials',
        wanted: 'within noise of 0',
        measured: `${percent(confirmed)} ± ${percent(1.96 * se)} (the search saw ${percent(seen)})`,
        reached: Math.abs(confirmed) <= 1.96 * se,
      },
    ],
    details: renderVerdictBench(bench),
  };
}

function qualitySection(): Section {
  const bench = benchQuality();
  return {
    title: 'Task suite by simulation: margin 3 points, answers that change sides for nothing',
    command: 'npm run bench quality',
    figures: qualityFigures(bench),
    details: renderQualityBench(bench),
  };
}

async function gatesSection(): Promise<Section> {
  const bench = await benchGates();
  return {
    title:
      'Gates: services that cheat and services that do not, through measuring, gates and judge',
    command: 'npm run bench gates',
    figures: gatesFigures(bench),
    details: renderGatesBench(bench),
  };
}

const SECTIONS: Readonly<Record<string, () => Promise<Section> | Section>> = {
  server: serverSection,
  load: loadSection,
  simulator: simulatorSection,
  diagnosis: diagnosisSection,
  verdicts: verdictsSection,
  quality: qualitySection,
  gates: gatesSection,
  demo: demoSection,
};

/** When and where: machines differ, and a section may be written alone. */
const WHERE = `Measured ${new Date().toISOString().slice(0, 10)}: ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, version ${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}.`;

function render(section: Section): string {
  const rows = section.figures.map(
    (one) =>
      `| ${one.name} | ${one.wanted} | ${one.measured} | ${one.reached ? 'yes' : '**no**'} |`,
  );
  const details = section.details === '' ? '' : `\n\`\`\`\n${section.details}\n\`\`\`\n`;
  return `## ${section.title}\n\n\`${section.command}\`\n\n${WHERE}\n\n| figure | wanted | measured | reached |\n|---|---|---|---|\n${rows.join('\n')}\n${details}`;
}

const asked = process.argv.slice(2).filter((name) => name in SECTIONS);
const sections: Section[] = [];
for (const [name, run] of Object.entries(SECTIONS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  sections.push(await run());
}
const head = '# Figures\n\nWritten by `npm run bench`.\n';
const text = [head, ...sections.map(render)].join('\n');
console.log(text);
const file = join(root, 'docs', 'figures.md');
writeFileSync(
  file,
  asked.length === 0 ? text : replaceSections(readFileSync(file, 'utf8'), sections.map(render)),
);
process.exit(sections.every((section) => section.figures.every((one) => one.reached)) ? 0 : 1);
