import { wilsonInterval } from '../../mcp-server/core/stats/wilson.ts';
import { runSessions, type Shrinkage, shrinkageOf } from './simulate-sessions.ts';
import { type Share, shareKept, type Turns } from './simulate-verdicts.ts';

export interface VerdictBench {
  readonly falseKeeps: readonly { readonly runSd: number; readonly share: Share }[];
  readonly falseConfirms: readonly {
    readonly runSd: number;
    readonly share: Share;
    readonly keptSessions: number;
  }[];
  readonly power: Share;
  readonly inTurn: readonly TurnRow[];
  readonly thirty: Shrinkage;
  readonly seconds: number;
}

/** How often a trial is kept, by what of it took turns with the incumbent. */
export interface TurnRow {
  readonly turns: Turns;
  readonly isDrifting: boolean;
  readonly runSd: number;
  readonly gain: number;
  readonly share: Share;
}

const RUN_SDS = [0.01, 0.03, 0.1] as const;

/** Every figure about verdicts. */
export function benchVerdicts(scale = 1): VerdictBench {
  const startedAt = performance.now();
  const pairs = Math.round(2000 * scale);
  const sessions = Math.round(400 * scale);
  const falseKeeps = RUN_SDS.map((runSd, seed) => ({
    runSd,
    share: shareKept({ seed, pairs, runSd, gain: 0 }),
  }));
  const falseConfirms = RUN_SDS.map((runSd, seed) => {
    const outcomes = runSessions({ seed, sessions, trials: 20, runSd });
    return {
      runSd,
      share: { hits: outcomes.filter((one) => one.falselyConfirmed).length, of: sessions },
      keptSessions: outcomes.filter((one) => one.everKept).length,
    };
  });
  const power = shareKept({ seed: 11, pairs, runSd: 0.02, gain: 0.05 });
  const thirty = shrinkageOf(runSessions({ seed: 12, sessions, trials: 30, runSd: 0.02 }));
  return {
    falseKeeps,
    falseConfirms,
    power,
    inTurn: benchTurns(pairs),
    thirty,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

function benchTurns(pairs: number): readonly TurnRow[] {
  const row = (seed: number, facts: Omit<TurnRow, 'share'>): TurnRow => ({
    ...facts,
    share: shareKept({ ...facts, seed, pairs }),
  });
  const modes: readonly Turns[] = ['retests', 'all'];
  const steady = modes.flatMap((turns) => [
    ...RUN_SDS.map((runSd, seed) => row(seed, { turns, isDrifting: false, runSd, gain: 0 })),
    row(11, { turns, isDrifting: false, runSd: 0.02, gain: 0.05 }),
  ]);
  const drifting = (['none', ...modes] as const).flatMap((turns) => [
    row(0, { turns, isDrifting: true, runSd: 0.01, gain: 0 }),
    row(11, { turns, isDrifting: true, runSd: 0.02, gain: 0.05 }),
  ]);
  return [...steady, ...drifting];
}

const TURN_WORDS: Readonly<Record<Turns, string>> = {
  none: 'no turns',
  retests: 'retests in turn',
  all: 'every run in turn',
};

/** What a row plays, in words. */
function describeTurnRow({ turns, isDrifting, runSd, gain }: TurnRow): string {
  const what = gain === 0 ? 'equal pair kept' : `true +${gain * 100} % kept`;
  const place = isDrifting ? ', machine drifts by 3 %' : '';
  return `${what}, ${TURN_WORDS[turns]}, run noise ${percent(runSd)}${place}`;
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(2)} %`;

/** A share with its 95 % Wilson interval. */
export function describeShare({ hits, of }: Share): string {
  const interval = wilsonInterval(hits, of);
  const range = interval === null ? '' : ` [${percent(interval[0])}, ${percent(interval[1])}]`;
  return `${percent(hits / of)}${range} (${hits} of ${of})`;
}

/** Rows of the table: what is kept in turn. On a machine that drifts, the other rows stand below it to show what turns are for. */
export function turnFigures({ inTurn }: VerdictBench): readonly {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}[] {
  const wanted = inTurn.filter(
    ({ isDrifting, turns, gain }) => !isDrifting || (turns === 'all' && gain === 0),
  );
  return wanted.map((row) => {
    const ratio = row.share.hits / row.share.of;
    return {
      name: describeTurnRow(row),
      wanted: row.gain > 0 ? '≥ 80 %' : '≤ 5 %',
      measured: describeShare(row.share),
      reached: row.gain > 0 ? ratio >= 0.8 : ratio <= 0.05,
    };
  });
}

/** The bench as lines of text. */
export function renderVerdictBench(bench: VerdictBench): string {
  return [
    ...bench.falseKeeps.map(
      ({ runSd, share }) => `false keep at run noise ${percent(runSd)}: ${describeShare(share)}`,
    ),
    ...bench.falseConfirms.map(
      ({ runSd, share, keptSessions }) =>
        `20 equal trials at run noise ${percent(runSd)}: confirmed falsely ${describeShare(share)}; some trial kept before confirmation in ${keptSessions}`,
    ),
    `true +5 % at run noise 2 %, kept within five repeats: ${describeShare(bench.power)}`,
    ...bench.inTurn.map((row) => `${describeTurnRow(row)}: ${describeShare(row.share)}`),
    `30 equal trials at run noise 2 %: luckiest seen ${percent(bench.thirty.seen)}, confirmed ${percent(bench.thirty.confirmed)} ± ${percent(1.96 * bench.thirty.se)}; confirmed beyond the noise floor in ${describeShare(bench.thirty.beyondNoise)}`,
    `${bench.seconds.toFixed(1)} s`,
  ].join('\n');
}

if (process.argv[1]?.endsWith('verdicts.ts')) console.log(renderVerdictBench(benchVerdicts()));
