import type { ServerResponse } from 'node:http';
import type { SimConfig } from '../core/config.ts';
import type { SimEvent } from '../core/engine-events.ts';
import type { CompletionPlan } from './completion-plan.ts';
import type { FormatContext } from './format-context.ts';
import { createSseFormat, type SseFormat, wholeBody } from './sse-format.ts';

type TokensEvent = Extract<SimEvent, { kind: 'tokens' }>;

interface Live {
  readonly plan: CompletionPlan;
  readonly response: ServerResponse;
  readonly format: SseFormat;
  readonly context: FormatContext;
  /** Tokens that were written. */
  sent: number;
  cachedTokens: number;
  finished: boolean;
}

/** Requests in the engine, each with the response that its tokens go to. */
export interface LiveRequests {
  readonly size: () => number;
  open(plan: CompletionPlan, response: ServerResponse): void;
  deliver(event: TokensEvent): void;
  /** Ends every stream as a dying engine does. */
  failAll(message: string): void;
}

const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  server: 'uvicorn',
};

let counter = 0;

function responseId(config: SimConfig, kind: CompletionPlan['kind']): string {
  counter += 1;
  const hex = (Date.now() * 4096 + (counter % 4096)).toString(16).padStart(32, '0');
  if (config.engine === 'sglang') return hex;
  return kind === 'chat' ? `chatcmpl-${hex}` : `cmpl-${hex}`;
}

/** Source: SGLang from v0.5.10 awaits the first chunk before it sends headers; vLLM sends them at once. */
function headersWait(config: SimConfig): boolean {
  const parts = (/(\d+)\.(\d+)\.(\d+)/.exec(config.version) ?? []).slice(1).map(Number);
  const [, minor = 0, patch = 0] = parts;
  return config.engine === 'sglang' && (minor > 5 || patch >= 10);
}

class LiveTable implements LiveRequests {
  private readonly config: SimConfig;
  private readonly cancel: (id: number) => void;
  private readonly table = new Map<number, Live>();

  constructor(config: SimConfig, cancel: (id: number) => void) {
    this.config = config;
    this.cancel = cancel;
  }

  size = (): number => this.table.size;

  open(plan: CompletionPlan, response: ServerResponse): void {
    const context = {
      plan,
      config: this.config,
      id: responseId(this.config, plan.kind),
      createdS: Math.floor(Date.now() / 1000),
    };
    const live: Live = {
      plan,
      response,
      context,
      format: createSseFormat(context),
      sent: 0,
      cachedTokens: 0,
      finished: false,
    };
    this.table.set(plan.request.id, live);
    response.on('close', () => {
      this.table.delete(plan.request.id);
      if (!live.finished) this.cancel(plan.request.id);
    });
    if (!plan.stream) return;
    response.writeHead(200, SSE_HEADERS);
    if (!headersWait(this.config)) response.flushHeaders();
  }

  deliver(event: TokensEvent): void {
    const live = this.table.get(event.id);
    if (live === undefined) return;
    live.cachedTokens = event.cachedTokens;
    if (event.finish !== null) live.finished = true;
    if (event.finish === 'abort') return this.abort(live);
    if (live.plan.stream) this.stream(live, event);
    else if (event.finish !== null) this.answer(live);
  }

  private stream(live: Live, event: TokensEvent): void {
    const upTo = event.from + event.count;
    const isFirst = live.sent === 0;
    const interval = this.config.streamInterval;
    const isDue = isFirst || event.finish !== null || upTo - live.sent >= interval;
    if (!isDue) return;
    const text = live.plan.reply.pieces.slice(live.sent, upTo).join('');
    live.sent = upTo;
    const usage = {
      promptTokens: live.plan.request.prompt.length,
      completionTokens: upTo,
      cachedTokens: live.cachedTokens,
    };
    const head = isFirst ? live.format.role(usage) : '';
    const body = live.format.content(text, event.finish, usage);
    if (event.finish === null) {
      live.response.write(head + body);
      return;
    }
    live.response.end(head + body + live.format.usage(usage) + live.format.done());
  }

  private answer(live: Live): void {
    const usage = {
      promptTokens: live.plan.request.prompt.length,
      completionTokens: live.plan.reply.pieces.length,
      cachedTokens: live.cachedTokens,
    };
    const text = JSON.stringify(wholeBody(live.context, usage));
    live.response.writeHead(200, { 'content-type': 'application/json', server: 'uvicorn' });
    live.response.end(text);
  }

  private abort(live: Live): void {
    this.fail(live, 'The request does not fit into the KV cache and was aborted.');
  }

  private fail(live: Live, message: string): void {
    const facts = { message, type: 'InternalServerError', param: null, code: 500 };
    const isSglang = this.config.engine === 'sglang';
    const body = { error: isSglang ? { object: 'error', ...facts } : facts };
    live.finished = true;
    if (live.plan.stream) {
      live.response.end(`data: ${JSON.stringify(body)}\n\ndata: [DONE]\n\n`);
      return;
    }
    live.response.writeHead(500, { 'content-type': 'application/json', server: 'uvicorn' });
    live.response.end(JSON.stringify(isSglang ? { object: 'error', ...facts } : body));
  }

  failAll(message: string): void {
    for (const live of this.table.values()) this.fail(live, message);
  }
}

export function createLiveRequests(config: SimConfig, cancel: (id: number) => void): LiveRequests {
  return new LiveTable(config, cancel);
}
