import type { Engine } from '../engine.ts';
import {
  afterPythonModule,
  baseName,
  compareDotted,
  createSyntax,
  dottedVersionOfImage,
  numberOf,
} from '../syntax.ts';
import { SGLANG_FATAL, SGLANG_SILENT } from './combinations.ts';
import { FLAGS, REMOVED } from './flags.generated.ts';
import { SGLANG_KNOBS } from './knobs.ts';
import { SGLANG_LOG_PATTERNS } from './log-patterns.ts';
import { sglangMemory } from './memory.ts';
import { SGLANG_WORDS } from './words.ts';

const MODULES = ['sglang.launch_server', 'sglang'];

function startOfFlags(argv: readonly string[]): number | null {
  const behindModule = afterPythonModule(argv, MODULES);
  if (behindModule !== null)
    return argv[behindModule] === 'serve' ? behindModule + 1 : behindModule;
  return baseName(argv[0]) === 'sglang' && argv[1] === 'serve' ? 2 : null;
}

const syntax = createSyntax(FLAGS);

/** SGLang. Source: sgl-project/sglang v0.4.1 to v0.5.14 and main of 2026-07. */
export const sglang: Engine = {
  id: 'sglang',
  title: 'SGLang',
  ...syntax,
  matches: (argv) => startOfFlags(argv) !== null,
  flagsStart: (argv) => startOfFlags(argv) ?? 1,
  flags: FLAGS,
  removed: REMOVED,
  removedFlags: Object.fromEntries(REMOVED.map((entry) => [entry.flag, entry.use])),
  fatalCombinations: SGLANG_FATAL,
  silentAdjustments: SGLANG_SILENT,
  newestVersion: '0.5.14',
  versionOfImage: dottedVersionOfImage,
  compareVersions: compareDotted,
  versionOfMark: (mark) => {
    if (mark.startsWith('<=')) return null;
    return mark.startsWith('main') ? '0.5.15' : mark;
  },
  metricNames: {
    running: ['sglang:num_running_reqs'],
    queueDepth: ['sglang:num_queue_reqs'],
    kvUsageRatio: ['sglang:token_usage', 'sglang:full_token_usage'],
    promptTokens: ['sglang:prompt_tokens_total'],
    cachedTokens: ['sglang:cached_tokens_total'],
    generationTokens: ['sglang:generation_tokens_total'],
    ttftSeconds: ['sglang:time_to_first_token_seconds'],
    tbotSeconds: ['sglang:inter_token_latency_seconds', 'sglang:time_per_output_token_seconds'],
    e2eSeconds: ['sglang:e2e_request_latency_seconds'],
    queueSeconds: ['sglang:queue_time_seconds', 'sglang:queue_time_s'],
    preemptions: ['sglang:num_retracted_requests_total', 'sglang:num_retractions_total'],
    requests: ['sglang:num_requests_total'],
  },
  leastWeightBytes: null,
  knobs: SGLANG_KNOBS,
  words: SGLANG_WORDS,
  logPatterns: SGLANG_LOG_PATTERNS,
  logMark: /sglang|(?:Decode|Prefill) batch| TP\d+\] /g,
  readyLine: /The server is fired up and ready to roll!/,
  healthPath: '/health',
  infoPaths: ['/server_info', '/get_server_info', '/v1/models'],
  defaultPort: 30_000,
  qualityFlags: [
    '--quantization',
    '--dtype',
    '--kv-cache-dtype',
    '--attention-backend',
    '--prefill-attention-backend',
    '--decode-attention-backend',
    '--nsa-prefill-backend',
    '--nsa-decode-backend',
    '--sampling-backend',
    '--fp8-gemm-backend',
    '--fp4-gemm-backend',
    '--moe-runner-backend',
    '--enable-lora',
    '--lora-paths',
    '--model-path',
    '--revision',
    '--tokenizer-path',
    '--chat-template',
    '--torchao-config',
    '--load-format',
  ],
  contextFlag: '--context-length',
  modelFlag: '--model-path',
  contextTokens: (facts) => numberOf(facts, '--context-length'),
  gpusNeeded: (facts) => {
    const of = (flag: string): number => numberOf(facts, flag) ?? 1;
    const replicas = facts.flags.has('--enable-dp-attention') ? 1 : of('--dp-size');
    return of('--tp-size') * of('--pp-size') * replicas;
  },
  memorySettings: sglangMemory,
  memoryFlags: {
    memoryShare: '--mem-fraction-static',
    stepTokens: '--chunked-prefill-size',
    graphBatch: '--cuda-graph-max-bs-decode',
  },
  modelOf: (argv) => {
    const start = startOfFlags(argv) ?? 1;
    const at = argv.findIndex((word) => /^--model(?:-path)?(?:=|$)/.test(word));
    if (at === -1) return argv[start]?.startsWith('-') === false ? (argv[start] ?? null) : null;
    const word = argv[at] ?? '';
    return word.includes('=') ? word.slice(word.indexOf('=') + 1) : (argv[at + 1] ?? null);
  },
};
