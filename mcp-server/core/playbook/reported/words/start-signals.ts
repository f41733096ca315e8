import { type Signal, signs, words } from './signal.ts';

const OOM = String.raw`(?:\boom(?:s|ed|ing)?\b|out[ -]of[ -](?:gpu )?memory|outofmemory|memory error)`;
/** Out-of-memory within one sentence of the given words, in either order. */
const oomNear = (near: string): RegExp =>
  new RegExp(`${OOM}[^.\n]{0,140}(?:${near})|(?:${near})[^.\n]{0,140}${OOM}`, 'i');

/** How people say what stops a start or ends a server. Source: own reasoning over how each class shows from outside. */
export const START_SIGNALS: readonly Signal[] = [
  ...words(
    'oom_cuda_graph_capture',
    [
      0.7,
      /\b(?:starts?|works?|runs?|loads?|fine|ok)\b[^.\n]{0,60}(?:enforce[-_ ]eager|eager mode|disable[-_ ]cuda[-_ ]graph|without (?:cuda )?graphs?)/i,
    ],
    [0.7, oomNear('captur|cuda ?graph')],
    [
      0.5,
      /(?:enforce[-_ ]eager|eager mode|disable[-_ ]cuda[-_ ]graph)[^.\n]{0,60}(?:starts|works|helps|avoids|comes? up|boots|loads|no (?:oom|crash))/i,
    ],
  ),
  ...signs(
    'oom_cuda_graph_capture',
    'log',
    [0.5, /Capturing (?:CUDA graph|batches|cudagraph)[\s\S]{0,3000}out of memory/i],
    [
      0.6,
      /^(?![\s\S]*(?:stream is capturing|error during capture))[\s\S]*?(?:capture_model|cuda_graph_runner|capture_one_batch_size|graph_capture(?!_size)|cudagraph_wrapper)/,
    ],
  ),
  ...words('oom_sampler_warmup', [
    0.7,
    oomNear(
      'sampler[^.\\n]{0,40}(?:warm|dummy|made-up)|warm(?:ing)?[ -]?up|dummy requests?|logits',
    ),
  ]),
  ...signs('oom_sampler_warmup', 'log', [
    0.8,
    /warming up (?:the )?sampler|_dummy_sampler_run|dummy requests/i,
  ]),
  ...words('oom_activation_prefill', [
    0.65,
    oomNear(
      'long (?:prompt|input|context)|prompts? (?:length|of \\d)|batched[- _]tokens|(?:tool|function)[- ](?:answer|response|message|result)|prefill|image|video|multimodal|vision|activation|profil|chunk|input length|logprobs?|hidden states',
    ),
  ]),
  ...signs('oom_activation_prefill', 'log', [
    0.6,
    /(?:forward_extend|profile_run|_dummy_run|determine_available_memory|determine_num_available_blocks|get_input_embeddings|visual|vision_tower|compute_logits|logits_processor|_get_logits)[\s\S]{0,2500}out of memory/i,
  ]),
  ...words(
    'oom_under_load',
    [
      0.65,
      oomNear(
        '\\b(?:after (?:some|a few|several|\\d+|running)|under load|concurren|requests?|benchmark|prompts|hours|minutes|stress|long[- ]running|decode(?! (?:cuda )?graph)|batch(?!ed)|burst|generation|traffic|rps|qps|days|parallel)\\b',
      ),
    ],
    [
      0.65,
      /memory leak|leak(?:s|ing)? (?:host |gpu )?memory|\b(?:memory|vram|rss)\b[^.\n]{0,60}\b(?:keeps? (?:growing|increasing|rising|climbing)|grows|growing|creeps?|climbs|rises|increases) (?!to fit)/i,
    ],
    [
      0.45,
      /(?:memory (?:growth|creep)|crash(?:es|ed)? (?:under|after|during|when)[^.\n]{0,60}(?:load|requests?|concurren|traffic|benchmark))/i,
    ],
  ),
  ...words(
    'weights_do_not_fit',
    [
      0.65,
      oomNear(
        'load(?:ing)?(?: the)? (?:model|weights|checkpoint|shards?)|weights?|at start|startup|start-up|on start|while loading|single gpu|one gpu|too (?:big|large)|does not fit|doesn.t fit|\\d+ ?b(?: |$|-)|vram',
      ),
    ],
    [
      0.6,
      /(?:model|weights|checkpoint)[^.\n]{0,60}(?:do(?:es)? not fit|doesn.t fit|too (?:big|large)|larger than|exceeds?)[^.\n]{0,40}(?:gpu|memory|vram|card)?/i,
    ],
    [
      0.5,
      /(?:not enough|insufficient) (?:gpu |v)?(?:memory|vram|ram)[^.\n]{0,60}(?:model|weights|load)/i,
    ],
  ),
  ...signs(
    'weights_do_not_fit',
    'log',
    [
      0.65,
      /(?:load_model|load_weights|create_weights|initialize_model|model_loader|get_model|UnquantizedLinearMethod|process_weights_after_loading)[\s\S]{0,4000}out of memory/i,
    ],
    [
      0.5,
      /(?:load_tensors|load_all_data|alloc_tensor_range|model buffer)[\s\S]{0,800}(?:failed|out of memory|unable)/i,
    ],
  ),
  ...words(
    'kv_cache_too_small',
    [
      0.6,
      /(?:kv[ -]?cache|cache blocks?)[^.\n]{0,80}(?:too small|not enough|insufficient|no (?:memory|room|space|blocks)|cannot hold|negative|zero|0 )/i,
    ],
    [
      0.5,
      /(?:not enough|no|insufficient|little) (?:memory|room|space|vram)[^.\n]{0,40}(?:kv|cache)/i,
    ],
    [
      0.4,
      /(?:max[-_ ]model[-_ ]len|context[-_ ]length|ctx[-_ ]size)[^.\n]{0,60}(?:refus|fail|larger|exceed|too (?:large|long|big))/i,
    ],
  ),
  ...words(
    'gpu_already_in_use',
    [
      0.6,
      /\b(?:other|another|previous|old|zombie|leftover|orphan|stale|second|still running)[^.\n]{0,60}(?:process|server|instance|container|engine|job|model|vllm|sglang)[^.\n]{0,80}(?:gpu|memory|vram|card|holds?\b|occup)/i,
    ],
    [
      0.5,
      /nvidia-smi[^.\n]{0,80}(?:used|in use|occup|processes)|(?:gpu|vram|memory)[^.\n]{0,40}(?:already|still) (?:in use|used|occupied|held|allocated)/i,
    ],
    [
      0.6,
      /(?:VLLM|sglang|vllm)::\w+[^.\n]{0,60}\d ?(?:GiB|GB|MiB)|(?:although|while|but) (?:no|nothing|none)[^.\n]{0,24}\b(?:server|process|runs?|running)\b/,
    ],
    [
      0.6,
      /(?:sigkill|kill -9|force-?kill\w*)[^\n]{0,200}(?:memory|oom|vram|cache)|\b(?:two|both|second|duplicate)\b[^.\n]{0,30}(?:launch_server|vllm serve|llama-server|process(?:es)?)[^.\n]{0,30}(?:alive|running|on the host)|dead (?:worker|process|engine)[^.\n]{0,60}memory/i,
    ],
    [
      0.45,
      /\b(?:same|one) (?:gpu|card|device) (?:at the same time|together|at once)|memory (?:is |was )?(?:not|never) (?:being )?(?:freed|released|given back)|(?:n.t|not|never) (?:let go of|release|give back)[^.\n]{0,24}memory|(?:keeps?|holds?|hangs?)(?: on ?to)? (?:its|the|all the) (?:gpu )?memory/i,
    ],
    [
      0.4,
      /(?:two|both|second|multiple) (?:servers?|instances?|models?|engines?|containers?)[^.\n]{0,40}(?:same|one|single|shared?) (?:gpu|card)/i,
    ],
  ),
  ...words('bad_flag_unknown', [
    0.5,
    /(?:unknown|unrecogni[sz]ed|no such|removed|renamed|deprecated|does not exist)[^.\n]{0,40}(?:flag|option|argument|parameter|--)/i,
  ]),
  ...words('bad_flag_value', [
    0.5,
    /(?:invalid|wrong|unsupported|bad|refus|reject)[^.\n]{0,40}(?:value|choice|name of)/i,
  ]),
  ...words(
    'bad_flag_combination',
    [
      0.45,
      /(?:incompatible|conflict|together with|combination|mutually exclusive|cannot be combined|not divisible|divisible by)/i,
    ],
    [
      0.35,
      /(?:only )?(?:fails|crashes|breaks|happens)[^.\n]{0,50}(?:when both|together|combined|with both|if both)/i,
    ],
  ),
  ...words(
    'context_too_long',
    [
      0.55,
      /(?:prompt|input|request|context|conversation|message)s?[^.\n]{0,50}(?:too long|longer than|exceed|over the (?:limit|context)|larger than (?:the )?(?:context|max))/i,
    ],
    [0.45, /(?:400|bad request|refused|rejected)[^.\n]{0,60}(?:long|length|tokens|context)/i],
  ),
  ...words(
    'model_download_or_auth',
    [
      0.6,
      /(?:download|hugging ?face|hf_token|hub|gated|401|403|modelscope|offline|proxy|token)[^.\n]{0,80}(?:fail|error|denied|refus|stuck|slow|unauthori|cannot|timeout|timed out|missing|access|corrupt|incomplete)/i,
    ],
    [
      0.4,
      /(?:corrupt|incomplete|missing|truncated)[^.\n]{0,40}(?:file|shard|weights|checkpoint|download|gguf)/i,
    ],
    // Not hanging but fetching: what is on the disk grows.
    [
      0.75,
      /(?:\.cache|\bhub\b|hf cache|hugging ?face|model (?:folder|directory|dir|volume)|weights)[^.\n]{0,60}(?:grow|filling|still (?:download|fetch|coming))|\bdu -?s?h?\b[^.\n]{0,80}grow/i,
    ],
  ),
  ...words(
    'shm_or_ipc',
    [0.65, /(?:shared memory|\/dev\/shm|shm[-_ ]size|--shm|ipc)/i],
    [
      0.4,
      /(?:docker|container|pod|kubernetes|k8s)[^.\n]{0,80}(?:tensor.parallel|tp|multi.?gpu|nccl)[^.\n]{0,60}(?:fail|crash|bus error)/i,
    ],
  ),
  ...words('nccl_interconnect', [
    0.7,
    /\b(?:hangs?|hung|stuck|freez\w*|stands? still|blocks?)\b[^.\n]{0,40}\b(?:nccl|rccl|all[-_]?reduce|process group|pynccl)\b/i,
  ]),
  ...words('nccl_interconnect', [
    0.6,
    /\b(?:nccl|infiniband|ib\b|roce|rdma|nvlink|nvswitch|p2p|peer[- ]to[- ]peer|gloo|multi[- ]?node|two nodes|second node|acs\b|iommu)[^.\n]{0,100}(?:fail|\bhang|error|timeout|stuck|crash|slow|cannot|unable|connect|wrong)/i,
  ]),
  ...words('driver_or_cuda_mismatch', [
    0.6,
    /(?:driver|cuda (?:version|toolkit|runtime|1[1-3])|glibc|cudnn|torch (?:version|build)|wheel|nvcc|container toolkit)[^.\n]{0,80}(?:mismatch|too old|older|newer|incompatible|different|not match|update|upgrade|wrong|insufficient|missing)/i,
  ]),
  ...words('unsupported_gpu_or_kernel', [
    0.55,
    /\b(?:v100|t4\b|p100|p40|1080|2080|3090|4090|5090|turing|volta|pascal|ampere|ada\b|hopper|blackwell|sm_?\d{2,3}|compute capability|gpu|gfx\d+|mi\d{3}|arch(?:itecture)?)[^.\n]{0,80}(?:not supported|unsupported|no kernel|lacks?|cannot run|does not (?:have|support))/i,
  ]),
  ...words('unsupported_gpu_or_kernel', [
    0.65,
    /\bonly\b[^.\n]{0,30}\b(?:starts?|works?|runs?|comes? up)\b[^.\n]{0,40}\b(?:with|when|if|after)\b[^.\n]{0,30}(?:--disable-flashinfer|attention[-_ ]backend|VLLM_ATTENTION_BACKEND|sdpa|xformers|triton|torch_native)/i,
  ]),
  ...words(
    'tokenizer_or_template',
    [
      0.6,
      /(?:tokeni[sz]er|chat[-_ ]template|jinja|special tokens?|vocab(?:ulary)?|\beos\b|\bbos\b)[^.\n]{0,100}(?:fail|error|missing|wrong|not|broken|mismatch|garb|never stop|cannot|invalid|crash)/i,
    ],
    // A call of a tool that nobody parses, or a result that never reaches the prompt.
    [
      0.75,
      /\btool[-_ ]?calls?\b[^.\n]{0,60}(?:empty|null\b|not (?:parsed|extracted|recogni|filled|populated)|never (?:parsed|filled)|\[\]|(?:as|in|inside) (?:the )?(?:plain |raw |message )?(?:content|text))|(?:content|plain text)[^.\n]{0,40}\b(?:instead of|not) (?:in )?tool[-_ ]?calls?|\btool (?:results?|responses?|outputs?|messages?)\b[^.\n]{0,60}(?:ignored|lost|dropped|missing|empty|replaced|never (?:reach|arriv))|<tool_(?:call|response)>/i,
    ],
    [
      0.6,
      /\breasoning[-_ ]?(?:content|text)?\b[^.\n]{0,50}(?:empty|null\b|missing|(?:ends up |lands )?in (?:the )?content)|<\/?think>[^.\n]{0,60}(?:in (?:the )?content|left in|not (?:parsed|stripped|removed))/i,
    ],
    [
      0.4,
      /(?:garbage|gibberish|never stops?|endless|does not stop|\brepeats? (?:itself|the same|words|for))[^.\n]{0,60}/i,
    ],
  ),
  ...words('quantization_mismatch', [
    0.55,
    /(?:awq|gptq|fp8|int4|int8|nvfp4|mxfp4|fp4|quanti[sz]|marlin|gguf|bitsandbytes|bnb)[^.\n]{0,80}(?:fail|error|not supported|mismatch|wrong|crash|does not|cannot|refus|garbage|divisible|block)|!{6,}|(?:<unk>|<pad>){3,}/i,
  ]),
  ...words('port_conflict', [
    0.65,
    /\b(?:ports?|address)\b[^.\n]{0,40}(?:in use|taken|conflict|already|occupied|bind|busy|same)/i,
  ]),
  ...words('hang_watchdog', [
    0.6,
    /\b(?:hang|hangs|hung|stuck|freez|frozen|dead ?lock|unresponsive|no (?:response|progress|output)|never (?:returns|responds|finishes)|(?<!(?:not|n.t|never) )stops? (?:responding|generating)|watchdog|stall(?:s|ed)? (?:forever|for good|completely))/i,
  ]),
  ...signs(
    'hang_watchdog',
    'log',
    [0.55, /Watchdog caught collective|[Ww]atchdog/],
    [0.5, /RPC call to|TimeoutError|timed out after/],
  ),
];
