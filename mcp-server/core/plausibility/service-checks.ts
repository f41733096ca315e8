import { percent } from '../percent.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { type Check, type Facts, type Fault, faultOf, found } from './input.ts';

/** Rejections that are accidents. Source: own reasoning; a healthy service has none. */
const MAX_SHARE = 0.01;
/** Prompts of what was turned away against those that were served. Source: own reasoning. */
const LONGER = 1.5;
/** First words on fixed prompts that a quantised model still shares. Source: docs/load.md, check 8. */
const MIN_AGREEMENT = 0.6;

/** Another model than the one that was asked for. */
export const substitution: Check = (facts) => [
  ...found(8, 'other_model_answers', whyNamed(facts)),
  ...found(8, 'other_model_served', whyServed(facts)),
  ...found(8, 'fingerprint_changed', whyFingerprint(facts)),
];

function whyNamed({ records }: Facts): Fault | null {
  const other = records.filter((record) => record.failure === 'wrong_model');
  return faultOf(other, records, 'answers name another model');
}

function whyServed({ service, reference }: Facts): Fault | null {
  const now = service?.modelId ?? null;
  const before = reference?.service?.modelId ?? null;
  return now === null || before === null || now === before
    ? null
    : { size: 1, detail: 'the service lists another model' };
}

function whyFingerprint({ service, reference }: Facts): Fault | null {
  const now = service?.fingerprint ?? [];
  const before = reference?.service?.fingerprint ?? [];
  if (now.length === 0 || now.length !== before.length) return null;
  const same = now.filter((word, place) => word === before[place]).length / now.length;
  return same >= MIN_AGREEMENT
    ? null
    : {
        size: 1 - same,
        detail: `${percent(same)} of the fixed prompts get the answer that they had`,
      };
}

/** Requests that were turned away, so that the others look good. */
export const selectiveService: Check = (facts) => [
  ...found(9, 'rejects_requests', whyFailed(facts, ['http_client_error', 'http_server_error'])),
  ...found(9, 'lets_requests_wait', whyFailed(facts, ['timed_out'])),
  ...found(9, 'drops_connections', whyFailed(facts, ['connection_reset', 'connection_failed'])),
  ...found(9, 'breaks_streams', whyFailed(facts, BROKEN)),
  ...found(9, 'turns_long_prompts_away', whyLong(facts)),
];

const BROKEN = [
  'error_event',
  'malformed_event',
  'no_finish_reason',
  'no_usage',
  'empty_output',
  'not_event_stream',
] as const;

function whyFailed({ records }: Facts, classes: readonly string[]): Fault | null {
  const failed = records.filter(({ failure }) => failure !== null && classes.includes(failure));
  if (records.length === 0 || failed.length / records.length <= MAX_SHARE) return null;
  const statuses = [...new Set(failed.map((record) => record.httpStatus ?? 'none'))].join(', ');
  const detail = `${failed.length} of ${records.length} requests (status ${statuses})`;
  return { size: failed.length / records.length, detail };
}

function whyLong({ records, valid }: Facts): Fault | null {
  const failed = records.filter(({ failure }) => failure !== null && failure !== 'cancelled');
  const away = meanOf(failed.map((record) => record.requestedInputTokens));
  const served = meanOf(valid.map((record) => record.requestedInputTokens));
  if (failed.length < 3 || away === null || served === null || away < LONGER * served) return null;
  const detail = `prompts turned away have ${away.toFixed(0)} tokens on average, served ones ${served.toFixed(0)}`;
  return { size: failed.length / records.length, detail };
}

/** Noise by which a figure on other seeds may be worse. Source: own reasoning, three standard deviations. */
const NOISE_TIMES = 3;

/** A gain that only the prompts of the search show. */
export const heldOut: Check = ({ holdOut }) => {
  if (holdOut === null || holdOut.searched === 0) return [];
  const lost = 1 - holdOut.heldOut / holdOut.searched;
  if (lost <= NOISE_TIMES * holdOut.noiseRatio) return [];
  const detail = `${percent(lost)} less on prompts that the search never sent`;
  return found(10, 'only_on_known_prompts', { size: lost, detail });
};
