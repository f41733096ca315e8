import type { Sample } from '../../../telemetry/prometheus.ts';
import type { Hint } from '../report.ts';

const sum = (samples: readonly Sample[], pattern: RegExp): number => {
  const found = samples.filter((sample) => pattern.test(sample.name));
  return found.length === 0 ? Number.NaN : found.reduce((all, one) => all + one.value, 0);
};

/** Share of the KV pool in use, ratio 0..1. NaN when: no gauge tells. */
export const kvUsageOf = (samples: readonly Sample[]): number =>
  sum(samples, /(?::token_usage|kv_cache_usage_perc|gpu_cache_usage_perc|kv_cache_usage_ratio)$/);

/** Requests that wait. NaN when: no gauge tells. */
export const waitingOf = (samples: readonly Sample[]): number =>
  sum(samples, /(?:num_queue_reqs|num_requests_waiting|requests_deferred)$/);

const share = (samples: readonly Sample[], top: RegExp, bottom: RegExp): number =>
  sum(samples, top) / sum(samples, bottom);

/** Prompt tokens from the cache / prompt tokens asked of it. NaN when: no counter tells. */
export const scrapedHitRatio = (samples: readonly Sample[]): number =>
  share(samples, /prefix_cache_hits(?:_total)?$/, /prefix_cache_queries(?:_total)?$/);

/** Requests that wait for blocks or a place in the batch. NaN when: nothing tells. Source: vLLM v1/metrics/loggers.py. */
const forCapacity = (samples: readonly Sample[]): number =>
  sum(
    samples.filter(({ labels }) => labels['reason'] === 'capacity'),
    /num_requests_waiting_by_reason$/,
  );

/** Share of admissions that SGLang's prefill delayer put off. NaN when: none is counted. Source: SGLang prefill_delayer.py. */
function delayedShare(samples: readonly Sample[]): number {
  const all = samples.filter(({ name }) => /prefill_delayer_outcomes(?:_total)?$/.test(name));
  const isDelay = (one: Sample): boolean => one.labels['output_reason'] === 'delay';
  return sum(all.filter(isDelay), /outcomes/) / sum(all, /outcomes/);
}

/** Prompt tokens read for each token generated. NaN when: no counter tells. */
const promptShare = (samples: readonly Sample[]): number =>
  share(
    samples,
    /(?<!cached_)prompt_tokens(?:_total)?$/,
    /(?:generation_tokens|tokens_predicted)(?:_total)?$/,
  );

/** A step reads thousands of prompt tokens in the time in which it makes some hundreds: beyond this it does little else. Source: own reasoning. */
const MOSTLY_PROMPT = 300;

interface ScrapeRule extends Omit<Hint, 'evidence'> {
  readonly holds: boolean;
  readonly said: string;
}

interface Moment {
  readonly waiting: number;
  readonly running: number;
  readonly kv: number;
  readonly said: string;
}

/** Gauges of one moment. Source: playbook rows 8 to 10. */
function queueRules(samples: readonly Sample[], cap: number | null): readonly ScrapeRule[] {
  const waiting = waitingOf(samples);
  const running = sum(samples, /(?:num_running_reqs|num_requests_running|requests_processing)$/);
  const kv = kvUsageOf(samples);
  const said = `running ${running}, waiting ${waiting}, KV usage ${kv}`;
  const idle = waiting === 0 && running > 0 && kv < 0.5;
  const isFull = waiting > 0 && kv >= 0.9;
  const times = promptShare(samples);
  const isReading = waiting > 0 && !isFull && times > MOSTLY_PROMPT;
  const reads = `${Math.round(times)} prompt tokens for each generated, ${said}`;
  return [
    { cls: 'kv_bound_queueing', weight: 0.7, holds: isFull, said },
    ...(isReading ? [{ cls: 'prefill_bound', weight: 0.75, holds: true, said: reads }] : []),
    ...roomRules({ waiting, running, kv, said }, cap, forCapacity(samples)).filter(
      () => !isReading,
    ),
    { cls: 'client_limited', weight: kv < 0.1 && running >= 8 ? 0.5 : 0.35, holds: idle, said },
  ];
}

/** Requests wait and the pool is not told to be full. */
function roomRules(
  { waiting, running, kv, said }: Moment,
  cap: number | null,
  blocked: number,
): readonly ScrapeRule[] {
  const holds = waiting > 0 && !(kv >= 0.85);
  const isBelow = cap !== null && running < 0.8 * cap;
  // vLLM admits whatever it finds blocks for; below the cap blocks are what is missing.
  if (holds && isBelow && blocked > 0 && Number.isNaN(kv)) {
    return [{ cls: 'kv_bound_queueing', weight: 0.7, holds, said }];
  }
  const [capWeight, carefulWeight] = isBelow ? [0.3, 0.7] : [cap === null ? 0.65 : 0.8, 0.35];
  return [
    { cls: 'batch_cap_binding', weight: capWeight, holds, said },
    { cls: 'admission_too_conservative', weight: carefulWeight, holds, said },
  ];
}

/** Counters since the start of the engine. Source: playbook rows 11, 12, 14, 22, 33. */
function counterRules(samples: readonly Sample[]): readonly ScrapeRule[] {
  const hit = scrapedHitRatio(samples);
  const accepted = share(
    samples,
    /spec_decode_num_accepted_tokens(?:_total)?$/,
    /spec_decode_num_draft_tokens(?:_total)?$/,
  );
  const preempted = sum(samples, /(?:num_preemptions(?:_total)?|num_retracted_req\w*)$/);
  const eager = samples.filter((one) => one.labels['mode'] === 'decode_none');
  const none = sum(eager, /cuda_graph_passes/);
  const warm = 'warm_prefix_cache_in_benchmark';
  const graph = 'decode_eager_no_cuda_graph';
  const late = delayedShare(samples);
  return [
    {
      cls: 'admission_too_conservative',
      weight: 0.8,
      holds: late > 0.8,
      said: `${late} of admissions delayed`,
    },
    {
      cls: 'preemption_thrash',
      weight: 0.85,
      // A few since the start tell something only beside a pool that is full.
      holds: preempted > 2 || (preempted > 0 && kvUsageOf(samples) >= 0.9),
      said: `${preempted} preemptions`,
    },
    { cls: 'prefix_cache_miss', weight: 0.5, holds: hit < 0.05, said: `hit ratio ${hit}` },
    { cls: warm, weight: 0.45, holds: hit > 0.8, said: `hit ratio ${hit}` },
    {
      cls: 'speculation_not_paying',
      weight: 0.65,
      holds: accepted < 0.4,
      said: `acceptance ${accepted}`,
    },
    { cls: graph, weight: 0.6, holds: none > 0, said: `${none} decode passes without a graph` },
  ];
}

/** What one scrape says, beside the largest batch that the launch allows if it is told. */
export function scrapeHints(samples: readonly Sample[], cap: number | null): readonly Hint[] {
  return [...queueRules(samples, cap), ...counterRules(samples)]
    .filter(({ holds }) => holds)
    .map(({ cls, weight, said }) => ({ cls, weight, evidence: said }));
}
