import type { z } from 'zod';
import { type ApiError, badRequest, errorBody } from './api-error.ts';
import { type CompletionPlan, planCompletion } from './completion-plan.ts';
import type { Exchange, Route } from './exchange.ts';
import { readJson, sendJson } from './http-io.ts';
import { type ChatBody, type CompletionBody, GenerateBody } from './request-body.ts';
import type { SimService } from './sim-service.ts';

export function sendError({ service, response }: Exchange, error: ApiError): void {
  sendJson(response, error.status, errorBody(service.config.engine, error));
}

export function describeIssues(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return `1 validation error: ${where === '' ? 'body' : where}: ${issue?.message ?? 'not valid'}`;
}

function isQueueFull({ config, engine }: SimService): boolean {
  return config.maxQueued !== null && engine.gauges().waiting >= config.maxQueued;
}

async function readBody<Body>(
  exchange: Exchange,
  schema: z.ZodType<Body>,
): Promise<{ readonly body: Body } | null> {
  const json = await readJson(exchange.request);
  const body = json === null ? null : schema.safeParse(json.value);
  if (body?.success === true) return { body: body.data };
  const why = body === null ? 'Invalid JSON body.' : describeIssues(body.error);
  sendError(exchange, badRequest(why));
  return null;
}

function serve(
  exchange: Exchange,
  body: ChatBody | CompletionBody,
  change: Partial<CompletionPlan> = {},
): void {
  const { service, response } = exchange;
  if (isQueueFull(service)) {
    const full = {
      status: 503,
      message: 'The request queue is full.',
      type: 'ServiceUnavailableError',
    };
    return sendError(exchange, full);
  }
  const planned = planCompletion(body, {
    config: service.config,
    tokenizer: service.tokenizer,
    id: service.nextId(),
  });
  if ('status' in planned) return sendError(exchange, planned);
  const plan = { ...planned, ...change };
  service.live.open(plan, response);
  service.player.submit(plan.request);
}

/** A route that completes what its schema reads. */
export function createCompletionRoute(
  schema: z.ZodType<ChatBody> | z.ZodType<CompletionBody>,
): Route {
  return async (exchange) => {
    const read = await readBody<ChatBody | CompletionBody>(exchange, schema);
    if (read !== null) serve(exchange, read.body);
  };
}

/** SGLang's own route: one text, answered whole. */
export const generate: Route = async (exchange) => {
  const read = await readBody(exchange, GenerateBody);
  if (read === null) return;
  const {
    text,
    sampling_params: sampling,
    return_logprob: scored,
    logprob_start_len: from,
  } = read.body;
  serve(
    exchange,
    { prompt: text, max_tokens: sampling?.max_new_tokens ?? 128 },
    { isNative: true, wantsPromptScores: scored === true && from === 0 },
  );
};
