import { mcnemarExact, pairedLoss, ruleOnLoss } from '../../mcp-server/core/quality/paired-loss.ts';
import { SUITE_ITEMS } from '../../mcp-server/core/quality/task-suite.ts';
import { pocockLevel } from '../../mcp-server/core/stats/group-sequential.ts';
import { createRng } from '../../mcp-server/simulator/core/random.ts';
import type { Share } from './simulate-verdicts.ts';
import { describeShare } from './verdicts.ts';

/** Truth of two models: answers that change sides for nothing, and answers that are lost. Shape: 0..1. */
interface Truth {
  readonly flips: number;
  readonly loss: number;
}

type Size = keyof typeof SUITE_ITEMS;

interface Row {
  readonly truth: Truth;
  readonly size: Size;
  readonly pass: Share;
  readonly fail: Share;
  readonly meanItems: number;
}

export interface QualityBench {
  readonly rows: readonly Row[];
  readonly pick: (truth: Truth, size: Size) => Row;
}

const MARGIN = 0.03;
const PAIRS = 2000;

/** The gate as it runs: sizes up to `size` are looks at one growing sample. */
function playGate(seed: number, truth: Truth, size: Size): { ruling: string; items: number } {
  const rng = createRng(seed);
  const level = pocockLevel(Object.keys(SUITE_ITEMS).length, 'one-sided');
  const looks = Object.values(SUITE_ITEMS).filter((items) => items <= SUITE_ITEMS[size]);
  let lost = 0;
  let won = 0;
  let items = 0;
  for (const look of looks) {
    for (; items < look; items += 1) {
      const chance = rng.next();
      if (chance < truth.flips / 2 + truth.loss) lost += 1;
      else if (chance < truth.flips + truth.loss) won += 1;
    }
    const found = pairedLoss({ items, lost, won }, level);
    const isLast = look === SUITE_ITEMS[size];
    const ruling = ruleOnLoss(found, { margin: MARGIN, level, isLast });
    if (ruling !== 'inconclusive' || isLast) return { ruling, items };
  }
  return { ruling: 'inconclusive', items };
}

function rowOf(truth: Truth, size: Size): Row {
  const runs = Array.from({ length: PAIRS }, (_, seed) => playGate(seed + 1, truth, size));
  const share = (ruling: string): Share => ({
    hits: runs.filter((run) => run.ruling === ruling).length,
    of: runs.length,
  });
  return {
    truth,
    size,
    pass: share('pass'),
    fail: share('fail'),
    meanItems: runs.reduce((sum, run) => sum + run.items, 0) / runs.length,
  };
}

/** How often the task suite passes, fails and stays open, by true loss and size. */
export function benchQuality(): QualityBench {
  const sizes: readonly Size[] = ['quick', 'standard', 'deep'];
  const truths = [0, 0.03, 0.05, 0.08].flatMap((loss) =>
    [0, 0.04, 0.08].map((flips) => ({ loss, flips })),
  );
  const rows = truths.flatMap((truth) => sizes.map((size) => rowOf(truth, size)));
  const pick = (truth: Truth, size: Size): Row =>
    rows.find(
      (row) =>
        row.size === size && row.truth.loss === truth.loss && row.truth.flips === truth.flips,
    ) ?? rowOf(truth, size);
  return { rows, pick };
}

interface RateFigure {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

/** What the gate promises, and whether the simulation keeps it. */
export function qualityFigures({ pick }: QualityBench): readonly RateFigure[] {
  const rate = (name: string, share: Share, [sign, limit]: readonly ['≥' | '≤', number]) => ({
    name,
    wanted: `${sign} ${limit} %`,
    measured: describeShare(share),
    reached:
      sign === '≥' ? share.hits / share.of >= limit / 100 : share.hits / share.of <= limit / 100,
  });
  const equal = pick({ loss: 0, flips: 0.04 }, 'deep');
  const worse = { loss: 0.08, flips: 0.08 };
  const atMargin = pick({ loss: MARGIN, flips: 0.04 }, 'deep');
  return [
    rate('equal models pass (4 % flips, deep)', equal.pass, ['≥', 90]),
    rate('equal models fail (4 % flips, deep)', equal.fail, ['≤', 5]),
    rate('a loss of 8 points fails (8 % flips, standard)', pick(worse, 'standard').fail, ['≥', 90]),
    rate('a loss of 8 points passes (8 % flips, quick)', pick(worse, 'quick').pass, ['≤', 5]),
    rate('a loss of the whole margin passes (4 % flips, deep)', atMargin.pass, ['≤', 6]),
  ];
}

const percent = ({ hits, of }: Share): string => `${((100 * hits) / of).toFixed(1)} %`;

/** A table a reader can hold against another calculator. */
export function renderQualityBench({ rows }: QualityBench): string {
  const lines = rows.map(({ truth, size, pass, fail, meanItems }) =>
    [
      `${(truth.loss * 100).toFixed(0)} points`.padEnd(10),
      `${(truth.flips * 100).toFixed(0)} %`.padEnd(7),
      size.padEnd(9),
      percent(pass).padStart(8),
      percent(fail).padStart(8),
      meanItems.toFixed(0).padStart(8),
    ].join(' '),
  );
  const head = 'true loss  flips   size          pass     fail    items';
  const exact = `McNemar, exact, 12 lost and 2 won: p = ${mcnemarExact(12, 2).toFixed(4)}`;
  return [head, ...lines, exact].join('\n');
}
