import { z } from 'zod';
import { describeIssues } from '../describe-issues.ts';
import { EVENT_DATA, type EventType, type NewEvent } from './events.ts';

/** Type and data of every event, for checking on read and on write. */
const EventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session_opened'), data: EVENT_DATA.session_opened }),
  z.object({ type: z.literal('budget_amended'), data: EVENT_DATA.budget_amended }),
  z.object({ type: z.literal('trial_planned'), data: EVENT_DATA.trial_planned }),
  z.object({ type: z.literal('trial_refused'), data: EVENT_DATA.trial_refused }),
  z.object({ type: z.literal('deploy_intended'), data: EVENT_DATA.deploy_intended }),
  z.object({ type: z.literal('deploy_started'), data: EVENT_DATA.deploy_started }),
  z.object({ type: z.literal('deploy_ready'), data: EVENT_DATA.deploy_ready }),
  z.object({ type: z.literal('deploy_failed'), data: EVENT_DATA.deploy_failed }),
  z.object({ type: z.literal('stop_intended'), data: EVENT_DATA.stop_intended }),
  z.object({ type: z.literal('deployment_gone'), data: EVENT_DATA.deployment_gone }),
  z.object({ type: z.literal('job_started'), data: EVENT_DATA.job_started }),
  z.object({ type: z.literal('job_ended'), data: EVENT_DATA.job_ended }),
  z.object({ type: z.literal('evidence_stored'), data: EVENT_DATA.evidence_stored }),
  z.object({ type: z.literal('measurement_recorded'), data: EVENT_DATA.measurement_recorded }),
  z.object({ type: z.literal('calibrated'), data: EVENT_DATA.calibrated }),
  z.object({ type: z.literal('quality_checked'), data: EVENT_DATA.quality_checked }),
  z.object({ type: z.literal('diagnosed'), data: EVENT_DATA.diagnosed }),
  z.object({ type: z.literal('mechanism_checked'), data: EVENT_DATA.mechanism_checked }),
  z.object({ type: z.literal('trial_judged'), data: EVENT_DATA.trial_judged }),
  z.object({ type: z.literal('best_moved'), data: EVENT_DATA.best_moved }),
  z.object({ type: z.literal('trial_closed'), data: EVENT_DATA.trial_closed }),
  z.object({ type: z.literal('best_confirmed'), data: EVENT_DATA.best_confirmed }),
  z.object({ type: z.literal('promoted'), data: EVENT_DATA.promoted }),
  z.object({ type: z.literal('report_exported'), data: EVENT_DATA.report_exported }),
  z.object({ type: z.literal('session_stopped'), data: EVENT_DATA.session_stopped }),
]);

/** True for a type that this version knows. */
export function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_DATA, type);
}

export type CheckedEvent =
  | { readonly event: NewEvent; readonly faults: null }
  | { readonly event: null; readonly faults: string };

/** Checks an event's data against the schema of its type; keys that the schema does not name are dropped. */
export function checkEvent(event: { readonly type: string; readonly data: unknown }): CheckedEvent {
  const parsed = EventSchema.safeParse(event);
  if (parsed.success) return { event: parsed.data, faults: null };
  const report = describeIssues(parsed.error.issues, event);
  const unknown = report.unknownKeys.map((key) => `${key}: unknown key`);
  return { event: null, faults: [...report.faults, ...unknown].slice(0, 4).join('; ') };
}

/**
 * Shortens strings that are longer than the schema allows, so that a long message never costs an event.
 * Returns the data unchanged where nothing is too long.
 */
export function fitEvent(event: { readonly type: string; readonly data: unknown }): unknown {
  const parsed = EventSchema.safeParse(event);
  if (parsed.success) return event.data;
  let data: unknown = structuredClone(event.data);
  for (const issue of parsed.error.issues) {
    if (issue.code !== 'too_big' || issue.origin !== 'string') continue;
    data = shortenAt(data, issue.path.slice(1), Number(issue.maximum));
  }
  return data;
}

function shortenAt(value: unknown, path: readonly PropertyKey[], maximum: number): unknown {
  if (typeof value === 'string') return `${value.slice(0, Math.max(0, maximum - 1))}…`;
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === key ? shortenAt(item, rest, maximum) : item));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === key ? shortenAt(item, rest, maximum) : item,
    ]),
  );
}
