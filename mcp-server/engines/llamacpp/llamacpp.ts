import type { Engine } from '../engine.ts';
import { baseName, compareDotted, createSyntax, numberOf } from '../syntax.ts';
import { LLAMACPP_FATAL, LLAMACPP_SILENT } from './combinations.ts';
import { FLAGS, REMOVED } from './flags.generated.ts';
import { LLAMACPP_KNOBS } from './knobs.ts';
import { LLAMACPP_LOG_PATTERNS } from './log-patterns.ts';
import { LLAMACPP_WORDS } from './words.ts';

const PROGRAMS = ['llama-server', 'llama-cpp-server'];
const MODEL_FLAGS = ['-m', '--model', '-hf', '-hfr', '--hf-repo', '-mu', '--model-url'];

const syntax = createSyntax(FLAGS);

/** llama.cpp's llama-server. Source: its own --help and tools/server/README.md of ggml-org/llama.cpp. */
export const llamacpp: Engine = {
  id: 'llamacpp',
  title: 'llama.cpp',
  ...syntax,
  matches: (argv) => PROGRAMS.includes(baseName(argv[0])),
  flagsStart: () => 1,
  flags: FLAGS,
  removed: REMOVED,
  removedFlags: Object.fromEntries(REMOVED.map((entry) => [entry.flag, entry.use])),
  fatalCombinations: LLAMACPP_FATAL,
  silentAdjustments: LLAMACPP_SILENT,
  newestVersion: '11434',
  versionOfImage: (image) => /:(?:[a-z0-9-]+-)?b(\d{3,6})$/.exec(image)?.[1] ?? null,
  compareVersions: compareDotted,
  versionOfMark: () => null,
  metricNames: {
    running: ['llamacpp:requests_processing'],
    queueDepth: ['llamacpp:requests_deferred'],
    kvUsageRatio: ['llamacpp:kv_cache_usage_ratio'],
    promptTokens: ['llamacpp:prompt_tokens_total'],
    cachedTokens: [],
    generationTokens: ['llamacpp:tokens_predicted_total'],
    ttftSeconds: [],
    tbotSeconds: [],
    e2eSeconds: [],
    queueSeconds: [],
    preemptions: [],
    requests: [],
  },
  // The smallest GGUF types hold about 2.4 bits.
  leastWeightBytes: 0.3,
  knobs: LLAMACPP_KNOBS,
  words: LLAMACPP_WORDS,
  logPatterns: LLAMACPP_LOG_PATTERNS,
  logMark: /llama_|ggml_|\b(?:srv|slot) |load_tensors/g,
  readyLine: /server is listening on/,
  healthPath: '/health',
  infoPaths: ['/props', '/v1/models'],
  defaultPort: 8080,
  qualityFlags: [
    '--model',
    '--hf-repo',
    '--hf-file',
    '--model-url',
    '--cache-type-k',
    '--cache-type-v',
    '--flash-attn',
    '--lora',
    '--lora-scaled',
    '--control-vector',
    '--control-vector-scaled',
    '--chat-template',
    '--chat-template-file',
    '--chat-template-kwargs',
    '--jinja',
    '--reasoning',
    '--reasoning-budget',
    '--rope-scaling',
    '--rope-scale',
    '--rope-freq-base',
    '--rope-freq-scale',
    '--yarn-ext-factor',
    '--yarn-attn-factor',
    '--swa-full',
    '--samplers',
    '--sampler-seq',
    '--temp',
    '--top-k',
    '--top-p',
    '--min-p',
    '--repeat-penalty',
    '--presence-penalty',
    '--frequency-penalty',
    '--dry-multiplier',
    '--mirostat',
    '--logit-bias',
    '--grammar',
    '--override-kv',
    '--context-shift',
  ],
  contextFlag: '--ctx-size',
  modelFlag: '--model',
  // Slots share --ctx-size unless the KV cache is unified, which it is while the slots are automatic.
  contextTokens: (facts) => {
    const total = numberOf(facts, '--ctx-size') ?? 0;
    if (total <= 0) return null;
    const slots = numberOf(facts, '--parallel') ?? -1;
    const isUnified = facts.flags.has('--kv-unified') || slots < 1;
    return isUnified ? total : Math.floor(total / slots);
  },
  gpusNeeded: () => 0,
  memorySettings: () => null,
  memoryFlags: {},
  modelOf: (argv) => {
    const at = argv.findIndex((word) => MODEL_FLAGS.includes(word.split('=')[0] ?? ''));
    const word = argv[at] ?? '';
    if (at === -1) return null;
    return word.includes('=') ? word.slice(word.indexOf('=') + 1) : (argv[at + 1] ?? null);
  },
};
