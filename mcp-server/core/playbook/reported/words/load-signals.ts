import { near, type Signal, SLOW, signs, words } from './signal.ts';

/** How people say what limits a server that runs. Source: own reasoning over the readings of the playbook rows. */
export const LOAD_SIGNALS: readonly Signal[] = [
  ...words(
    'decode_eager_no_cuda_graph',
    [
      0.6,
      near(
        'cuda ?graphs?|captured?|capture size|graph size|cudagraph',
        `${SLOW}|not (?:used|captured|replayed)|exceed|above|beyond|disabled|fall ?back|eager|false|missing`,
      ),
    ],
    [
      0.6,
      /(?:tpot|itl|latency|throughput|tok\/s)[^\n]{0,80}(?:jumps?|doubles?|cliff|suddenly|sharp)[^\n]{0,80}(?:batch|concurren|\d+)/i,
    ],
    // The last captured size is a cliff. Source: how both engines fall back to eager steps above it.
    [
      0.6,
      /(?:drops?|falls?|collaps\w+|breaks? (?:down|in))\b[^.\n]{0,40}\b(?:exactly|just|right|as soon as|the moment|once|when)\b[^.\n]{0,50}\b(?:batch|running|sequences|concurrency)\b[^.\n]{0,40}(?:reach|pass|cross|exceed|above|over|peak|\d)/i,
    ],
    [0.5, /eager/i],
    // Attention runs outside of such graphs. Source: vLLM docs design, cuda_graphs.
    [0.65, near('\\bPIECEWISE\\b', `${SLOW}|behind|under`)],
  ),
  ...signs('decode_eager_no_cuda_graph', 'launch', [
    0.55,
    /--enforce-eager|--disable-cuda-graph(?![-\w])|enforce_eager=True|\bENFORCE_EAGER=(?:1|true)\b/,
  ]),
  ...signs(
    'decode_eager_no_cuda_graph',
    'any',
    [0.7, /Decode batch[^\n]*cuda graph: False/],
    [0.5, /decode_none/],
    [0.5, /[Cc]uda ?graph is disabled|enforce_eager=True|CUDA graphs? (?:is|are) (?:disabled|not)/],
    [0.65, /enforce[-_ ]eager(?: mode)? is (?:enabled|on|set)/],
  ),
  ...words(
    'batch_cap_binding',
    [
      0.4,
      /(?:max[-_ ]?running[-_ ]?requests?|max[-_ ]num[-_ ]seqs|--parallel|n_parallel|-np\b|slots?|batch (?:cap|limit|size limit)|max[-_ ]batch)/i,
    ],
    [
      0.5,
      near(
        '\\bcap(?:ped)?\\b|\\blimit(?:ed)?|ceiling|plateau|never (?:above|more|exceeds)|stuck at|at most|only \\d+',
        'running|concurren|batch|sequences|requests|slots',
      ),
    ],
    [0.4, near('queue|waiting|\\bpending', 'kv[^\\n]{0,20}(?:low|free|room|\\d+ ?%)|running')],
  ),
  ...words(
    'admission_too_conservative',
    [0.75, /conservativ/i],
    [
      0.55,
      near(
        'token[_ ]usage|kv (?:usage|cache)|memory',
        '(?:low|only|0\\.[1-7]|[1-7]\\d ?%)[^\\n]{0,60}(?:queue|waiting)',
      ),
    ],
    [0.45, near('queue|waiting|\\bpending', 'although|while|even though|despite|but')],
    [0.4, /new[_ ]token[_ ]ratio|admi(?:t|ssion)|reserv/i],
  ),
  ...words(
    'kv_bound_queueing',
    [
      0.6,
      near(
        'kv[- ]?(?:cache|pool)?|token usage|cache usage|pool',
        '\\bfull\\b(?! (?:\\d|length|context|window|prompt|output))|9\\d(?:\\.\\d+)? ?%|100(?:\\.0)? ?%|0\\.9\\d|1\\.0|exhaust|saturat|runs? out|at (?:its|the) limit|kv[- ]bound',
      ),
    ],
    [0.4, near('queue|waiting|\\bpending', 'kv|memory')],
  ),
  ...words('preemption_thrash', [
    0.75,
    /preempt(?!ible|ed (?:instance|vm|node))|retract|recompute|swap(?:ped|ping)|thrash|evicted (?:and|from the batch)/i,
  ]),
  ...words(
    'prefill_interference',
    [
      0.65,
      near(
        'prefill|long prompts?|long inputs?|new requests?|long context',
        '(?<!in)stall|block|spike|interfere|pause|interrupt|starv|hiccup|stutter|jitter|freez|decode|inter-token|itl|tpot',
      ),
    ],
    [
      0.5,
      near('itl|inter[- ]token|tpot|tbot|streaming', 'p99|p95|spik|(?<!in)stall|jump|gap|tail|max'),
    ],
    [0.4, /chunked[-_ ]prefill|mixed[-_ ]chunk|disaggregat/i],
    [
      0.7,
      /\b(?:short|small)(?:er)? (?:ones|prompts?|requests?|quer(?:y|ies)|questions?|chats?|messages?)\b[^.;\n]{0,40}\bbehind\b[^.;\n]{0,30}\b(?:long|large|big|huge)/i,
    ],
    [
      0.65,
      /\b(?:prompts?|prefills?)\b[^.\n]{0,40}\bbetween\b[^.\n]{0,24}\b(?:output tokens|tokens|decode steps)\b/i,
    ],
    [
      0.65,
      /\b(?:running|active|other) (?:streams|requests|users|sessions)\b[^.\n]{0,30}\b(?:paus|stall|freez|wait|stand still|stop)\w*[^.\n]{0,60}\b(?:while|when|as)\b[^.\n]{0,30}\b(?:com|arriv|join|admi|enter|taken)/i,
    ],
    // Source: SGLang scheduler.py get_next_batch_to_run, vLLM V0 scheduler: a prompt that waits goes first.
    [
      0.75,
      /prefill[- ]first|prefill priority|prioriti[sz]\w+ prefill|\b(?:only|never)\b[^.\n]{0,30}\bdecod\w+[^.\n]{0,40}\b(?:no|when|while|until|without)\b[^.\n]{0,30}\b(?:prompts?|prefills?)\b|\bno decode\b[^.\n]{0,40}\b(?:prompts?|prefills?)\b/i,
    ],
  ),
  ...words(
    'prefill_bound',
    [
      0.55,
      near(
        'ttft|first token|prompt (?:processing|eval)|prefill',
        'slow|high|seconds|\\d{4,} ?ms|long|grows|linear|scales?|dominat|bound|chunk|compute',
      ),
    ],
    [
      0.35,
      /(?:\d{4,}|\d+k)[- ]?(?:token)?s? (?:input|prompt|context)|input[_ -]?len(?:gth)?[ =:]*\d{4,}|ubatch|batched[-_ ]tokens/i,
    ],
  ),
  ...words(
    'decode_bandwidth_bound',
    [0.75, /(?:memory )?bandwidth/i],
    [
      0.5,
      near(
        'batch (?:size )?(?:of )?1\\b|single (?:user|stream|request|client)|one (?:request|user|client)|concurrency 1\\b|bs ?=? ?1\\b',
        'tok(?:en)?s?/s|tps|slow|tpot|itl|speed|t/s',
      ),
    ],
    [
      0.4,
      /(?:4-?bit|int4|fp8|awq|quanti[sz])[^\n]{0,60}(?:faster|speeds?|helps?|double)|roofline/i,
    ],
  ),
  ...words(
    'cpu_or_frontend_bound',
    [
      0.7,
      /\b(?:cpu|core|thread|process)e?s?\b[^\n]{0,50}(?:100 ?%|bound|bottleneck|saturat|pegged|maxed|busy|overhead|limit|starv)|(?:100 ?%|pegged|saturat)[^\n]{0,40}(?:cpu|core)/i,
    ],
    [
      0.55,
      /gpu[- ]?(?:util\w*|usage|load|is|sits|sm)?[^\n]{0,40}(?:low|idle|under ?util|only \d\d ?%|[1-6]\d ?%|half)/i,
    ],
    [
      0.5,
      /(?:api[- ]server|(?<!\bchat )front[- ]?end|\bgil\b|scheduler overhead|host overhead|event loop|tokeni[sz]ation|pydantic|uvicorn|launch overhead|kernel launch|--threads|hyper-?thread|numa|cgroup|cpu (?:limit|quota|request)|vcpu|guided|grammar|xgrammar|outlines|structured|logprob|penalt|image (?:pre)?processing|preprocess)/i,
    ],
  ),
  // More threads than fast cores wait for each other. Source: llama.cpp docs, token generation performance.
  ...words('cpu_or_frontend_bound', [
    0.65,
    near(
      String.raw`\b(?:threads?|(?:virtual |logical |physical |cpu )?cores)\b`,
      String.raw`(?:best|better|faster|fastest|fine|nominal|usable|smooth)\b[^\n]{0,60}\b(?:quarter|half|fewer|less|below|lower|\d+ (?:threads|cores|of them))|(?:with|at|using) all (?:of (?:them|the) )?\d+[^\n]{0,60}(?:slow|seconds|unusable|crawl)`,
    ),
  ]),
  ...signs('cpu_or_frontend_bound', 'launch', [
    0.4,
    /--disable-overlap-schedule|--no-async-scheduling/,
  ]),
];
