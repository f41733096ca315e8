import { runQuality } from '../../../mcp-server/app/run-quality.ts';
import { findSuspect } from '../../../mcp-server/core/gates/find-suspect.ts';
import type { GateRun, GateSide } from '../../../mcp-server/core/gates/gate-run.ts';
import { judge } from '../../../mcp-server/core/judge/judge.ts';
import type { JudgedRun, JudgeInput } from '../../../mcp-server/core/judge/sides.ts';
import type { Verdict } from '../../../mcp-server/core/ledger/vocabulary.ts';
import type { MetricId } from '../../../mcp-server/core/metrics/metric.ts';
import { flagRun } from '../../../mcp-server/core/metrics/run-flags.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';
import { trapPlaces } from '../../../mcp-server/core/plausibility/traps.ts';
import { compareQuality } from '../../../mcp-server/core/quality/compare-quality.ts';
import type { QualityRun } from '../../../mcp-server/core/quality/quality-run.ts';
import { isTaskSolved, sampleTasks } from '../../../mcp-server/core/quality/sample-tasks.ts';
import { spreadsOf } from '../../../mcp-server/core/stats/spread.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';
import type { LoadRequest } from '../../../mcp-server/ports/load-generator.ts';
import { loadRequest } from '../../adapters/load/support.ts';
import { runOf } from '../../core/judge/builders.ts';
import { CALL } from '../test-app.ts';
import { CheatingEngine } from './cheating-engine.ts';
import { type EngineModel, PLAIN_ENGINE } from './engine-model.ts';
import type { Cheats } from './kinds.ts';
import { runVirtualLoad } from './virtual-load.ts';

/** A service that is measured: how its engine is, and what is wrong with it. */
export interface Service {
  readonly model: EngineModel;
  readonly cheats: Cheats;
  readonly speed: number;
  readonly canAlterOutputs?: boolean;
}

/** What the contract would fix. */
export interface Terms {
  readonly seed: number;
  readonly exactOutput: boolean;
  readonly concurrency?: number;
  readonly requests?: number;
}

const REPEATS = { calibration: 5, redeploy: 2, trial: 3 } as const;
const CONFIRM_SEED = 7000;
/** Usual length of the prompts. */
const TASK_TOKENS = 230;
const NO_CHEATS: Cheats = new Map();

interface Measured {
  readonly gate: GateSide;
  readonly judged: readonly JudgedRun[];
  readonly engine: CheatingEngine;
}

interface Round {
  readonly trial: number;
  readonly deployment: number;
  readonly runs: number;
  readonly seed: number;
}

function loadFor(terms: Terms, seed: number, repeat: number): LoadRequest {
  const { concurrency = 8, requests = 48, exactOutput } = terms;
  return loadRequest('http://virtual', {
    workload: WorkloadSpec.parse({
      id: 'gated',
      exactOutput,
      components: [{ inputTokens: { min: 60, max: 400 }, outputTokens: { min: 16, max: 40 } }],
    }),
    loadPoint: { kind: 'closed', concurrency, requests },
    seed,
    repeat,
  });
}

async function measure(service: Service, terms: Terms, round: Round): Promise<Measured> {
  const engine = new CheatingEngine({ ...service, deployment: round.deployment });
  const runs: GateRun[] = [];
  const judged: JudgedRun[] = [];
  for (let repeat = 0; repeat < round.runs; repeat += 1) {
    const one = await measureRun(engine, loadFor(terms, round.seed, repeat), round);
    runs.push(one.run);
    judged.push(one.judged);
  }
  const last = runs.at(-1);
  const samples = last === undefined ? [] : [await takeSample(engine, terms, { round, last })];
  return { gate: { runs, samples }, judged, engine };
}

async function measureRun(
  engine: CheatingEngine,
  load: LoadRequest,
  round: Round,
): Promise<{ readonly run: GateRun; readonly judged: JudgedRun }> {
  const before = engine.counters();
  const ran = await runVirtualLoad(load, engine);
  const after = engine.counters();
  const { records, eventsPerRead } = ran;
  const { loadPoint, seed, repeat, workload } = load;
  const summary = summarise(records, { loadPoint, slo: [] });
  const client = { loopUtilisation: 0.1, loopLagP99Ms: 0.5, sendLagP99Ms: null, eventsPerRead };
  const { flags } = flagRun({
    records,
    summary,
    loadPoint,
    cancelled: false,
    client,
    sharedPromptRatio: 0.05,
    engineHitRatio: null,
  });
  const { pathMs } = engine.options.model;
  const ttftSource = 2 * pathMs > 0.1 * (summary.ttftMs.p50 ?? 0) ? 'engine' : 'client';
  const deploymentId = `d000${round.trial}-${round.deployment}`;
  const judged = runOf(round.trial, round.deployment * 10 + repeat, {
    measurement: { deploymentId, repeat, seed, flags: [...flags], loadPoint, ttftSource },
  });
  const whole = {
    ...judged.measurement,
    summary,
    engineTtftMeanMs: ttftSource === 'engine' ? after.ttftMeanMs : null,
  };
  return {
    judged: { ...judged, measurement: whole },
    run: {
      measurementId: whole.measurementId,
      deploymentId,
      loadPointIndex: 0,
      seed,
      repeat,
      flags,
      ttftSource,
      records,
      summary,
      exactOutput: workload.exactOutput,
      rttMs: 2 * pathMs,
      eventsPerRead,
      clientLagMs: 0.5,
      sharedPromptRatio: 0.05,
      wallMs: ran.durationMs,
      engine: {
        promptTokens: after.promptTokens - before.promptTokens,
        generationTokens: after.generationTokens - before.generationTokens,
        ttftMeanMs: after.ttftMeanMs,
      },
      floors: null,
    },
  };
}

