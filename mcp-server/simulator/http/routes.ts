import { profilerContextText } from '../core/profiler/context-text.ts';
import { renderSglangMetrics } from '../core/sglang-metrics.ts';
import { renderVllmMetrics } from '../core/vllm-metrics.ts';
import { createCompletionRoute, generate } from './completion-routes.ts';
import type { Route } from './exchange.ts';
import { sendJson, sendText } from './http-io.ts';
import { ChatBody, CompletionBody } from './request-body.ts';
import { createDetokenizeRoute, tokenize } from './tokenize-routes.ts';

const listModels: Route = ({ service, response }) => {
  const { config } = service;
  sendJson(response, 200, {
    object: 'list',
    data: [
      {
        id: config.servedName,
        object: 'model',
        created: Math.floor(service.startedAtMs / 1000),
        owned_by: config.engine,
        root: config.model.id,
        parent: null,
        max_model_len: config.maxContext,
      },
    ],
  });
};

const health: Route = ({ service, response }) =>
  sendText(response, service.isReady() ? 200 : 503, '');

const metrics: Route = (exchange) => {
  const { service, response } = exchange;
  if (!service.config.metrics) return sendJson(response, 404, { detail: 'Not Found' });
  service.player.settle();
  const source = {
    config: service.config,
    counters: service.engine.counters,
    gauges: service.engine.gauges(),
    observer: service.observer,
  };
  const render = service.config.engine === 'sglang' ? renderSglangMetrics : renderVllmMetrics;
  sendText(response, 200, render(source));
};

const serverInfo: Route = ({ service, response }) => {
  service.player.settle();
  const gauges = service.engine.gauges();
  sendJson(response, 200, {
    ...service.config.effective,
    simulated: true,
    version: service.config.version,
    max_total_num_tokens: gauges.totalTokens,
    internal_states: [
      {
        last_gen_throughput: service.observer.genThroughput(),
        effective_max_running_requests_per_dp: service.config.maxRunning,
        memory_usage: { token_capacity: gauges.totalTokens },
        avg_spec_accept_length: null,
      },
    ],
  });
};

const modelInfo: Route = ({ service, response }) =>
  sendJson(response, 200, {
    model_path: service.config.model.id,
    tokenizer_path: service.config.model.id,
    is_generation: true,
  });

const flushCache: Route = ({ service, response }) => {
  const isFlushed = service.player.flushCache();
  const text = isFlushed
    ? 'Cache flushed.\nPlease check backend logs for more details. (When there are running or waiting requests, the operation will not be performed.)\n'
    : 'Flush cache failed.\n';
  sendText(response, isFlushed ? 200 : 400, text);
};

const version: Route = ({ service, response }) =>
  sendJson(response, 200, { version: service.config.version, simulated: true });

const simulated: Route = ({ service, response }) => sendJson(response, 200, service.facts);

const NS_PER_MS = 1_000_000n;

/** Epoch nanoseconds of a query as engine time. Null when: it is no number. */
function readNs(text: string | null, startedAtMs: number): number | null {
  return text !== null && /^\d{1,20}$/.test(text)
    ? Number(BigInt(text) / NS_PER_MS) - startedAtMs
    : null;
}

const profilerContext: Route = ({ service, response, url }) => {
  service.player.settle();
  const { startedAtMs, observer, config } = service;
  const from = readNs(url.searchParams.get('start_time_ns'), startedAtMs);
  const to = readNs(url.searchParams.get('end_time_ns'), startedAtMs);
  if (from === null || to === null || from > to)
    return sendJson(response, 400, {
      error: 'start_time_ns and end_time_ns must be epoch nanoseconds in order',
    });
  const context = profilerContextText({
    config,
    observer,
    window: { fromMs: from, toMs: to },
    toNs: (engineMs) => Math.round((startedAtMs + engineMs) * 1e6),
  });
  sendJson(response, 200, { context });
};

const COMMON: Readonly<Record<string, Route>> = {
  'POST /v1/chat/completions': createCompletionRoute(ChatBody),
  'POST /v1/completions': createCompletionRoute(CompletionBody),
  'POST /tokenize': tokenize,
  'GET /v1/models': listModels,
  'GET /health': health,
  'GET /metrics': metrics,
  'GET /autodebug/simulated': simulated,
  'GET /autodebug/graphsignal': profilerContext,
};

const SGLANG: Readonly<Record<string, Route>> = {
  'POST /generate': generate,
  'POST /v1/tokenize': tokenize,
  'POST /detokenize': createDetokenizeRoute('text'),
  'POST /v1/detokenize': createDetokenizeRoute('text'),
  'GET /health_generate': health,
  'GET /server_info': serverInfo,
  'GET /get_server_info': serverInfo,
  'GET /model_info': modelInfo,
  'GET /get_model_info': modelInfo,
  'GET /flush_cache': flushCache,
  'POST /flush_cache': flushCache,
};

const VLLM: Readonly<Record<string, Route>> = {
  'GET /version': version,
  'POST /detokenize': createDetokenizeRoute('prompt'),
  'GET /ping': health,
  'POST /ping': health,
};

/** Routes of an engine, by `METHOD path`. */
export function routesOf(engine: 'sglang' | 'vllm'): Readonly<Record<string, Route>> {
  return { ...COMMON, ...(engine === 'sglang' ? SGLANG : VLLM) };
}
