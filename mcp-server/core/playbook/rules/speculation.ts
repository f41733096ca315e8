import { GPU_ENGINES, type Rule, set, takeAway } from '../rule.ts';
import { anyOf, isSpeculating, not } from './conditions.ts';

/** Drafts by lookup in the request’s own text. Source: vLLM docs speculative decoding. */
const NGRAM_CONFIG = '{"method":"ngram","num_speculative_tokens":4,"prompt_lookup_max":4}';

/** Several tokens per step by drafts: when they pay, and when they do not. */
export const SPECULATION_RULES: readonly Rule[] = [
  {
    id: 'speculation-does-not-pay',
    rows: [33, 34],
    cause: 'speculation_not_paying',
    title: 'Drafted tokens are mostly refused, or the batch is too large for them to pay',
    sign: 'accept length below 1.6; or more than 32 running requests and accept length below 2.5',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [
      isSpeculating,
      anyOf(
        (m) => m.acceptLength.value < 1.6,
        (m) => m.batch.value > 32 && !(m.acceptLength.value >= 2.5),
      ),
    ],
    base: 0.5,
    witnesses: [
      (m) => m.acceptLength.value < 1.6,
      (m) => m.acceptLength.value < 1.2,
      (m) => m.batch.value > 32,
    ],
    cites: ['acceptLength', 'batch', 'tbot'],
    knobs: {
      sglang: [takeAway('--speculative-algorithm')],
      vllm: [takeAway('--speculative-config')],
    },
    expected: 'TBOT lower, throughput higher',
    confirmBy: 'TBOT and throughput without speculation at the same load',
    refutedBy: 'TBOT rises without it',
    risk: 'loses its gain at low concurrency',
    source: 'SGLang docs speculative_decoding; SGLang #6949, #1979; vLLM #16258, #27379',
  },
  {
    id: 'output-repeats',
    rows: [35],
    cause: 'speculation_would_pay',
    title: 'Outputs repeat what stands in their own text, and nothing drafts from it',
    sign: 'three tenths of the output’s runs of three words stood in it before; at most 16 requests at a time; no speculation',
    engines: GPU_ENGINES,
    needs: ['client'],
    requires: [(m) => m.repeatedRatio.value >= 0.3, not(isSpeculating), (m) => m.batch.value <= 16],
    base: 0.4,
    witnesses: [(m) => m.repeatedRatio.value >= 0.5, (m) => m.batch.value <= 4],
    cites: ['repeatedRatio', 'batch', 'tbot'],
    knobs: {
      sglang: [set('--speculative-algorithm', 'NGRAM')],
      vllm: [set('--speculative-config', NGRAM_CONFIG)],
    },
    expected: 'TBOT lower where the text repeats, TTFT the same, throughput higher',
    confirmBy: 'accept length above 2',
    refutedBy:
      'accept length below 1.6: the text of the whole output repeats less than its beginning',
    risk: 'costs time on new text and at large batches; not together with DP attention',
    source: 'SGLang docs speculative_decoding; vLLM #16258',
  },
];
