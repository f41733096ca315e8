import type { Cause, EngineId, RuledOut } from '../ledger/vocabulary.ts';
import { cleanText } from '../redact.ts';
import type { Change } from '../service/change.ts';
import type { Fact } from './fact.ts';
import { type Measures, measuresOf } from './measures.ts';
import type { Observation, ObservationPart } from './observation.ts';
import { confidenceOf, type Knob, type Rule } from './rule.ts';
import { ruleOut } from './rule-out.ts';
import { RULES } from './rules/index.ts';
import { toldOf } from './settings.ts';

export interface Diagnosis {
  /** Most likely first. */
  readonly causes: readonly Cause[];
  /** What it is not, with the number that says so. */
  readonly ruledOut: readonly RuledOut[];
  /** What was not there to look at, and what it would have told. */
  readonly missing: readonly string[];
}

/** A cause below this confidence is a hint, no claim. Source: own reasoning; more likely wrong than right. */
export const CLAIM_CONFIDENCE = 0.5;

const MAX_CAUSES = 8;
const MAX_FACTS = 12;
const MAX_CANDIDATES = 6;

/** What each part would tell. */
const PARTS: Readonly<Record<ObservationPart, string>> = {
  client: 'no measurement: what a client sees is unknown',
  metrics:
    'the engine’s metrics were not scraped around the measurement: queue times, cache hits and preemptions are unknown',
  profile: 'no profiler data: what fills a step is unknown',
  log: 'no engine log: running and waiting requests over time are unknown',
  floors: 'GPU or model is unknown: the distance to the physical limit is unknown',
  effective: 'the engine did not tell its effective configuration: flags are taken as asked for',
  reference: 'no baseline measurement to compare with',
};

/** Bottlenecks and faults that the observation supports, ranked; pure, so that it can be repeated from the ledger. */
export function diagnose(o: Observation): Diagnosis {
  const measures = measuresOf(o);
  const causes = RULES.filter(
    (rule) =>
      rule.engines.includes(o.engine) &&
      canLimit(o, rule) &&
      rule.requires.every((holds) => holds(measures, o)),
  )
    .map((rule) => toCause(o, rule, measures))
    .toSorted((a, b) => b.confidence - a.confidence);
  return {
    causes: distinct(causes).slice(0, MAX_CAUSES),
    ruledOut: o.crash === null ? ruleOut(o, measures) : [],
    missing: missingParts(o),
  };
}

/** What ended before anything was measured was limited by nothing: only why it ended is left to say. */
const canLimit = (o: Observation, rule: Rule): boolean =>
  o.crash === null || o.client !== null || rule.id.startsWith('crash-');

/** One entry per cause class: the surest, with the evidence of the others left to their own runs. */
function distinct(causes: readonly Cause[]): readonly Cause[] {
  const seen = new Set<string>();
  return causes.filter((cause) => {
    if (seen.has(cause.cause)) return false;
    seen.add(cause.cause);
    return true;
  });
}

function toCause(o: Observation, rule: Rule, measures: Measures): Cause {
  const witnesses = rule.witnesses.map((holds) => holds(measures, o));
  const facts = rule.cites.map((cite) =>
    typeof cite === 'string' ? measures[cite].fact : cite(o),
  );
  return {
    rule: rule.id,
    cause: rule.cause,
    title: rule.title,
    confidence: Math.round(confidenceOf(rule.base, witnesses) * 100) / 100,
    evidence: facts
      .filter((fact): fact is Fact => fact !== null)
      .slice(0, MAX_FACTS)
      .map((fact) => ({
        evidenceId: fact.evidenceId,
        name: cleanText(fact.name, 200),
        value: cleanText(String(fact.value), 300),
      })),
    candidates: candidatesOf(o, rule),
    expected: rule.expected,
    confirmBy: rule.confirmBy,
    refutedBy: rule.refutedBy,
  };
}

function missingParts(o: Observation): readonly string[] {
  const absent = (part: ObservationPart): boolean => o[part] === null;
  const parts: readonly ObservationPart[] =
    o.crash === null ? ['client', 'metrics', 'log', 'profile', 'effective', 'floors'] : ['log'];
  return parts.filter(absent).map((part) => `${PARTS[part]}${unseenRules(o, part)}`);
}

/** How many rules could not be looked at without a part. */
function unseenRules(o: Observation, part: ObservationPart): string {
  const count = RULES.filter(
    (rule) => rule.engines.includes(o.engine) && rule.needs.includes(part),
  ).length;
  return count === 0 ? '' : ` (${count} rules need it)`;
}

/** Changes that this engine version takes, that do something, and that are not in force already. */
function candidatesOf(o: Observation, rule: Pick<Rule, 'knobs'>): Change[] {
  const engine: EngineId = o.engine;
  return (rule.knobs[engine] ?? [])
    .flatMap((knob) => changeOf(o, knob) ?? [])
    .slice(0, MAX_CANDIDATES);
}

/** Null when: the flag is not taken by this version, the value is in force already, or there is nothing to take away. */
function changeOf(o: Observation, knob: Knob): Change | null {
  if (knob.how === 'off') {
    const flag = knob.flags.find((one) => o.requested.has(one));
    return flag === undefined ? null : { kind: 'remove_flag', flag };
  }
  const flag = knob.flags.find((one) => o.usableFlags.has(one));
  if (flag === undefined) return null;
  if (knob.how === 'on') {
    return o.requested.has(flag) ? null : { kind: 'set_flag', flag, value: null };
  }
  const value = knob.value(o);
  if (value === null || isInForce(o, flag, value)) return null;
  return { kind: 'set_flag', flag, value };
}

function isInForce(o: Observation, flag: string, value: string): boolean {
  const asked = o.requested.get(flag);
  const running = toldOf(o, flag.replace(/^--/, '').replaceAll('-', '_'));
  return [asked, running].some(
    (text) =>
      text !== undefined && text !== null && (text === value || Number(text) === Number(value)),
  );
}
