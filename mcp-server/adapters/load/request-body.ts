import type { PlannedRequest } from '../../core/workload/planned-request.ts';
import type { WorkloadSpec } from '../../core/workload/workload.ts';
import type { LoadRequest } from '../../ports/load-generator.ts';

/** What one request asks for. */
export interface Ask {
  readonly planned: Pick<PlannedRequest, 'prompt' | 'messages' | 'params' | 'tokenIds'>;
  readonly outputTokens: number;
  readonly exactOutput: boolean;
}

/** Path below the service's root that serves the workload's API. */
export function apiPath(api: WorkloadSpec['api']): string {
  return api === 'chat' ? '/v1/chat/completions' : '/v1/completions';
}

/** JSON body of a streaming request. The caller's extra fields win over ours, but never over the model or the stream. */
export function requestBody(load: LoadRequest, ask: Ask): string {
  const { planned } = ask;
  const prompt =
    load.workload.api === 'chat'
      ? { messages: planned.messages ?? [{ role: 'user', content: planned.prompt }] }
      : { prompt: planned.tokenIds ?? planned.prompt };
  return JSON.stringify({
    max_tokens: ask.outputTokens,
    temperature: load.sampling.temperature,
    ...(load.sampling.topP === undefined ? {} : { top_p: load.sampling.topP }),
    ...(ask.exactOutput ? { ignore_eos: true } : {}),
    ...planned.params,
    ...load.extraBody,
    model: load.model,
    ...prompt,
    stream: true,
    stream_options: { include_usage: true },
  });
}
