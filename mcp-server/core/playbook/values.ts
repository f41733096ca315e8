import { gpuFacts } from '../roofline/gpus.ts';
import { powerOfTwoAtLeast } from '../search/knob.ts';
import { levelOver, offeredConcurrency } from './facts.ts';
import type { Observation } from './observation.ts';
import { settingOf } from './settings.ts';

/** A cap that takes what the client offers, at least twice the present one. Null when: neither is known. */
export function largerRunning(o: Observation): string | null {
  const cap = settingOf(o, 'maxRunning')?.value ?? null;
  const offered = offeredConcurrency(o);
  if (cap === null && offered === null) return null;
  // A cap above what is offered does not bind: a larger one would change nothing.
  if (cap !== null && offered !== null && cap >= offered) return null;
  return String(powerOfTwoAtLeast(Math.max(2 * (cap ?? 0), offered ?? 0)));
}

/** Three quarters of what ran, in steps of 8. Null when: nothing tells what ran. */
export function smallerRunning(o: Observation): string | null {
  const now = levelOver(o, 'running')?.level.max ?? settingOf(o, 'maxRunning')?.value ?? null;
  return now === null || now < 2
    ? null
    : String(Math.max(1, now >= 16 ? Math.floor((now * 0.75) / 8) * 8 : Math.floor(now * 0.75)));
}

function shiftedFraction(o: Observation, by: number): string | null {
  const now = settingOf(o, 'memoryFraction')?.value ?? o.words.memoryShare?.usual;
  if (now === undefined) return null;
  const next = Math.round((now + by) * 100) / 100;
  return next > 0.97 || next < 0.3 ? null : next.toFixed(2);
}

/** A little more memory for weights and KV. */
export const higherFraction = (o: Observation): string | null =>
  shiftedFraction(o, o.words.memoryShare?.step ?? 0);

/** Less memory for weights and KV, so that activations and graphs fit. Source: engine texts (0.8, 0.7). */
export const lowerFraction = (o: Observation): string | null => shiftedFraction(o, -0.06);

/** GB that an engine should leave free at its start. Source: SGLang docs hyperparameter_tuning, 5 to 8. */
const FREE_GB = 8;

/** GPU memory that was left free at the start. Null when: the engine does not tell. Units: GB. */
export function gbLeftFree(o: Observation): number | null {
  const text = o.log?.events.find((one) => one.cls === 'capacity')?.values['availGb'];
  return text === undefined ? null : Number(text);
}

/**
 * The share that leaves what the engine needs and no more: by what it left free, else the default. Null when: it is that
 * high already.
 */
export function fractionThatFills(o: Observation): string | null {
  const now = settingOf(o, 'memoryFraction')?.value ?? null;
  const most = o.words.memoryShare?.usual;
  if (now === null || most === undefined) return most?.toFixed(2) ?? null;
  const next = Math.min(most, now + unusedShare(o));
  return next < now + 0.01 ? null : next.toFixed(2);
}

/** Share of the GPU that may be taken besides. All of it when: the engine does not tell what it left. */
function unusedShare(o: Observation): number {
  const left = gbLeftFree(o);
  const whole = gpuFacts(o.hardware.gpu ?? '')?.memoryGb ?? null;
  return left === null || whole === null ? 1 : (left - FREE_GB) / whole;
}

/** Room for more requests, so that a bolder admission does no harm. */
export function bolderAdmission(o: Observation): string | null {
  return (levelOver(o, 'kvUsage')?.level.max ?? 0) >= 0.9 ? null : '0.3';
}

/** Half of the prefill chunk, at least 512. Null when: it is that small already. */
export function smallerChunk(o: Observation): string | null {
  const now = settingOf(o, 'chunk')?.value ?? 8192;
  const next = powerOfTwoAtLeast(Math.max(512, (now <= 0 ? 16_384 : now) / 2));
  return next < now || now <= 0 ? String(next) : null;
}

/** Twice the prefill chunk, at most 32768. Null when: it is that large, or chunking is off. */
export function largerChunk(o: Observation): string | null {
  const now = settingOf(o, 'chunk')?.value ?? null;
  if (now === null || now <= 0 || now >= 32_768) return null;
  return String(Math.min(32_768, powerOfTwoAtLeast(2 * now)));
}

/** A graph ceiling above the largest running batch seen, in powers of two, at most 512. Null when: nothing tells. */
export function graphCeiling(o: Observation): string | null {
  const most = levelOver(o, 'running')?.level.max ?? offeredConcurrency(o);
  return most === null ? null : String(Math.min(512, powerOfTwoAtLeast(most)));
}

/** Processes before the scheduler: four, or half of the cores where they are fewer. Null when: there is no second core. */
export function frontEndWorkers(o: Observation): string | null {
  const most = Math.floor((o.hardware.cores ?? 8) / 2);
  return most < 2 ? null : String(Math.min(4, most));
}

/** Half of the tokens of one prefill batch. Source of the default: SGLang server_args.py, 16384. */
export function smallerPrefillBatch(o: Observation): string | null {
  const now = settingOf(o, 'prefillBatch')?.value ?? 16_384;
  return now <= 2048 ? null : String(Math.floor(now / 2));
}

/** Back to the engine’s own, or below it. Source: SGLang docs hyperparameter_tuning, 0.3. */
export function lowerConservativeness(o: Observation): string {
  return (settingOf(o, 'conservativeness')?.value ?? 1) > 1 ? '1.0' : '0.3';
}

/** Source: SGLang docs hyperparameter_tuning, 1.3. */
export function higherConservativeness(o: Observation): string {
  return String(Math.max(1.3, (settingOf(o, 'conservativeness')?.value ?? 1) * 1.3));
}

/** Null when: the GPU has no units for it. */
export function eightBitWeights(o: Observation): string | null {
  return o.floors?.supportsFp8 === true ? 'fp8' : null;
}

export function allGpus(o: Observation): string {
  return String(o.hardware.gpuCount);
}
