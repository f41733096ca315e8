import { createRng } from './random.ts';

/** Slowness of one launched engine over time, as factors around 1. */
export interface Noise {
  /** Factor on the duration of a step that starts at `atMs`. */
  stepFactor(atMs: number): number;
  /** Factor on the front end's latency of one request. */
  frontFactor(): number;
  /** Uniform chance for the engine itself (acceptance of drafts). */
  chance(): number;
}

/**
 * Source: repeated measurements of equal configurations: fresh launch 0.3 %, session drift 0.5 % (AR(1)), run to run
 * 0.1-0.5 % for step times and 5-10 % for the median TTFT, 3 % of runs slowed by 2-10 %.
 */
const LAUNCH_SD = 0.003;
const DRIFT_SD = 0.004;
const WINDOW_MS = 15_000;
const DRIFT_CORRELATION = 0.6;
const SLOW_CHANCE = 0.03;
const STEP_SD = 0.01;
const FRONT_SD = 0.12;

/** Noise of one launch: `seed` names the machine and session, `launchSeed` this start of the engine. */
export function createNoise(seed: number, launchSeed: number): Noise {
  const rng = createRng(seed * 7919 + launchSeed * 104729 + 17);
  const launch = LAUNCH_SD * rng.normal();
  let window = -1;
  let drift = DRIFT_SD * rng.normal();
  let slow = 1;
  const enter = (index: number): void => {
    while (window < index) {
      window += 1;
      drift =
        DRIFT_CORRELATION * drift + Math.sqrt(1 - DRIFT_CORRELATION ** 2) * DRIFT_SD * rng.normal();
      slow = rng.next() < SLOW_CHANCE ? 1.02 + 0.08 * rng.next() : 1;
    }
  };
  return {
    stepFactor: (atMs) => {
      enter(Math.floor(atMs / WINDOW_MS));
      return Math.exp(launch + drift + STEP_SD * rng.normal()) * slow;
    },
    frontFactor: () => Math.exp(FRONT_SD * rng.normal()),
    chance: () => rng.next(),
  };
}

/** No noise at all: for checks against published figures. */
export function createSilence(seed: number): Noise {
  const rng = createRng(seed);
  return { stepFactor: () => 1, frontFactor: () => 1, chance: () => rng.next() };
}
