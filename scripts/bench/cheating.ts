// Cheating and honest services through measuring, the gates and the judge: who is promoted, who is refused.
import { keyedRandom } from '../../mcp-server/core/workload/keyed-random.ts';
import { type EngineModel, PLAIN_ENGINE } from '../../test/fakes/cheating/engine-model.ts';
import {
  calibrateHonest,
  type Incumbent,
  type Outcome,
  type Service,
  tryService,
} from '../../test/fakes/cheating/gated-trial.ts';
import { HONEST_SERVICES } from '../../test/fakes/cheating/honest-services.ts';
import {
  type Cheats,
  cheatsOf,
  KIND_NAMES,
  type KindName,
  kindOf,
} from '../../test/fakes/cheating/kinds.ts';

/** How often each group of services came, and how often it got what it should not. */
export interface Tally {
  readonly name: string;
  readonly runs: number;
  /** Cheats: promoted for some objective. Honest ones: refused by a gate. */
  readonly wrong: number;
  /** What was found, the commonest first. */
  readonly by: readonly string[];
}

export interface GatesBench {
  readonly cheats: readonly Tally[];
  readonly honest: readonly Tally[];
  readonly seconds: number;
}

export interface GatesSize {
  /** Runs of each kind and strength. */
  readonly seeds: number;
  readonly combinations: number;
  /** Runs of each honest service. */
  readonly honest: number;
  /** Which kinds; absent: every one. */
  readonly kinds?: readonly KindName[];
}

/** At least 500 cheating and 200 honest runs. */
export const FULL: GatesSize = { seeds: 3, combinations: 150, honest: 10 };

/** Incumbents, each calibrated once. */
function createIncumbents(): (
  seed: number,
  how: Partial<EngineModel>,
  more: { readonly exact: boolean; readonly cheats?: Cheats },
) => Promise<Incumbent> {
  const known = new Map<string, Promise<Incumbent>>();
  return (seed, how, { exact: exactOutput, cheats = new Map() }) => {
    const key = JSON.stringify([seed, how, exactOutput, [...cheats]]);
    const calibrated =
      known.get(key) ?? calibrateHonest({ seed, exactOutput }, { ...PLAIN_ENGINE, ...how }, cheats);
    known.set(key, calibrated);
    return calibrated;
  };
}

const isPromoted = (outcomes: readonly Outcome[]): boolean =>
  outcomes.some(({ verdict }) => verdict === 'keep');

/** Stopped by a gate, or only after an answer check that failed; a tie or a loss is no refusal. */
const isRefused = (outcomes: readonly Outcome[]): boolean =>
  outcomes.some(({ verdict, gate }) => verdict === 'invalid' || gate !== null);

function namesOf(outcomes: readonly Outcome[]): readonly string[] {
  const [first] = outcomes;
  if (first === undefined) return [];
  return first.findings.length > 0 ? first.findings : [first.gate ?? first.verdict];
}

function tally(
  name: string,
  results: readonly { wrong: boolean; names: readonly string[] }[],
): Tally {
  const counts = new Map<string, number>();
  for (const found of results.flatMap((one) => one.names)) {
    counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  const by = [...counts].toSorted((a, b) => b[1] - a[1]).map(([found]) => found);
  return { name, runs: results.length, wrong: results.filter((one) => one.wrong).length, by };
}

type Incumbents = ReturnType<typeof createIncumbents>;

interface Tried {
  readonly names: readonly KindName[];
  readonly trial: Cheats;
  readonly incumbent: Cheats;
}

async function tryCheats(
  incumbents: Incumbents,
  { names, trial: cheats, incumbent: had }: Tried,
  run: { readonly seed: number; readonly deployment: number },
): Promise<{ wrong: boolean; names: readonly string[] }> {
  const kinds = names.map(kindOf);
  const pathMs = Math.max(PLAIN_ENGINE.pathMs, ...kinds.map((kind) => kind.pathMs ?? 0));
  const exact = !kinds.some((kind) => kind.exactOutput === false);
  const speed = Math.max(...kinds.map((kind) => kind.speed ?? 1));
  const how = Object.assign({ pathMs }, ...kinds.map((kind) => kind.before ?? {}));
  const incumbent = await incumbents(run.seed, how, { exact, cheats: had });
  const canAlterOutputs = kinds.some((kind) => kind.altersOutputs === true);
  const service: Service = { model: { ...PLAIN_ENGINE, ...how }, cheats, speed, canAlterOutputs };
  const outcomes = await tryService(incumbent, service, run.deployment);
  return { wrong: isPromoted(outcomes), names: namesOf(outcomes) };
}

async function benchCheats(incumbents: Incumbents, size: GatesSize): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  let deployment = 1000;
  for (const name of size.kinds ?? KIND_NAMES) {
    const results = [];
    for (const strength of kindOf(name).strengths) {
      for (let seed = 1; seed <= size.seeds; seed += 1) {
        deployment += 2;
        results.push(
          await tryCheats(
            incumbents,
            { names: [name], ...cheatsOf(name, strength) },
            { seed, deployment },
          ),
        );
      }
    }
    tallies.push(tally(name, results));
  }
  const combined = [];
  for (let number = 0; number < size.combinations; number += 1) {
    deployment += 2;
    combined.push(
      await tryCheats(incumbents, combine(number), { seed: 1 + (number % 2), deployment }),
    );
  }
  return [...tallies, tally('two or three of them together', combined)];
}

