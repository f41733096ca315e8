import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { type DiagnoseAnswer, diagnoseTrial } from '../../mcp-server/app/diagnose.ts';
import { fetchLogs } from '../../mcp-server/app/fetch-logs.ts';
import { fetchTelemetry } from '../../mcp-server/app/fetch-telemetry.ts';
import { measureOnce } from '../../mcp-server/app/measure.ts';
import { summarise } from '../../mcp-server/core/metrics/summarise.ts';
import { applyChanges } from '../../mcp-server/core/service/apply-changes.ts';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { parseServiceFile } from '../../mcp-server/core/service/service-file.ts';
import { engineById } from '../../mcp-server/engines/index.ts';
import type { SimConfig } from '../../mcp-server/simulator/core/config.ts';
import { knownFlags } from '../../mcp-server/simulator/core/known-flags.ts';
import { resolveService } from '../../mcp-server/simulator/core/launch-config.ts';
import type { VirtualLoad } from '../../mcp-server/simulator/core/simulate-load.ts';
import { createFakeDeploy, READY } from '../fakes/fake-deploy.ts';
import {
  CALL,
  createFastClock,
  createTestApp,
  openTestSession,
  type TestApp,
} from '../fakes/test-app.ts';
import { playVirtual, type VirtualRun } from '../fakes/virtual-service.ts';
import { serviceText } from '../simulator/configs.ts';

/** A limit given to the simulator by flags and load. */
export interface Planted {
  readonly name: string;
  readonly command: string;
  readonly gpu?: string;
  readonly load: VirtualLoad;
  readonly warmups?: number;
  readonly busyClient?: { readonly offered: number; readonly loopUtilisation: number };
  readonly modelId?: string;
}

const engineOf = (command: string): 'vllm' | 'sglang' =>
  command.includes('vllm') ? 'vllm' : 'sglang';

function textOf(planted: Planted): string {
  return serviceText(planted.command, { gpu: planted.gpu ?? 'H100:80GB:1' });
}

export function configOf(text: string): SimConfig {
  const resolved = resolveService(parseServiceFile(text), knownFlags);
  if (resolved.kind !== 'ok') throw new Error(JSON.stringify(resolved));
  return resolved.config;
}

function play(planted: Planted, config: SimConfig): VirtualRun {
  const warmups = planted.warmups ?? Math.ceil(planted.load.requests.length / 5);
  const { busyClient } = planted;
  return playVirtual(config, planted.load, {
    warmups,
    ...(busyClient === undefined ? {} : { busyClient }),
  });
}

/** What a change is to make better. */
export type Goal = 'outputTokensPerS' | 'ttftMs' | 'tbotMs' | 'gapP99';

/** Larger is better. */
function goodness(run: VirtualRun, goal: Goal): number {
  const summary = summarise(run.run.records, { loadPoint: run.loadPoint, slo: [] });
  if (goal === 'outputTokensPerS') return summary.outputTokensPerS ?? Number.NaN;
  if (goal === 'gapP99') return 1 / (summary.iclMs.p99 ?? Number.NaN);
  return 1 / (summary[goal].mean ?? Number.NaN);
}

/** How many times better the goal is once the change is made, on the same load and seeds. */
export function improvement(planted: Planted, change: Change, goal: Goal): number {
  const text = textOf(planted);
  const changed = applyChanges(text, [change], engineById(engineOf(planted.command)));
  const before = goodness(play(planted, configOf(text)), goal);
  return goodness(play(planted, configOf(changed)), goal) / before;
}

const data = (raw: string) => ({ kind: 'data' as const, raw, client: 'virtual', notes: [] });

/** The kernel over a virtual engine: what is asked over the network is answered from the run. */
function virtualApp(planted: Planted, played: VirtualRun): TestApp {
  const instance = { id: 'i-1', gpu: 'H100', driver: null, region: null };
  const gpu = (planted.gpu ?? 'H100').split(':')[0] ?? 'H100';
  const ready = { ...READY, instance: { ...instance, gpu } } as typeof READY;
  const test = createTestApp(createFakeDeploy({ statuses: [ready], log: played.log }), {
    clock: createFastClock(),
  });
  const scrapes = [played.before, played.after];
  return {
    ...test,
    app: {
      ...test.app,
      load: {
        ...test.app.load,
        run: async (_request, options) => {
          await options.onMeasureStart?.();
          return played.run;
        },
      },
      telemetry: {
        ...test.app.telemetry,
        // The last scrape stays: gauges are sampled in between.
        scrapeMetrics: async () => data((scrapes.length > 1 ? scrapes.shift() : scrapes[0]) ?? ''),
        serverInfo: async () => data(played.serverInfo),
        profilerContext: async () => data(played.profile),
      },
    },
  };
}

/** Deploys, measures, reads log and telemetry, and diagnoses: the tools' own use-cases over a virtual engine. */
export async function diagnosePlanted(planted: Planted): Promise<DiagnoseAnswer> {
  const config = configOf(textOf(planted));
  const played = play(planted, config);
  const test = virtualApp(planted, played);
  try {
    const { app } = test;
    const engine = engineOf(planted.command);
    const writer = await openTestSession(
      test,
      {},
      {
        service: textOf(planted),
        command: planted.command,
        engine,
        engineVersion: config.version,
        modelId: planted.modelId,
      },
    );
    await deployTrial(app, { wait_s: 30 }, CALL);
    await measureOnce(app, writer, {
      deploymentId: 'd0000-1',
      purpose: 'calibrate',
      workload: { id: 'planted' } as never,
      workloadHash: 'planted',
      loadPoint: played.loadPoint,
      loadPointIndex: 0,
      seed: 1,
      repeat: 0,
      label: 'planted',
      call: CALL,
    });
    await fetchLogs(app, { tail: 30, level: 'info' }, CALL);
    await fetchTelemetry(app, { wait_s: 30 }, CALL);
    return await diagnoseTrial(app, {}, CALL);
  } finally {
    await test.close();
  }
}
