import { near, type Signal, SLOW, signs, words } from './signal.ts';

/** How people say what slows a server that runs, or only its measurement. Source: own reasoning over the readings of the playbook rows. */
export const SPEED_SIGNALS: readonly Signal[] = [
  ...signs('detokenizer_bound', 'any', [
    0.7,
    // Source: vLLM transformers_utils/detokenizer*.py, v1/engine/detokenizer.py; SGLang detokenizer_manager.py.
    /detokenize_incrementally|convert_tokens_to_string|IncrementalDetokenizer|init_incremental_detokenize|detokenizer_manager\.py|convert_ids_list_to_tokens|_decode_batch_token_id/,
  ]),
  ...words(
    'detokenizer_bound',
    [0.85, /(?<!\/)detokeni[sz]/i],
    [0.5, /skip[-_]tokenizer[-_]init|stream[-_]interval|incremental decod/i],
  ),
  ...words(
    'tp_communication_bound',
    [
      0.6,
      near(
        '\\btp ?=? ?\\d|tensor[- ]parallel|\\d gpus?|multi-?gpu|two gpus|more gpus|second gpu|scal(?:e|ing)|split[- ]mode|both gpus',
        SLOW,
      ),
    ],
    [
      0.7,
      /(?:nccl|all-?reduce|communication)[^.;\n]{0,50}\d\d ?%|\d\d ?%[^.;\n]{0,50}(?:nccl|all-?reduce|communication)/i,
    ],
    [
      0.55,
      /(?:pcie|nvlink|all[-_ ]?reduce|communication|interconnect|p2p|peer access|custom all)/i,
    ],
  ),
  ...signs('tp_communication_bound', 'log', [
    0.5,
    /[Cc]ustom all-?reduce (?:is )?(?:disabled|not supported)|more than two PCIe-only GPUs/,
  ]),
  ...words(
    'speculation_not_paying',
    [
      0.75,
      near(
        'specul|\\beagle|\\bmtp\\b|medusa|draft|n-?gram|spec(?:ulative)?[- _]dec|lookahead|nextn',
        `${SLOW}|accept|overhead|without`,
      ),
    ],
    [0.45, /specul|eagle|draft model|acceptance/i],
  ),
  ...signs('speculation_not_paying', 'launch', [
    0.25,
    /--spec(?:ulative)?[-_]|--draft|--model-draft|-md /,
  ]),
  ...words(
    'layers_on_cpu',
    [
      0.65,
      near(
        '\\bcpu|\\bram\\b|system memory|\\bhost\\b',
        'offload|layers?|experts?|n[-_]gpu[-_]layers|-ngl|weights|instead of (?:the )?gpu|runs? on|spill|swap',
      ),
    ],
    [
      0.6,
      /(?:gpu|cuda|vram|vulkan|metal|rocm)[^\n]{0,50}(?:not used|unused|not detected|idle|0 ?%|ignored|not found|not utili|only)|(?:n[-_]gpu[-_]layers|-ngl|--cpu-moe|--n-cpu-moe|-ot )/i,
    ],
  ),
  ...signs('layers_on_cpu', 'launch', [
    0.4,
    /-ngl\s+(?:0|[1-9]|[12]\d|3[0-2])\b|--n-gpu-layers\s+(?:\d|[12]\d|3[0-2])\b|--cpu-moe|--n-cpu-moe|exps[^ ]*=CPU/,
  ]),
  // Source: vLLM OffloadConfig and SGLang offloader: what is offloaded crosses the bus in every forward pass.
  ...signs('layers_on_cpu', 'launch', [0.6, /--cpu-offload-gb[ =]+(?!0\b)/]),
  // Experts that are not on the GPU run on the processor. Source: kt-kernel of KTransformers, its SGLang integration.
  ...signs('layers_on_cpu', 'launch', [0.65, /--kt-(?:num-gpu-experts|cpuinfer|weight-path)[ =]/]),
  ...signs('layers_on_cpu', 'launch', [0.5, /(?:-ngl|--n-gpu-layers|--gpu-layers)[ =]+[0-9]\b/]),
  ...signs(
    'layers_on_cpu',
    'log',
    [
      0.75,
      /offloaded 0\/\d+ layers|no usable GPU found|not compiled with GPU(?: offload)? support|failed to initialize CUDA|no CUDA-capable device|\bBLAS = 0 \||layer +\d+ assigned to device CPU/,
    ],
    [0.45, /offloading \d+ repeating layers|CPU(?:_Mapped)? (?:model )?buffer size/],
  ),
  ...words(
    'prefix_cache_miss',
    [
      0.7,
      near(
        'prefix|radix|prompt cache|kv reuse|cache reuse|cache[-_ ]hit|hit rate|cached[-_ ]tokens|slots?[^\\n]{0,40}(?:cache|similar)|\\bswa\\b|re-?process',
        '\\b0(?:\\.0+)? ?%|zero|miss|never|not (?:hit|reused?|used|work)|low|full|every|again|evict|invalid|no reuse|drops?|lost|disabled|re-?process|recomput|differ',
      ),
    ],
    [
      0.5,
      /(?:(?:same|shared|common) (?:system )?|long system )(?:prompt|prefix)[^\n]{0,80}(?:again|every|each|re-?comput|re-?process|not cached|slow)/i,
    ],
  ),
  ...signs('prefix_cache_miss', 'launch', [
    0.45,
    /--disable-radix-cache|--no-enable-prefix-caching|--no-cache-prompt/,
  ]),
  ...words(
    'warm_prefix_cache_in_benchmark',
    [
      0.7,
      near(
        'cache hit|cached|prefix cach|radix|warm cache|hit rate',
        'benchmark|unreal|too (?:good|fast|high)|impossible|inflat|second run|re-?run|same (?:prompts?|seed|dataset)|repeat|higher than|faster',
      ),
    ],
    [0.3, /(?:same|identical|fixed|repeated) (?:prompts?|seed|dataset|requests?|input)/i],
    [
      0.55,
      /(?:\bsecond|2nd|later|repeat(?:ed)?|\bre-?)[- ]?runs?[^\n]{0,60}(?:faster|better|higher|lower ttft)|unrealistic|too good/i,
    ],
  ),
  ...words(
    'cold_jit_in_window',
    [
      0.75,
      /jit|compil|autotun|warm[- ]?up|cold (?:start|run|cache)|first (?:run|request|few|call|batch|prompt)|deepgemm|triton cache|inductor/i,
    ],
    [
      0.6,
      /(?:new|unseen|unknown|fresh) shapes?\b|shapes? (?:\w+ ){0,2}(?:not|never) (?:yet )?seen|shapes?[^.;\n]{0,20} for the first time|(?:triton|tilelang|cute ?dsl)[^.;\n]{0,60}(?:speciali[sz]|shapes?)/i,
    ],
    [
      0.5,
      /(?:rarer|less often|fewer|goes away|(?:are|is) gone|settles?|smooth) [^.;\n]{0,20}(?:the longer|with time|over time|after (?:a while|some time|the first))/i,
    ],
  ),
  ...words(
    'proxy_buffering',
    [
      0.4,
      /proxy|nginx|gateway|ingress|envoy|cloudflare|load ?balancer|traefik|haproxy|buffer(?:s|ed|ing)\b|litellm|istio|\balb\b|\bcdn\b/i,
    ],
    [
      0.6,
      near(
        'proxy|nginx|gateway|ingress|envoy|cloudflare|load ?balancer|traefik|haproxy|buffer(?:s|ed|ing)\\b|litellm|istio|\\balb\\b|\\bcdn\\b',
        'buffer|stream|chunk|burst|clump|lump|piece|at once|first token|ttft|\\bms\\b|direct|bypass|localhost|gzip|compress|http\\/1|sse\\b|port-?forward',
      ),
    ],
    [
      0.4,
      /(?:all|whole) (?:tokens|chunks|response)[^\n]{0,50}(?:at once|together|in one|burst)|(?:in )?(?:bursts|clumps|batches of)/i,
    ],
  ),
  ...signs('proxy_buffering', 'launch', [
    0.7,
    /\bproxy_(?:pass|buffering|http_version)\b|\breverse_proxy\b|\bProxyPass\b|\bencode (?:gzip|zstd)|\bgzip on\b|\bflush_interval\b/,
  ]),
  ...words(
    'client_limited',
    [
      0.8,
      /(?:benchmark|load)[^\n]{0,20}(?:client|generator|script|tool|process)[^\n]{0,60}(?:limit|cpu|bottleneck|saturat|single|one core)/i,
    ],
    [
      0.65,
      near(
        'client|load generator|benchmark(?:er| script| tool)?|bench_serving|aiohttp|httpx|locust|k6|requests library|semaphore|connection (?:pool|limit)|ulimit|open files',
        'limit|bottleneck|cpu|slow|saturat|single|cannot|bound|\\bcap\\b|connection (?:pool|limit)|not enough|too (?:few|low)|thread|sequential',
      ),
    ],
    [
      0.55,
      /(?:request[-_ ]rate|max[-_ ]concurrency|num[-_ ]prompts|offered|arrival)[^\n]{0,60}(?:low|too|only|limit|equal|same|match)|throughput (?:equals|matches|follows) (?:the )?(?:request|offered)|(?:one|single) (?:request|client|thread) at a time|sequential(?:ly)?/i,
    ],
  ),
];
