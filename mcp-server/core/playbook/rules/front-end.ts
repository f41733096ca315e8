import type { Fact } from '../fact.ts';
import { counter, linesOf } from '../facts.ts';
import type { Measures } from '../measures.ts';
import type { Observation } from '../observation.ts';
import { type Condition, GPU_ENGINES, type Rule, set, switchOn, takeAway } from '../rule.ts';
import { frontEndWorkers, smallerPrefillBatch } from '../values.ts';
import {
  anyOf,
  isOneProcessFull,
  isQueueing,
  isQueueShort,
  isRequested,
  not,
} from './conditions.ts';
import { gauge, gaugeFact } from './gauges.ts';

const GRAMMAR_QUEUE = /num_grammar_queue_reqs$/;
const PROCESS_CPU = /process\.cpu\.usage$/;
const MM_QUERIES = 'vllm:mm_cache_queries_total';
const MM_HITS = 'vllm:mm_cache_hits_total';

/** In flight at the client and yet neither running nor waiting: between the two stands the front end. Source: Little’s law. */
const isHeldInFrontEnd: Condition = (m) =>
  m.offered.value >= 8 &&
  m.inFlight.value >= 0.9 * m.offered.value &&
  m.queueMean.value < 1 &&
  m.runningMax.value < 0.85 * m.inFlight.value &&
  m.runningMean.value < 0.75 * m.inFlight.value;

/** One process keeps one core busy. Source: process.cpu.usage is a share of all cores. */
const isOneCoreFull: Condition = (_m, o) => {
  const usage = gauge(o, PROCESS_CPU)?.mean ?? Number.NaN;
  const cores = (usage / 100) * (o.hardware.cores ?? Number.NaN);
  return cores >= 0.9 && cores <= 1.3;
};

/** Time of one operation as a share of another that contains it. NaN when: either was not profiled. */
function shareOf(o: Observation, part: RegExp, whole: RegExp): number {
  const timeOf = (name: RegExp): number =>
    Math.max(
      ...(o.profile?.operations ?? [])
        .filter((row) => name.test(row.name))
        .map((row) => row.cumtimeNs ?? Number.NaN),
    );
  const all = timeOf(whole);
  return all > 0 ? timeOf(part) / all : Number.NaN;
}

const BITMASK = /^Scheduler\.get_grammar_bitmask$/;
const ENGINE_STEP = /^EngineCore\.step/;
const bitmaskShare = (o: Observation): number => shareOf(o, BITMASK, ENGINE_STEP);

function bitmaskFact(o: Observation): Fact | null {
  const row = o.profile?.operations.find((one) => BITMASK.test(one.name));
  return row === undefined || o.profile === null
    ? null
    : { name: row.name, value: `${row.cumtimeNs} ns`, evidenceId: o.profile.evidenceId };
}

const hasImages: Condition = (_m, o) =>
  counter(o, MM_QUERIES).value > 0 || o.requested.has('--enable-multimodal');

/** Source: own reasoning; five times the median as a starting value. */
const isTailLong = (m: Measures): boolean => m.ttftP99.value > 5 * m.ttftP50.value;

