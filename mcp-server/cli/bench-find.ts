import { describeCapacity, searchCapacity } from '../app/search-capacity.ts';
import { type LevelOutcome, levelLoadPoint, levelOutcome } from '../core/capacity/level.ts';
import type { CapacityGoal } from '../core/capacity/search.ts';
import type { SloClause } from '../core/contract/contract.ts';
import { flagRun } from '../core/metrics/run-flags.ts';
import { summarise } from '../core/metrics/summarise.ts';
import type { LoadGenerator, LoadRequest } from '../ports/load-generator.ts';
import type { BenchArgs } from './bench-request.ts';

export interface FindDeps {
  readonly load: Pick<LoadGenerator, 'run'>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly signal: AbortSignal;
  readonly setExitCode: (code: number) => void;
}

export interface FindWish {
  readonly args: BenchArgs;
  readonly request: LoadRequest;
  readonly slo: readonly SloClause[];
  readonly find: CapacityGoal['find'];
}

/** Level that a search begins with. Source: own reasoning; a few doublings from most services. */
const START_LEVEL = { max_rate: 1, max_concurrency: 4 } as const;
const MAX_LEVEL = { max_rate: 10_000, max_concurrency: 4096 } as const;

/** `autodebug bench --find`: the most load that meets the service level, with its interval and curve. */
export async function findCapacity(deps: FindDeps, wish: FindWish): Promise<void> {
  const { find, request } = wish;
  const answer = await searchCapacity({
    goal: { find, startLevel: startLevel(wish), maxLevel: MAX_LEVEL[find] },
    seed: request.seed,
    signal: deps.signal,
    measure: (level, run, why) => measureLevel(deps, wish, { level, run, why }),
  });
  const isJson = wish.args.options.json === true;
  deps.write(`${isJson ? JSON.stringify(answer) : describeCapacity(answer)}\n`);
  if (deps.signal.aborted) deps.setExitCode(130);
  else deps.setExitCode(answer.highestPassing === null ? 1 : 0);
}

/** A rate or concurrency that the caller wrote is where the search begins. */
function startLevel({ find, args }: FindWish): number {
  const { requestRate, concurrency } = args.options;
  if (find === 'max_concurrency') {
    return args.isGiven('concurrency') ? concurrency : START_LEVEL.max_concurrency;
  }
  return requestRate === undefined || requestRate === Infinity ? START_LEVEL.max_rate : requestRate;
}

async function measureLevel(
  deps: FindDeps,
  wish: FindWish,
  at: { readonly level: number; readonly run: number; readonly why: string },
): Promise<LevelOutcome | null> {
  const { request, slo, args, find } = wish;
  const requests = args.isGiven('numPrompts') ? args.options.numPrompts : null;
  const loadPoint = levelLoadPoint({ find }, at.level, requests);
  const run = await deps.load.run(
    {
      ...request,
      loadPoint,
      repeat: at.run,
      stopWhenSaturated: true,
    },
    { signal: deps.signal },
  );
  const summary = summarise(run.records, { loadPoint, slo });
  const { flags } = flagRun({ ...run, summary, loadPoint, engineHitRatio: null });
  const outcome = levelOutcome({ summary, flags }, slo);
  const said =
    outcome === null
      ? `says nothing (${flags.join(', ')})`
      : `pressure ${outcome.pressure.toFixed(3)} by ${outcome.limitedBy}`;
  deps.writeError(`${at.why} ${at.level.toPrecision(4)}: ${said}\n`);
  return outcome;
}
