import type { Engine } from '../engine.ts';
import {
  afterPythonModule,
  baseName,
  compareDotted,
  createSyntax,
  dottedVersionOfImage,
  numberOf,
  textOf,
} from '../syntax.ts';
import { contextLength, VLLM_FATAL, VLLM_SILENT } from './combinations.ts';
import { FLAGS, REMOVED } from './flags.generated.ts';
import { VLLM_KNOBS } from './knobs.ts';
import { VLLM_LOG_PATTERNS } from './log-patterns.ts';
import { vllmMemory } from './memory.ts';
import { VLLM_QUALITY_FLAGS } from './quality-flags.ts';
import { vllmVersionOfMark } from './releases.ts';
import { VLLM_WORDS } from './words.ts';

const MODULES = ['vllm.entrypoints.openai.api_server', 'vllm.entrypoints.cli.main', 'vllm'];

function startOfFlags(argv: readonly string[]): number | null {
  const behindModule = afterPythonModule(argv, MODULES);
  if (behindModule !== null)
    return argv[behindModule] === 'serve' ? behindModule + 1 : behindModule;
  return baseName(argv[0]) === 'vllm' && argv[1] === 'serve' ? 2 : null;
}

/** vLLM reads `--max_num_seqs` as `--max-num-seqs`. */
const normalise = (flag: string): string =>
  flag.startsWith('--') ? flag.replaceAll('_', '-') : flag;
const syntax = createSyntax(FLAGS, normalise);

/** vLLM, V1 engine. Source: vllm-project/vllm main of 2026-05-29 and its history, and the help of 0.32.0. */
export const vllm: Engine = {
  id: 'vllm',
  title: 'vLLM',
  ...syntax,
  matches: (argv) => startOfFlags(argv) !== null,
  flagsStart: (argv) => startOfFlags(argv) ?? 1,
  flags: FLAGS,
  removed: REMOVED,
  removedFlags: Object.fromEntries(REMOVED.map((entry) => [entry.flag, entry.use])),
  fatalCombinations: VLLM_FATAL,
  silentAdjustments: VLLM_SILENT,
  newestVersion: '0.32.0',
  versionOfImage: dottedVersionOfImage,
  compareVersions: compareDotted,
  versionOfMark: vllmVersionOfMark,
  metricNames: {
    running: ['vllm:num_requests_running'],
    queueDepth: ['vllm:num_requests_waiting'],
    kvUsageRatio: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    promptTokens: ['vllm:prompt_tokens_total'],
    cachedTokens: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'],
    generationTokens: ['vllm:generation_tokens_total'],
    ttftSeconds: ['vllm:time_to_first_token_seconds'],
    tbotSeconds: [
      'vllm:request_time_per_output_token_seconds',
      'vllm:inter_token_latency_seconds',
      'vllm:time_per_output_token_seconds',
    ],
    e2eSeconds: ['vllm:e2e_request_latency_seconds'],
    queueSeconds: ['vllm:request_queue_time_seconds'],
    preemptions: ['vllm:num_preemptions_total'],
    requests: ['vllm:request_success_total'],
  },
  leastWeightBytes: null,
  knobs: VLLM_KNOBS,
  words: VLLM_WORDS,
  logPatterns: VLLM_LOG_PATTERNS,
  logMark: /vllm|EngineCore|APIServer|\.py:\d+\] /g,
  readyLine: /Starting vLLM (?:API )?server|Application startup complete\./,
  healthPath: '/health',
  infoPaths: ['/version', '/v1/models'],
  defaultPort: 8000,
  qualityFlags: VLLM_QUALITY_FLAGS,
  contextFlag: '--max-model-len',
  modelFlag: '--model',
  contextTokens: (facts) => contextLength(textOf(facts, '--max-model-len')),
  gpusNeeded: (facts) =>
    ['--tensor-parallel-size', '--pipeline-parallel-size', '--data-parallel-size'].reduce(
      (product, flag) => product * (numberOf(facts, flag) ?? 1),
      1,
    ),
  memorySettings: vllmMemory,
  memoryFlags: {
    memoryShare: '--gpu-memory-utilization',
    stepTokens: '--max-num-batched-tokens',
    graphBatch: '--max-cudagraph-capture-size',
    maxSequences: '--max-num-seqs',
  },
  modelOf: (argv) => {
    const start = startOfFlags(argv) ?? 1;
    const at = argv.findIndex((word) => /^--model(?:=|$)/.test(word));
    if (at === -1) return argv[start]?.startsWith('-') === false ? (argv[start] ?? null) : null;
    const word = argv[at] ?? '';
    return word.includes('=') ? word.slice(word.indexOf('=') + 1) : (argv[at + 1] ?? null);
  },
};
