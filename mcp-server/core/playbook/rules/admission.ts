import { ALL_ENGINES, GPU_ENGINES, type Rule, set } from '../rule.ts';
import { settingOf } from '../settings.ts';
import { higherFraction, largerRunning, smallerRunning } from '../values.ts';
import { anyOf, isAtCap, isQueueing, isThrashing, not } from './conditions.ts';

const capKnobs: Rule['knobs'] = {
  sglang: [set('--max-running-requests', largerRunning)],
  vllm: [set('--max-num-seqs', largerRunning)],
  llamacpp: [set('--parallel', largerRunning)],
};

export const ADMISSION_RULES: readonly Rule[] = [
  {
    id: 'admission-too-careful',
    rows: [8],
    cause: 'admission_too_conservative',
    title:
      'Requests wait while the KV pool has room: admission reserves too much for outputs to come',
    sign: 'requests wait in half of the log lines or more, running requests below their cap, KV usage below 0.9, no retractions',
    engines: ['sglang'],
    needs: ['log'],
    requires: [isQueueing, not(isAtCap), (m) => m.kvMax.value < 0.9, not(isThrashing)],
    base: 0.5,
    witnesses: [(m) => m.kvMax.value < 0.7, (m) => m.conservativeness.value > 1],
    cites: ['queueMean', 'kvMax', 'runningMax', 'conservativeness'],
    knobs: {
      sglang: [
        set('--schedule-conservativeness', (o) =>
          (settingOf(o, 'conservativeness')?.value ?? 1) > 1 ? '1.0' : '0.3',
        ),
      ],
    },
    expected: 'TTFT much lower, TBOT somewhat higher, throughput higher',
    confirmBy: 'sglang:num_queue_reqs falls and sglang:token_usage rises towards 0.9',
    refutedBy: 'the queue stays with more requests running, or retractions begin',
    risk: 'retractions when outputs are long: watch num_retracted_requests_total',
    source: 'SGLang docs hyperparameter_tuning',
  },
  {
    id: 'batch-cap-binds',
    rows: [9],
    cause: 'batch_cap_binding',
    title: 'The running batch stands at its cap while requests wait and the KV pool has room',
    sign: 'running requests at 97 % of their cap or more, KV usage below 0.9, and requests wait or more are offered than the cap takes',
    engines: ALL_ENGINES,
    needs: ['log'],
    requires: [
      isAtCap,
      (m) => !(m.kvMax.value >= 0.9),
      anyOf(isQueueing, (m) => m.offered.value > 1.2 * m.cap.value),
    ],
    base: 0.6,
    witnesses: [isQueueing, (m) => m.offered.value > 1.2 * m.cap.value, (m) => m.kvMax.value < 0.8],
    cites: ['cap', 'runningMax', 'queueMean', 'kvMax', 'offered'],
    knobs: capKnobs,
    expected: 'TTFT much lower, TBOT higher, throughput much higher',
    confirmBy: 'running requests rise above the old cap, the queue falls',
    refutedBy: 'throughput stays with more requests running',
    risk: 'memory of activations and graphs; the TBOT limit; batches above the largest captured graph run eagerly',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization',
  },
  {
    id: 'kv-pool-full',
    rows: [10],
    cause: 'kv_bound_queueing',
    title: 'The KV pool is full: requests wait for memory',
    sign: 'requests wait, and KV usage reaches 0.95',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [isQueueing, (m) => m.kvMax.value >= 0.95],
    base: 0.6,
    witnesses: [(m) => m.kvMean.value >= 0.9, not(isThrashing)],
    cites: ['kvMax', 'queueMean', 'runningMax'],
    knobs: {
      sglang: [set('--mem-fraction-static', higherFraction), set('--kv-cache-dtype', 'fp8_e4m3')],
      vllm: [set('--gpu-memory-utilization', higherFraction), set('--kv-cache-dtype', 'fp8')],
    },
    expected: 'TTFT lower, TBOT the same, throughput much higher',
    confirmBy: 'KV capacity in tokens rises at start-up, the queue falls',
    refutedBy: 'the queue stays although the pool is no longer full',
    risk: 'out of memory at start or under load; an 8-bit KV cache needs the quality check',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs conserving_memory; vLLM #1298',
  },
  {
    id: 'over-admission',
    rows: [11, 12],
    cause: 'preemption_thrash',
    title: 'Running requests are thrown out of the KV pool and computed again',
    sign: 'retracted or preempted requests above 1 % of all',
    engines: GPU_ENGINES,
    needs: ['metrics'],
    requires: [isThrashing],
    base: 0.6,
    witnesses: [(m) => m.preemptionLines.value > 0, (m) => m.kvMax.value >= 0.95],
    cites: ['preemptions', 'preemptionLines', 'requests', 'kvMax'],
    knobs: {
      sglang: [
        set('--schedule-conservativeness', (o) =>
          String(Math.max(1.3, (settingOf(o, 'conservativeness')?.value ?? 1) * 1.3)),
        ),
        set('--max-running-requests', smallerRunning),
      ],
      vllm: [
        set('--gpu-memory-utilization', higherFraction),
        set('--max-num-seqs', smallerRunning),
      ],
    },
    expected: 'tail of TBOT lower, throughput higher, TTFT higher',
    confirmBy: 'retractions or preemptions per minute fall to nearly none',
    refutedBy: 'the tail stays although none happen any more',
    risk: 'more requests wait',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization; vLLM #18115',
  },
  {
    id: 'queue-dominates-ttft',
    rows: [20],
    cause: 'queueing',
    title: 'More than half of the time to the first token is waiting, not computing',
    sign: 'mean queue time above half of mean TTFT, and above 5 ms',
    engines: GPU_ENGINES,
    needs: ['metrics'],
    requires: [(m) => m.queueTime.value > 0.5 * m.ttftEngine.value, (m) => m.queueTime.value > 5],
    base: 0.35,
    witnesses: [(m) => m.queueTime.value > 0.8 * m.ttftEngine.value],
    cites: ['queueTime', 'ttftEngine', 'queueMean'],
    knobs: {
      sglang: [
        set('--max-running-requests', largerRunning),
        set('--schedule-conservativeness', '0.3'),
      ],
      vllm: [set('--max-num-seqs', largerRunning)],
    },
    expected: 'TTFT much lower, throughput higher',
    confirmBy: 'mean queue time falls below a tenth of TTFT',
    refutedBy: 'queue time stays with more requests running: the engine is saturated',
    risk: 'TBOT rises with the batch',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization',
  },
];
