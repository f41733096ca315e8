import type { Dialect, LatencyName, RateName, ResultRun } from './result-run.ts';

type Family = LatencyName | RateName;
type Texts = Readonly<Partial<Record<Family, string>>>;

/** How each tool is called in sentences. */
const DIALECT_NAMES: Readonly<Record<Dialect, string>> = {
  autodebug: 'autodebug',
  vllm: 'vLLM bench',
  sglang: 'SGLang bench',
  aiperf: 'AIPerf',
  guidellm: 'GuideLLM',
};

/** What each tool means by its numbers. Source: docs/measuring.md, read in each tool's source. */
const DEFINITIONS: Readonly<Record<Dialect, Texts>> = {
  autodebug: {
    output_throughput:
      'tokens delivered inside the steady window / its length, valid responses only',
    total_token_throughput: 'input and output tokens inside the steady window / its length',
    input_throughput:
      'uncached prompt tokens whose prefill ended inside the steady window / its length',
    request_throughput: 'valid responses ended inside the steady window / its length',
    request_goodput: 'requests that met every SLO clause inside the steady window / its length',
    ttft: 'request sent to first event with content, reasoning or tool arguments, stamped at the network read',
    tpot: '(last − first content event) / (tokens after those of the first event)',
    icl: 'gap per content event',
    e2el: 'request sent to last content event',
  },
  vllm: {
    output_throughput:
      'all output tokens / (start of issue to all gathered), ramp and drain inside',
    total_token_throughput: 'all input and output tokens / (start of issue to all gathered)',
    request_throughput: 'completed requests / (start of issue to all gathered)',
    request_goodput:
      'requests that met the SLO / (start of issue to all gathered); one-token answers pass TPOT',
    ttft: 'request sent to first chunk with choices; in chat the role chunk counts',
    tpot: '(last chunk with choices − first) / (n − 1)',
    itl: 'gap per chunk, the role chunk included',
    e2el: 'request sent to last chunk with choices',
  },
  sglang: {
    output_throughput:
      'all output tokens (the requested length where usage is missing) / whole duration',
    total_token_throughput: 'all input and output tokens / whole duration',
    input_throughput: 'all input tokens / whole duration',
    request_throughput: 'completed requests / whole duration',
    ttft: 'request sent to first non-empty content or reasoning',
    tpot: '(last line − first content) / (n − 1); the last line includes usage and the end mark',
    itl: 'gap per chunk; on the native route the gap is split over its tokens',
    e2el: 'request sent to last line',
  },
  aiperf: {
    output_throughput: 'output tokens by the client’s tokenizer / (first send to last response)',
    request_throughput: 'completed requests / (first send to last response)',
    request_goodput: 'requests that met the SLO / (first send to last response)',
    ttft: 'request sent to first non-empty response, reasoning included',
    tpot: '(last − first response) / (output length − 1), tagged inter_token_latency',
    icl: 'gap per chunk',
    e2el: 'request sent to last content response',
  },
  guidellm: {
    output_throughput: 'output tokens per second of successful requests in the measured window',
    total_token_throughput: 'prompt and output tokens per second of successful requests',
    request_throughput: 'successful requests per second in the measured window',
    ttft: 'request sent to first token iteration, by wall clock',
    tpot: '(last − first token) / (n − 1), named inter_token_latency_ms',
    e2el: 'request sent to stream closed',
  },
};

/** What a run means by a metric, in words. */
export function definitionOf(run: Pick<ResultRun, 'dialect' | 'variants'>, family: Family): string {
  const text = DEFINITIONS[run.dialect][family] ?? 'as the tool writes it';
  const variant = run.variants[family];
  return `${DIALECT_NAMES[run.dialect]}: ${text}${variant === undefined ? '' : ` (${variant})`}`;
}