async function takeSample(
  engine: CheatingEngine,
  terms: Terms,
  { round, last }: { readonly round: Round; readonly last: GateRun },
): Promise<GateSide['samples'][number]> {
  const seed = 90_000 + keyedRandom(['sample', terms.seed, round.deployment]).int(0, 9999);
  const load = loadFor({ ...terms, requests: 24, exactOutput: false }, seed, 0);
  const tasks = sampleTasks(seed, TASK_TOKENS);
  const extra = tasks.map(({ prompt }) => ({ prompt, inputTokens: 100, outputTokens: 96 }));
  const { records } = await runVirtualLoad({ ...load, traps: true, extra }, engine);
  const byIndex = new Map(records.map((record) => [record.index, record]));
  return {
    deploymentId: last.deploymentId,
    measurementId: last.measurementId,
    records: records.filter(({ index }) => index < 24),
    tasks: tasks.map((task, at) => ({ isRight: isTaskSolved(task, byIndex.get(24 + at)) })),
    traps: trapPlaces(24, seed),
    clientLagMs: 0.5,
  };
}

/** An incumbent that was calibrated: five repeats, and two on another deployment. */
export interface Incumbent {
  readonly terms: Terms;
  readonly measured: Measured;
  readonly quality: QualityRun;
}

export async function calibrateHonest(
  terms: Terms,
  model: EngineModel = PLAIN_ENGINE,
  cheats: Cheats = NO_CHEATS,
): Promise<Incumbent> {
  const service = { model, cheats, speed: 1 };
  const { seed } = terms;
  const first = await measure(service, terms, {
    trial: 0,
    deployment: seed * 100 + 1,
    runs: REPEATS.calibration,
    seed,
  });
  const again = await measure(service, terms, {
    trial: 0,
    deployment: seed * 100 + 2,
    runs: REPEATS.redeploy,
    seed,
  });
  return {
    terms,
    measured: {
      ...first,
      gate: {
        runs: [...first.gate.runs, ...again.gate.runs],
        samples: [...first.gate.samples, ...again.gate.samples],
      },
    },
    quality: await askQuality(first.engine, true),
  };
}

const askQuality = (engine: CheatingEngine, isReference: boolean): Promise<QualityRun> =>
  runQuality(
    {
      load: {
        run: () => Promise.reject(new Error('not asked for')),
        complete: ({ body }) =>
          Promise.resolve({ status: 200, body: engine.complete(body), text: '' }),
      },
    },
    { baseUrl: '', model: 'fake', headers: {}, seed: 5, extraBody: {}, isReference },
    { reference: null, call: CALL },
  );

export interface Outcome {
  readonly verdict: Verdict;
  readonly gate: string | null;
  readonly reasons: readonly string[];
  readonly findings: readonly string[];
}

/** Objectives that a cheat may aim at. */
const OBJECTIVES = ['outputTokensPerS', 'ttftMs', 'tbotMs'] as const satisfies MetricId[];

/** The whole path of a trial: measured, gated, its answers checked, judged for each objective, its best verdict confirmed. */
export async function tryService(
  incumbent: Incumbent,
  service: Service,
  deployment: number,
): Promise<readonly Outcome[]> {
  const { terms } = incumbent;
  const round = { trial: 1, deployment, runs: REPEATS.trial, seed: terms.seed };
  const trial = await measure(service, terms, round);
  const searched = await judgeAll(incumbent, service, trial);
  if (!searched.some(({ verdict }) => verdict === 'keep')) return searched;
  const fresh = { ...round, deployment: deployment + 1, seed: CONFIRM_SEED + terms.seed };
  const confirmed = await judgeAll(incumbent, service, await measure(service, terms, fresh));
  return searched.map((one, place) => (one.verdict === 'keep' ? (confirmed[place] ?? one) : one));
}

async function judgeAll(
  incumbent: Incumbent,
  service: Service,
  trial: Measured,
): Promise<readonly Outcome[]> {
  const { judged, gate } = incumbent.measured;
  const rate = judged.map((run) => run.measurement.summary.outputTokensPerS ?? 0);
  const gates = findSuspect({
    trial: trial.gate,
    baseline: gate,
    incumbentTokensPerS: new Map([[0, rate.reduce((sum, one) => sum + one, 0) / rate.length]]),
    canAlterOutputs: service.canAlterOutputs === true,
    isGreedy: true,
  });
  const needsCheck = service.canAlterOutputs === true || gates.findings.length > 0;
  const checked = needsCheck
    ? compareQuality(incumbent.quality, await askQuality(trial.engine, false), 12)
    : null;
  const result = checked === null ? null : { ...checked, reasons: [...checked.reasons] };
  return OBJECTIVES.map((metric) => {
    const input: JudgeInput = {
      ruler: {
        objective: {
          metric,
          quantile: metric === 'outputTokensPerS' ? 'mean' : 'p50',
          direction: metric === 'outputTokensPerS' ? 'maximise' : 'minimise',
          minEffectRatio: 0.02,
        },
        slo: [],
        loadPointCount: 1,
        spreads: spreadsOf(
          judged.map((run) => run.measurement),
          2.4,
        ),
        calibratedOn: 't0000',
      },
      trial: { trialId: 't0001', runs: trial.judged },
      reference: { trialId: 't0000', runs: judged },
      crash: null,
      quality: { required: service.canAlterOutputs === true, result },
      floors: [],
      retests: 2,
      unfit: null,
      gates,
    };
    const { verdict, gate: failed, reasons } = judge(input);
    return { verdict, gate: failed, reasons, findings: gates.findings.map(({ name }) => name) };
  });
}