/** Processes around the scheduler: tokenizer, grammar, encoder, detokenizer. */
export const FRONT_END_RULES: readonly Rule[] = [
  {
    id: 'front-end-cpu-bound',
    rows: [25],
    cause: 'cpu_or_frontend_bound',
    title: 'Requests are held in the process before or behind the scheduler, and the GPU idles',
    sign: 'in flight at the client as asked for, none waiting, and never more than 85 % of them running, three quarters on average; or a slow tokenizer; or one process on one full core',
    engines: GPU_ENGINES,
    needs: ['client', 'log'],
    requires: [
      anyOf(
        isHeldInFrontEnd,
        (m) => m.slowTokenizerLines.value > 0,
        (m, o) =>
          isOneCoreFull(m, o) &&
          m.queueMean.value < 1 &&
          m.ttftClient.value > 5 * m.prefillFloor.value,
      ),
    ],
    base: 0.4,
    witnesses: [
      isOneProcessFull,
      isOneCoreFull,
      (m) => m.slowTokenizerLines.value > 0,
      (m) => m.runningMean.value < 0.5 * m.inFlight.value && m.queueMean.value < 1,
    ],
    cites: [
      'inFlight',
      'outputRate',
      'runningMean',
      'queueMean',
      gaugeFact(PROCESS_CPU),
      (o) => linesOf(o, ['cpu_or_frontend_bound']).fact,
      'ttftClient',
    ],
    knobs: {
      sglang: [
        set('--tokenizer-worker-num', frontEndWorkers),
        switchOn('--enable-dynamic-batch-tokenizer'),
      ],
      vllm: [
        set('--api-server-count', frontEndWorkers),
        set('--renderer-num-workers', frontEndWorkers),
      ],
    },
    expected: 'TTFT and TBOT lower, throughput higher',
    confirmBy: 'running requests come near to those in flight at the client',
    refutedBy: 'running requests stay with more processes: the path or the client holds them',
    risk: 'metrics of several processes are added up; the service needs the cores',
    source: 'SGLang #6553, #23393; vLLM docs optimization',
  },
  {
    id: 'first-token-tail',
    rows: [26],
    cause: 'prefill_waits_for_batch',
    title:
      'The median first token is early and the last percent very late: prefills wait for decode or for a batch to form',
    sign: 'TTFT p99 above five times its median, no queue, no preemption, no compiling',
    engines: GPU_ENGINES,
    needs: ['client', 'log'],
    requires: [
      isTailLong,
      (m) => m.batchMax.value >= 2,
      not(isQueueing),
      (m) => !(m.preemptions.value > 0),
      (m, o) => linesOf(o, ['cold_jit_in_window']).value === 0 && m.ttftP50.value > 0,
    ],
    base: 0.15,
    witnesses: [
      isRequested('--enable-prefill-delayer', '--scheduler-recv-interval'),
      (m) => m.prefillRuns.value >= Math.max(3, 0.3 * m.prefillLines.value),
    ],
    cites: ['ttftP99', 'ttftP50', 'batchMax', 'queueTime'],
    knobs: {
      sglang: [
        takeAway('--enable-prefill-delayer'),
        takeAway('--scheduler-recv-interval'),
        set('--max-prefill-tokens', smallerPrefillBatch),
      ],
      vllm: [set('--scheduling-policy', 'priority')],
    },
    expected: 'TTFT p99 lower, TBOT and throughput the same',
    confirmBy: 'TTFT p99 falls below five times its median',
    refutedBy:
      'the same tail with smaller prefill batches: the prompts themselves differ that much',
    risk: 'priorities need a client that sends them',
    source: 'SGLang scheduler source; vLLM scheduler source',
  },
  {
    id: 'grammars-compile',
    rows: [27],
    cause: 'grammar_compile_bound',
    title: 'Grammars of structured outputs hold requests or steps up',
    sign: 'requests in the grammar queue, or the grammar’s bitmask above a fifth of a step',
    engines: GPU_ENGINES,
    needs: ['profile'],
    requires: [
      anyOf(
        (_m, o) => (gauge(o, GRAMMAR_QUEUE)?.mean ?? 0) >= 0.5,
        (_m, o) => bitmaskShare(o) >= 0.2,
      ),
    ],
    base: 0.55,
    witnesses: [
      (_m, o) => (gauge(o, GRAMMAR_QUEUE)?.shareAboveZero ?? 0) >= 0.5,
      (_m, o) => bitmaskShare(o) >= 0.4,
    ],
    cites: [gaugeFact(GRAMMAR_QUEUE), bitmaskFact, 'ttftClient'],
    knobs: {
      sglang: [set('--grammar-backend', 'xgrammar'), set('--grammar-backend', 'llguidance')],
      vllm: [
        set('--structured-outputs-config', '{"backend":"xgrammar"}'),
        set('--structured-outputs-config', '{"backend":"guidance"}'),
      ],
    },
    expected: 'TTFT lower, TBOT the same',
    confirmBy: 'num_grammar_queue_reqs stays at 0, or the bitmask takes a tenth of a step',
    refutedBy: 'the wait stays with another backend',
    risk: 'backends differ in the schemas that they take',
    source: 'SGLang scheduler source; vLLM structured output source',
  },
  {
    id: 'encoder-dominates',
    rows: [28],
    cause: 'encoder_bound',
    title: 'Requests carry images or sound, and prefill takes several times what its text needs',
    sign: 'images or sound in the requests, no queue, prefill at three times the floor of its text or more',
    engines: GPU_ENGINES,
    needs: ['metrics', 'floors'],
    requires: [hasImages, isQueueShort, (m) => m.prefill.value >= 3 * m.prefillFloor.value],
    base: 0.4,
    witnesses: [
      (_m, o) => counter(o, MM_HITS).value < 0.2 * counter(o, MM_QUERIES).value,
      (m) => m.prefill.value >= 6 * m.prefillFloor.value,
    ],
    cites: [
      'ttftEngine',
      'prefillFloor',
      (o) => counter(o, MM_QUERIES).fact,
      (o) => counter(o, MM_HITS).fact,
    ],
    knobs: {
      vllm: [set('--mm-encoder-tp-mode', 'data'), set('--mm-processor-cache-gb', '8')],
    },
    expected: 'TTFT lower, TBOT the same, throughput higher',
    confirmBy: 'TTFT without queue time falls towards the floor of the text',
    refutedBy: 'TTFT stays: the text of the prompts fills the prefill',
    risk: 'not every model splits its encoder by batch',
    source: 'vLLM docs optimization',
  },
  {
    id: 'tokens-late-at-client',
    rows: [41],
    cause: 'detokenizer_bound',
    title: 'Tokens reach the client far later than the engine makes them, at a large batch',
    sign: 'TBOT at the client above twice the engine’s own, 64 requests at a time or more',
    engines: GPU_ENGINES,
    needs: ['client', 'metrics'],
    requires: [(m) => m.tbotClient.value > 2 * m.tbotEngine.value, (m) => m.batch.value >= 64],
    base: 0.5,
    witnesses: [(m) => m.batch.value >= 256, (m) => m.tbotClient.value > 4 * m.tbotEngine.value],
    cites: ['tbotClient', 'tbotEngine', 'batch'],
    knobs: { sglang: [set('--stream-interval', '4')], vllm: [set('--stream-interval', '4')] },
    expected: 'mean TBOT lower, tokens in larger steps, throughput higher',
    confirmBy: 'TBOT of client and engine agree within a fifth',
    refutedBy: 'the difference stays: it is on the path, not in the front end',
    risk: 'gaps between events grow: judge by the whole request',
    source: 'SGLang #23393',
  },
];
