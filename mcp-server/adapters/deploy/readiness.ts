import { z } from 'zod';
import { parseJson } from '../../core/parse.ts';

const HEALTH_TIMEOUT_MS = 3000;
/** A first completion on a slow CPU, kernels compiled on the way. Source: own reasoning. */
const COMPLETION_TIMEOUT_MS = 60_000;

/** How far a service is: not listening, loading, answering its health check only, or serving. */
export type Readiness =
  | { readonly kind: 'waiting'; readonly phase: 'starting' | 'loading' | 'warming' }
  | { readonly kind: 'serving'; readonly model: string };

const Models = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })).min(1) });

/** One look at a service: its health path, then a completion of one token. Never rejects. */
export async function checkReadiness(
  service: {
    readonly baseUrl: string;
    readonly healthPath: string;
    readonly model: string | null;
  },
  signal: AbortSignal,
): Promise<Readiness> {
  const health = await answerOf(`${service.baseUrl}${service.healthPath}`, {
    signal: within(HEALTH_TIMEOUT_MS, signal),
  });
  if (health === null) return { kind: 'waiting', phase: 'starting' };
  if (!health.ok) return { kind: 'waiting', phase: 'loading' };
  const model = service.model ?? (await firstModel(service.baseUrl, signal));
  if (model === null) return { kind: 'waiting', phase: 'warming' };
  const serves =
    (await completes(service.baseUrl, chatBody(model), signal)) ||
    (await completes(service.baseUrl, textBody(model), signal));
  return serves ? { kind: 'serving', model } : { kind: 'waiting', phase: 'warming' };
}

interface Probe {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const chatBody = (model: string): Probe => ({
  path: '/v1/chat/completions',
  body: { model, max_tokens: 1, messages: [{ role: 'user', content: 'Say yes.' }] },
});

const textBody = (model: string): Probe => ({
  path: '/v1/completions',
  body: { model, max_tokens: 1, prompt: 'Yes' },
});

async function completes(baseUrl: string, probe: Probe, signal: AbortSignal): Promise<boolean> {
  const answer = await answerOf(`${baseUrl}${probe.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(probe.body),
    signal: within(COMPLETION_TIMEOUT_MS, signal),
  });
  return answer?.ok === true;
}

async function firstModel(baseUrl: string, signal: AbortSignal): Promise<string | null> {
  const answer = await answerOf(`${baseUrl}/v1/models`, {
    signal: within(HEALTH_TIMEOUT_MS, signal),
  });
  const models = Models.safeParse(parseJson(answer?.text ?? ''));
  return models.success ? (models.data.data[0]?.id ?? null) : null;
}

function within(timeoutMs: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
}

/** Null when nothing answered. The body is read to its end, so that the connection is free again. */
async function answerOf(
  url: string,
  init: RequestInit,
): Promise<{ readonly ok: boolean; readonly text: string } | null> {
  try {
    const response = await fetch(url, init);
    return { ok: response.ok, text: (await response.text()).slice(0, 100_000) };
  } catch {
    return null;
  }
}
