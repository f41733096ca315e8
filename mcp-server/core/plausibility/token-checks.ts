import { percent } from '../percent.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { quantile } from '../stats/quantile.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Check, type Facts, type Fault, type Finding, faultOf, found } from './input.ts';

/** Disagreement of counters that is rounding. Source: docs/load.md, check 1. */
const COUNTER_TOLERANCE = 0.01;
/** No tokenizer in use has less text a token on average over an answer. Source: own reasoning; Chinese has about 1.3. */
const MIN_CHARS_PER_TOKEN = 1;
/** Fewer characters a token are as bad as none. */
const LEAST_CHARS = 0.01;
/** Text per token against the honest run. Source: own reasoning; a seed changes it by a few per cent. */
const MIN_TEXT_RATIO = 0.8;
/** Prompt lengths against what was asked for. Source: AIPerf's warning, 10 %. */
const PROMPT_TOLERANCE = 0.1;
/** Mean answer against the honest run's. Source: MLPerf inference rules, 90 %. */
const MIN_LENGTH_RATIO = 0.9;
const MAX_LENGTH_RATIO = 1.1;
/** Standard errors that few answers may differ by. Source: normal table, two-sided 6e-5: one reference serves many runs. */
const ERRORS = 4;
/** Change of the share of answers that the model ended. Source: own reasoning. */
const MAX_STOP_CHANGE = 0.2;

/** Counts that do not fit the text, the request or the engine's own counters. */
export const tokenAccounting: Check = (facts) => [
  ...found(1, 'tokens_without_text', whyWithoutText(facts)),
  ...found(1, 'more_tokens_than_asked', whyTooMany(facts.valid)),
  ...found(1, 'more_events_than_tokens', whyTooManyEvents(facts.valid)),
  ...found(1, 'duplicate_usage', whyDuplicate(facts.valid)),
  ...counters(facts),
];

function charsPerToken(records: readonly RequestRecord[]): number | null {
  const told = records.filter((record) => record.textChars !== undefined);
  const tokens = told.reduce((sum, record) => sum + (record.outputTokens ?? 0), 0);
  const chars = told.reduce((sum, record) => sum + (record.textChars ?? 0), 0);
  return tokens === 0 || told.length === 0 ? null : chars / tokens;
}

/** Characters per token, as a run shows them. */
export const textPerToken = charsPerToken;

function whyWithoutText({ valid, reference }: Facts): Fault | null {
  const now = charsPerToken(valid);
  if (now === null) return null;
  const detail = `${now.toFixed(2)} characters a token`;
  if (now < MIN_CHARS_PER_TOKEN) return { size: 1 / Math.max(now, LEAST_CHARS), detail };
  const before = reference?.charsPerToken ?? null;
  if (before === null || now >= before * MIN_TEXT_RATIO) return null;
  return { size: 1 / Math.max(now, LEAST_CHARS), detail: `${detail}, ${before.toFixed(2)} before` };
}

function whyTooMany(valid: readonly RequestRecord[]): Fault | null {
  const over = valid.filter((record) => (record.outputTokens ?? 0) > record.requestedOutputTokens);
  return faultOf(over, valid, 'answers claim more tokens than were allowed');
}

/** Events beyond the tokens that a stream may have: an empty last one, a split character. */
const SPARE_EVENTS = 3;

function whyTooManyEvents(valid: readonly RequestRecord[]): Fault | null {
  const over = valid.filter(
    (record) => record.contentEvents > (record.outputTokens ?? 0) + SPARE_EVENTS,
  );
  return faultOf(over, valid, 'answers have more events than tokens');
}

function whyDuplicate(valid: readonly RequestRecord[]): Fault | null {
  const twice = valid.filter(({ usageEvents = 0, contentEvents }) => {
    return usageEvents > 1 && usageEvents < contentEvents * 0.5;
  });
  return faultOf(twice, valid, 'answers tell their usage more than once');
}

function counters({ engine, valid, summary }: Facts): readonly Finding[] {
  if (engine === null || summary.failed > 0) return [];
  const output = valid.reduce((sum, record) => sum + (record.outputTokens ?? 0), 0);
  const input = valid.reduce((sum, record) => sum + (record.inputTokens ?? 0), 0);
  return [
    ...found(1, 'engine_output_disagrees', whyDisagree(output, engine.generationTokens)),
    ...found(1, 'engine_prompt_disagrees', whyDisagree(input, engine.promptTokens)),
  ];
}

function whyDisagree(client: number, engine: number | null): Fault | null {
  if (engine === null || client === 0) return null;
  const off = Math.abs(engine / client - 1);
  if (off <= COUNTER_TOLERANCE) return null;
  return { size: off, detail: `${client} by the answers, ${engine} by the engine` };
}

