import { wilsonInterval } from '../../mcp-server/core/stats/wilson.ts';
import { runSessions, type Shrinkage, shrinkageOf } from './simulate-sessions.ts';
import { type Share, shareKept } from './simulate-verdicts.ts';

export interface VerdictBench {
  readonly falseKeeps: readonly { readonly runSd: number; readonly share: Share }[];
  readonly falseConfirms: readonly {
    readonly runSd: number;
    readonly share: Share;
    readonly keptSessions: number;
  }[];
  readonly power: Share;
  readonly thirty: Shrinkage;
  readonly seconds: number;
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
    thirty,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(2)} %`;

/** A share with its 95 % Wilson interval. */
export function describeShare({ hits, of }: Share): string {
  const interval = wilsonInterval(hits, of);
  const range = interval === null ? '' : ` [${percent(interval[0])}, ${percent(interval[1])}]`;
  return `${percent(hits / of)}${range} (${hits} of ${of})`;
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
    `30 equal trials at run noise 2 %: luckiest seen ${percent(bench.thirty.seen)}, confirmed ${percent(bench.thirty.confirmed)} ± ${percent(1.96 * bench.thirty.se)}; confirmed beyond the noise floor in ${describeShare(bench.thirty.beyondNoise)}`,
    `${bench.seconds.toFixed(1)} s`,
  ].join('\n');
}

if (process.argv[1]?.endsWith('verdicts.ts')) console.log(renderVerdictBench(benchVerdicts()));