/** Two or three kinds, each at some strength between its faintest and its boldest. */
function combine(number: number): Tried {
  const random = keyedRandom(['combination', number]);
  const cheats = new Map<KindName, number>();
  const wanted = random.int(2, 3);
  while (cheats.size < wanted) {
    const name = KIND_NAMES[random.int(0, KIND_NAMES.length - 1)];
    if (name === undefined) continue;
    const { strengths, moreOf } = kindOf(name);
    if (moreOf !== undefined) continue;
    const [least = 1] = strengths;
    const most = strengths.at(-1) ?? least;
    cheats.set(name, least + (most - least) * random.unit());
  }
  return { names: [...cheats.keys()], trial: cheats, incumbent: new Map() };
}

async function benchHonest(incumbents: Incumbents, size: GatesSize): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  let deployment = 50_000;
  for (const honest of HONEST_SERVICES) {
    const results = [];
    const faults: Cheats = honest.faults ?? new Map();
    for (let run = 0; run < size.honest; run += 1) {
      deployment += 2;
      const incumbent = await incumbents(1 + (run % 5), honest.before, {
        exact: honest.exactOutput ?? true,
        cheats: faults,
      });
      const model = { ...PLAIN_ENGINE, ...honest.before, ...honest.after };
      const service = { ...honest, model, cheats: faults, speed: honest.speed ?? 1 };
      const outcomes = await tryService(incumbent, service, deployment);
      results.push({ wrong: isRefused(outcomes), names: outcomes[0]?.findings ?? [] });
    }
    tallies.push(tally(honest.name, results));
  }
  return tallies;
}

export async function benchGates(size: GatesSize = FULL): Promise<GatesBench> {
  const startedAt = performance.now();
  const incumbents = createIncumbents();
  const cheats = await benchCheats(incumbents, size);
  const honest = await benchHonest(incumbents, size);
  return { cheats, honest, seconds: (performance.now() - startedAt) / 1000 };
}

function sumOf(tallies: readonly Tally[]): {
  readonly runs: number;
  readonly wrong: number;
} {
  return {
    runs: tallies.reduce((sum, one) => sum + one.runs, 0),
    wrong: tallies.reduce((sum, one) => sum + one.wrong, 0),
  };
}

/** Figures as docs/figures.md has them. */
export function gatesFigures({ cheats, honest }: GatesBench): readonly {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}[] {
  const cheated = sumOf(cheats);
  const refused = sumOf(honest);
  return [
    {
      name: 'cheating runs',
      wanted: '≥ 500',
      measured: `${cheated.runs} of ${KIND_NAMES.length} kinds`,
      reached: cheated.runs >= 500,
    },
    {
      name: 'cheating runs promoted',
      wanted: '0',
      measured: String(cheated.wrong),
      reached: cheated.wrong === 0,
    },
    {
      name: 'honest runs refused',
      wanted: '≤ 2 %',
      measured: `${refused.wrong} of ${refused.runs}`,
      reached: refused.runs >= 200 && refused.wrong / refused.runs <= 0.02,
    },
  ];
}

export function renderGatesBench({ cheats, honest, seconds }: GatesBench): string {
  const line =
    (what: string) =>
    (one: Tally): string =>
      `${one.name.padEnd(44)} ${what} ${String(one.wrong).padStart(2)} of ${String(one.runs).padStart(3)}${one.by.length === 0 ? '' : `  ${one.by.slice(0, 3).join(', ')}`}`;
  return [
    ...cheats.map(line('promoted')),
    ...honest.map(line('refused')),
    `${seconds.toFixed(0)} s`,
  ].join('\n');
}
