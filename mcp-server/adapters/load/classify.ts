import type { FailureClass } from '../../core/workload/request-record.ts';
import type { StreamFacts } from './stream-reader.ts';

/** Everything that decides whether a response is valid. */
export interface Outcome {
  readonly facts: StreamFacts;
  /** True once the request was handed to a socket. */
  readonly wasSent: boolean;
  readonly httpStatus: number | null;
  readonly contentType: string | null;
  readonly transportError: string | null;
  /** Why we ended the stream ourselves; null when the server ended it. */
  readonly cut: 'timed_out' | 'cancelled' | 'flood' | 'body_read' | null;
  readonly cutDetail: string | null;
  readonly expected: {
    readonly model: string;
    readonly servedModels: readonly string[];
    readonly outputTokens: number;
    readonly exactOutput: boolean;
  };
}

export interface Failure {
  readonly failure: FailureClass;
  readonly detail: string;
}

const FINISH_REASONS: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls']);

type Check = (outcome: Outcome) => Failure | null;

/** In the order of FAILURE_CLASSES: the first that holds is the class. */
const CHECKS: readonly Check[] = [
  connection,
  httpStatus,
  eventStream,
  malformed,
  errorEvent,
  cutShort,
  finish,
  usage,
  emptyOutput,
  exactLength,
  servedModel,
];

/** The failure of a response. Null when: it is valid by every rule. */
export function classify(outcome: Outcome): Failure | null {
  for (const check of CHECKS) {
    const failure = check(outcome);
    if (failure !== null) return failure;
  }
  return null;
}

function connection(outcome: Outcome): Failure | null {
  if (outcome.wasSent || outcome.cut === 'cancelled') return null;
  const reason = outcome.transportError ?? outcome.cutDetail;
  return reason === null ? null : { failure: 'connection_failed', detail: reason };
}

function httpStatus(outcome: Outcome): Failure | null {
  const status = outcome.httpStatus;
  if (status === null || status === 200) return null;
  const detail = `HTTP ${status}: ${outcome.facts.head}`;
  return { failure: status >= 500 ? 'http_server_error' : 'http_client_error', detail };
}

function eventStream(outcome: Outcome): Failure | null {
  const { facts, contentType } = outcome;
  const isHtml = /^\s*</.test(facts.head);
  const isDeclared = contentType === null || /^text\/event-stream\b/i.test(contentType);
  if (outcome.httpStatus !== 200 || (isDeclared && !(isHtml && facts.events === 0))) return null;
  return { failure: 'not_event_stream', detail: `${contentType ?? 'no type'}: ${facts.head}` };
}

function malformed(outcome: Outcome): Failure | null {
  if (outcome.facts.malformed !== null) {
    return { failure: 'malformed_event', detail: outcome.facts.malformed };
  }
  if (outcome.cut !== 'flood') return null;
  return { failure: 'malformed_event', detail: outcome.cutDetail ?? 'too many bytes' };
}

function errorEvent({ facts }: Outcome): Failure | null {
  return facts.error === null ? null : { failure: 'error_event', detail: facts.error };
}

function cutShort(outcome: Outcome): Failure | null {
  if (outcome.cut === 'timed_out' || outcome.cut === 'cancelled') {
    return { failure: outcome.cut, detail: outcome.cutDetail ?? outcome.cut };
  }
  if (outcome.transportError === null || outcome.facts.done) return null;
  return { failure: 'connection_reset', detail: outcome.transportError };
}

function finish({ facts }: Outcome): Failure | null {
  if (facts.finishReason !== null && FINISH_REASONS.has(facts.finishReason)) return null;
  const said = facts.finishReason === null ? 'none' : facts.finishReason;
  return { failure: 'no_finish_reason', detail: `finish_reason: ${said}` };
}

function usage({ facts }: Outcome): Failure | null {
  if (facts.usage?.outputTokens !== null && facts.usage?.outputTokens !== undefined) return null;
  return { failure: 'no_usage', detail: 'no completion_tokens although the usage was asked for' };
}

function emptyOutput({ facts }: Outcome): Failure | null {
  const tokens = facts.usage?.outputTokens ?? 0;
  if (tokens >= 1 && facts.textChars > 0) return null;
  return { failure: 'empty_output', detail: `${tokens} tokens, ${facts.textChars} characters` };
}

function exactLength({ facts, expected }: Outcome): Failure | null {
  const tokens = facts.usage?.outputTokens ?? 0;
  if (!expected.exactOutput || tokens === expected.outputTokens) return null;
  return { failure: 'short_output', detail: `${tokens} of ${expected.outputTokens} tokens` };
}

function servedModel({ facts, expected }: Outcome): Failure | null {
  if (facts.model === null || isSameModel(facts.model, expected.model)) return null;
  const only = expected.servedModels.length === 1 ? expected.servedModels[0] : undefined;
  if (only === facts.model) return null;
  return { failure: 'wrong_model', detail: `answered by ${facts.model}` };
}

/** A dated release of the name asked for, or the same name behind a folder or owner, is the same model. */
function isSameModel(said: string, asked: string): boolean {
  const short = (name: string): string => (name.split('/').at(-1) ?? name).toLowerCase();
  return said === asked || short(said) === short(asked) || said.startsWith(`${asked}-`);
}