/** Work that became less without anybody saying so. */
export const workShrinkage: Check = (facts) => [
  ...promptLength(facts),
  ...found(7, 'answers_shortened', whyShorter(facts)),
  ...found(7, 'finish_mix_changed', whyMixChanged(facts)),
  ...found(7, 'length_ignored', whyLengthIgnored(facts)),
  ...found(7, 'context_shrunk', whyContext(facts)),
];

function promptLength({ valid, reference }: Facts): readonly Finding[] {
  const now = promptRatio(valid);
  const before = reference?.promptRatio ?? 1;
  if (now === null) return [];
  const fault = {
    size: Math.abs(now - 1),
    detail: `${percent(now)} of the prompt tokens that were sent are counted, ${percent(before)} expected`,
  };
  return [
    ...found(7, 'prompt_shrunk', now < before * (1 - PROMPT_TOLERANCE) ? fault : null),
    ...found(1, 'prompt_overcounted', now > before * (1 + PROMPT_TOLERANCE) ? fault : null),
  ];
}

function ratioOf(
  records: readonly RequestRecord[],
  read: (record: RequestRecord) => readonly [counted: number | null, asked: number],
): number | null {
  const told = records
    .map(read)
    .flatMap(([counted, asked]) => (counted === null ? [] : [{ counted, asked }]));
  const asked = told.reduce((sum, one) => sum + one.asked, 0);
  return asked === 0 ? null : told.reduce((sum, one) => sum + one.counted, 0) / asked;
}

/** Prompt tokens counted over those asked for. Null when: the service counts none. */
export function promptRatio(records: readonly RequestRecord[]): number | null {
  return ratioOf(records, (record) => [record.inputTokens, record.requestedInputTokens]);
}

/** Completion tokens over those allowed. Null when: the service counts none. */
export function answerRatio(records: readonly RequestRecord[]): number | null {
  return ratioOf(records, (record) => [record.outputTokens, record.requestedOutputTokens]);
}

/** Standard error of that ratio. Null when: fewer than two answers. */
export function answerErrorRatio(records: readonly RequestRecord[]): number | null {
  const sd = sampleSd(
    records.map((record) => (record.outputTokens ?? 0) / record.requestedOutputTokens),
  );
  return sd === null ? null : sd / Math.sqrt(records.length);
}

function whyShorter({ valid, reference, exactOutput }: Facts): Fault | null {
  const now = answerRatio(valid);
  const before = reference?.answerRatio ?? null;
  if (exactOutput || now === null || before === null || before === 0) return null;
  const errors = [answerErrorRatio(valid), reference?.answerErrorRatio ?? null];
  const error = Math.hypot(...errors.map((one) => one ?? 0)) / before;
  return isLengthKept(now / before, ERRORS * error)
    ? null
    : {
        size: Math.abs(now / before - 1),
        detail: `answers use ${percent(now)} of the length allowed, ${percent(before)} before`,
      };
}

function isLengthKept(ratio: number, chance: number): boolean {
  return Math.abs(ratio - 1) <= chance || (ratio >= MIN_LENGTH_RATIO && ratio <= MAX_LENGTH_RATIO);
}

/** Share of answers that ended by themselves. Null when: none came. */
export function stopShare(records: readonly RequestRecord[]): number | null {
  return meanOf(records.map((record) => (record.finishReason === 'stop' ? 1 : 0)));
}

function whyMixChanged({ valid, reference }: Facts): Fault | null {
  const now = stopShare(valid);
  const before = reference?.stopShare ?? null;
  if (now === null || before === null || Math.abs(now - before) <= MAX_STOP_CHANGE) return null;
  const detail = `${percent(now)} of the answers end by themselves, ${percent(before)} before`;
  return { size: Math.abs(now - before), detail };
}

function whyLengthIgnored({ records, exactOutput }: Facts): Fault | null {
  const short = records.filter((record) => record.failure === 'short_output');
  if (!exactOutput || short.length === 0) return null;
  const median = quantile(
    short.map((record) => (record.outputTokens ?? 0) / record.requestedOutputTokens),
    0.5,
  );
  const detail = `${short.length} answers are shorter than asked although the end was to be ignored (median ${percent(median ?? 0)})`;
  return { size: short.length / records.length, detail };
}

function whyContext({ service, reference }: Facts): Fault | null {
  const now = service?.maxModelLen ?? null;
  const before = reference?.service?.maxModelLen ?? null;
  if (now === null || before === null || now >= before) return null;
  return { size: 1 - now / before, detail: `context ${now}, ${before} before` };
}
