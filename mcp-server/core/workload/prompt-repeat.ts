/** Load points of a contract, so that no two of them share prompts at the same repeat. Source: contract schema. */
const MAX_LOAD_POINTS = 8;
/** Where the prompts of probes with a load of their own begin. */
const PROBE_REPEATS = 1_000_000;

/** The repeat that a run's prompts and arrivals follow from: another one for each repeat and load point of a session. */
export function promptRepeat(run: {
  readonly repeat: number;
  /** Null: a probe with a load of its own. */
  readonly loadPointIndex: number | null;
}): number {
  return run.loadPointIndex === null
    ? PROBE_REPEATS + run.repeat
    : run.repeat * MAX_LOAD_POINTS + run.loadPointIndex;
}
