/**
 * Single ideas in the words of a report, each looked for anywhere, so that no phrase has to be foreseen as a whole.
 * Source: own reasoning over how issue threads of SGLang, vLLM, llama.cpp and dstack tell what they see.
 */
export const CONCEPTS = {
  gpuIdle:
    /\b(?:cards?|devices?|accelerators?)\b[^.;\n]{0,30}(?:\bidles?\b|hardly (?:used|busy)|half[- ](?:empty|idle)|(?<![\d.])[1-6]?\d ?(?:%|percent) (?:busy|util))|\bgpus?\b[^.;\n]{0,40}(?:\bidle|under-?util|half empty|starv|\blow\b|sits? (?:at|idle)|below (?:[1-6]?\d) ?%|(?<!\d)(?:[1-6]?\d) ?(?:%|percent))|(?:idle|under-?utili[sz]ed|low) gpu|gpu[- ]?util\w*[^.;\n]{0,30}(?:low|drop|fall|only|below)/i,
  gpuFull:
    /\b(?:cards?|devices?)\b[^.;\n]{0,30}(?:9\d|100) ?%|\bgpus?\b[^.;\n]{0,40}(?:9\d|100) ?%|gpu[- ]bound|gpu (?:is )?(?:fully|saturated)/i,
  cpuBusy:
    /(?:\bcpu|\bcores?|\bprocess(?:or)?s?|\bthread|python)\b[^.;\n]{0,50}(?:(?:9\d|100) ?%|whole core|pegged|maxed|(?<=processors? (?:is |are )?)full|saturat|bottleneck|busy|bound|spin)|(?:(?:9\d|100) ?%|whole|full|one|single)[^.;\n]{0,20}\b(?:cpu|core)\b|cpu[- ](?:bound|overhead|limited)|few cores|\b[124] (?:v?cpus?|cores)\b/i,
  /** Cores that wait for memory: no more than part of them is taken. */
  cpuHalf: /\bcpu (?:usage|util\w*|load)[^.;\n]{0,40}(?<![\d.])[2-7]\d ?(?:%|percent)/i,
  hostWork:
    /api[- ]?server|(?<!\bchat )front[- ]?end|tokeni[sz]er manager|(?<!de)tokeni[sz](?:ing|ation)|text (?:in)?to (?:ids|tokens)|encod\w+ (?:the )?(?:prompts?|text)|scheduler (?:overhead|loop|process)|scheduling (?:a|each|the|takes)|on the (?:host|processor)|\bhost\b[^.;\n]{0,20}(?:time|work|side|bound)|\bgil\b|uvicorn|fastapi|event loop|pydantic|json[- ]?schema|grammar|guided|structured|regex|outlines|xgrammar|logprob|penalt|pre-?process|image decod|kernel launch|launch overhead|python overhead|host[- ]side|at the end of (?:each|every) (?:decode )?step\b|between (?:(?:two|consecutive|successive|decode|each|the|execute_model) ){0,3}(?:steps|kernels|calls|iterations|batches)|no kernels? runs?|gpu bubbles?|python (?:objects|prepares)|gaps? (?:between|in the trace)|openai[- ](?:server|endpoint|compatible)|http server|lora adapters/i,
  offlineFaster:
    /offline[^.;\n]{0,80}(?:faster|reach|%|full|times)|(?:LLM class|in-process|bench(?:mark)?_throughput)[^.;\n]{0,60}(?:faster|higher|%)/i,
  threads:
    /-t \d|--threads|(?<!\b(?:long|chat|message) )\bthreads?\b|hyper-?thread|\bnuma\b|OMP_NUM|physical cores|cgroup|cpu (?:limit|quota)/i,
  client:
    /\bclients?\b|\bthe (?:code|script|app|program|loop)\b|load[- ]generator|benchmark(?:ing)? (?:script|tool|client|machine)|bench_serving|bench serve|aiohttp|httpx|locust|\bk6\b|\bwrk\b|requests library|openai (?:python|client|package|sdk)|asyncio|genai-perf|llmperf|guidellm|jmeter|evalscope/i,
  /** What sends the load is told to be what is short. */
  loadSide:
    /\bbench(?:mark)?(?:ing)? (?:pod|host|machine|side|process(?:es)?|workers?)\b|\bload[- ]?gen(?:erator)?s?\b[^.;\n]{0,60}(?:cpu|core|busy|limit|bottleneck|event loop|%)|starved,? (?:rather than|not) saturated|looks starved|\b(?:bench\w*|client|harness|script) (?:opens|makes|creates) an? (?:new )?(?:\w+ ){0,2}(?:session|connection|client)/i,
  otherClient:
    /\b(?:one|first)\b[^.;\n]{0,20}\b(?:tool|client|script|generator)\b[^.;\n]{0,80}\b(?:another|the other|second)\b|(?:same|other|another|second|different|native|two|more)[^.;\n]{0,30}(?:client|tool|load generator|machine|process(?:es)?)[^.;\n]{0,80}(?:high|faster|times|more|full|fine|reach|doubl|tok\w*\/s)|tool [ab]\b|same load (?:from|with)|(?:clients?|load generators?|processes|machines)[^.;\n]{0,30}(?:doubl|twice|scal)/i,
  clientCap:
    /default limits?|connection (?:pool|limit)|max_?connections|semaphore|ulimit|open files|too many open|sequential|one (?:after|at a time)|before (?:it |he |she |they )?(?:sends?|starts?|fires?|posts?) (?:the )?(?:next|another)|a?waits? (?:for )?(?:each|the|its|an|every) (?:answer|response|reply)|thread ?pool|keep-?alive|TCPConnector|\btransport\b|file descriptors?|emfile|errno 24|(?:on|at) the (?:sending|calling|load) side|never (?:more|goes? (?:past|above|over)|exceeds?|gets? (?:past|above))(?: than)? \d+(?: (?:requests|connections))?[^.;\n]{0,40}(?:whatever|no matter|regardless|any (?:flag|setting))|never more than \d+ (?:requests|connections)|read buffer|buffer of \d+ KB|num[-_ ]workers|(?:one|single)[- ](?:python )?(?:program|process|script|thread|session)|simulat\w+ by|(?:ClientSession|connections?|sockets?|session) (?:for|per) (?:every|each) request|TIME_WAIT|(?:fake|mock|dummy|stub) server|calls? (?:it |the API )?(?:again|for one)/i,
  notQueued:
    /\b(?:zero|0|no|none|nothing) (?:requests? )?(?:waiting|queued|pending|in (?:the )?queue)\b|(?:none|nothing|nobody|no requests?|no one) (?:waits?|waiting|is waiting|queues?|queued)|\b(?:waiting|queue|queued|#queue-req|deferred)(?: requests?)?[^.;\n\w]{0,6}(?:is |are |stays? (?:at )?|always |at )?(?:0\b|zero|empty)|queue (?:is )?empty|no queue|without (?:a )?queue/i,
  queued:
    /piles? up|wait (?:for )?(?:their|its) turn|held back|not (?:yet )?(?:let in|started)|queue|\b(?:in|long) line\b|waiting|\bwaits?\b|\bpending|deferred|backlog|admitted late/i,
  kvLow:
    /(?:only|just|hardly) (?:a )?(?:third|quarter|fraction|tenth|half) of (?:the )?(?:kv|pool|cache)|(?:kv|pool|cache)[^.;\n]{0,24}(?:mostly empty|hardly used|largely (?:free|unused))|(?:kv|token[_ ]usage|cache usage|pool|memory|vram)[^.;\n]{0,40}(?:\blow|free|(?<![\d.])0?\.[0-6]\d?\b|(?<![\d.])[1-6]?\d(?:\.\d+)? ?%|half|room|empty|under \d\d ?%|is far)|\d+ ?GB (?:are |is )?(?:still )?free|plenty of (?:memory|kv|room)/i,
  kvFull:
    /\bus(?:ed|es) (?:it|the (?:cache|pool)) up\b|\busage (?:of |at |is )?(?:0?\.9\d|9\d ?%)|(?:9\d(?:\.\d+)?|100) ?% of (?:the |its )?(?:kv|cache|pool)|(?:no|out of) (?:free )?(?:kv )?(?:blocks?|pages?|cache slots?)\b(?! (?:for|device))|(?:kv|pool|cache)[^.;\n]{0,20}(?:used up|to the brim|completely taken)|(?:kv|token[_ ]usage|cache usage|pool)[^.;\n]{0,40}(?:\bfull|(?<![\d.])0?\.9\d|9\d(?:\.\d+)? ?%|100(?:\.0)? ?%|1\.00?\b|exhaust|saturat|runs? out|at its limit)/i,
  cap: /(?:no more than|exactly|at most) \d+ (?:run|are|at once|requests|sequences)|ceiling of \d+|max[-_ ]?(?:running[-_ ]requests?|num[-_ ]seqs|batch)|(?<!\w)--?(?:parallel|np)\b|n_parallel|\bslots?\b|batch (?:cap|limit)|(?:capped|limited|stuck|stays?|stands?|plateaus?) (?:at|to) \d+|only \d+ (?:requests?|run|sequences|are)|never (?:goes |gets |rises |went )?(?:above|more than|over|beyond|past) \d+/i,
  conservative:
    /conservativ|as if (?:each|every|all|they|it)[^.;\n]{0,30}(?:would|will|were to|might)|(?:let|taken) in (?:too )?(?:slowly|late|one by one)|new_token_ratio|reserv|(?:max_(?:new_)?tokens|output limit)[^.;\n]{0,60}(?:use|actual|only|but|about|real|short|(?<=\d)k\b)|expects? long|over-?estimat|worst[- ]case|far below (?:the )?(?:cap|limit|max)|admission|admits?\b|is (?:still )?far|start-up log is \d{4}/i,
  preempt:
    /\b(?:is|are|gets?|was|were|been|being) (?:thrown|kicked|pushed|put|sent|taken) (?:out|back)\b(?! (?:to|at|on) (?:work|once))|\b(?:goes?|go|gives?|given|puts?|returns?|returned|falls?) (?:\w+ )?back (?:in)?to (?:the )?(?:queue|waiting)|preempt(?!ible|ed (?:instance|vm|node))|retract|re-?computed (?:again|from|work)|swapped? out|thrash/i,
  longPrompt:
    /(?:document|file|contract|book|article|transcript|prompt|message|text)s? (?:of|with) (?:about |some |over )?\d[\d.]* ?(?:k\b|\d{3})|(?:long|large|big|huge|heavy)[- ](?:\w+ )?(?:prompt|input|document|context|request|prefill)|\d+(?:\.\d+)? ?k[- ]?(?:tokens?)?[- ](?:prompts?|inputs?|documents?|context|token)|\d{4,}[- ]tokens?[- ](?:prompts?|inputs?|documents?|context)|takes in \d+k|prompts? (?:of )?\d+ ?k|input[^.;\n\d]{0,14}\d{4,}/i,
  shortOnes:
    /\b(?:small|short|quick|tiny)(?:er)? (?:ones|prompts?|requests?|quer(?:y|ies)|questions?|chats?|messages?)\b/i,
  someoneElse:
    /(?:whenever|each time|every time|when|while|as soon as|until|once|the (?:moment|second|instant))[^.;\n]{0,40}\b(?:posts?|sends?|uploads?|submits?|fires?|pastes?)\b|(?:another|other|new|second|each|any|whenever|while|when|as soon as|next|one)[^.;\n]{0,30}(?:client|request|slot|user|prompt|document|prefill|agent|somebody|someone|colleague|one)\b[^.;\n]{0,40}(?:send|arriv|come|enter|take|process|prefill|start|upload|submit|paste|attach|is (?:being )?read|long|large|big|\d+k)|prefills? (?:of|from) (?:new|other)|mixed (?:load|traffic|workload)/i,
  stall:
    /(?:words|tokens?|output|text|answers?|replies|typing|chats?) (?:\w+ )?(?:stops?|halts?|stands? still)|\b(?:others?|other \w+|rest|everyone|everybody|neighbou?rs?)\b[^.;\n]{0,40}(?:nothing|no (?:tokens?|output)|waits?|silent|stop\w*|stands? still)|one token (?:every|per) \d|nothing (?:is|was) (?:decod|generat)\w*|stands? still|standstill|(?<!in)stall|freez|hiccup|stutter|pause|\bhalts?\b|starv|(?:falls?|drops?|collapses?) (?:to|from)|spikes?|jitter|gaps? (?:between|of)|jumps? to|blocks? (?:the )?(?:other|decod|running)|(?:itl|tpot|inter-token)[^\n]{0,40}(?:p99|max)/i,
  stream:
    /stream|decod|\bitl\b|tpot|tbot|inter-?token|between tokens|tok(?:en)?s?\/s|t\/s|running (?:requests|slot)/i,
  ttft: /(?:first|opening) (?:word|letter|character)|before (?:anything|something|it|the (?:answer|reply|text)) (?:appears|shows|starts|begins)|until (?:it|the (?:answer|reply)) (?:starts|begins)|ttft|first token|prefill|\bread(?:s|ing)? (?:in )?(?:the |of )?(?:long |large )?prompts?\b|prompt (?:processing|eval|throughput)|\bpp\d*\b|input throughput|ingest|(?:spent|time) on (?:the )?prompts?/i,
  growsWithPrompt:
    /(?:twice|double|half) the (?:prompt|context|input|length)|(?:grows?|linear|proportional|scales?|increases?|doubles?)[^.;\n]{0,40}(?:prompt|input|context|length)|(?:prompt|input|context|length)[^.;\n]{0,40}(?:grows?|linear|proportional|doubl)|compute[- ]bound|whatever the chunk|(?:budget|chunk|ubatch|batched[- ]tokens)[^.;\n]{0,80}(?:slower|faster)|(?:chunk|ubatch|batched tokens)[^.;\n]{0,60}(?:faster|helps?|improv|doubl|cuts?|lower)|\bbatch(?:es)?(?: size)?\b[^.;\n]{0,30}(?:of|to|above|at|is|=) ?(?:8|9|16|32|64|128|256|512)\b|(?:speed|fast|times)\w*[^.;\n]{0,20}\bat (?:256|512|1024|2048|4096) (?:compared|against|than|instead)/i,
  slow: /\ba (?:third|quarter|half|fifth|tenth) of (?:what|the)\b|\bages\b|sluggish|crawl|slow|seconds|takes? (?:\d|long|a )|high|poor|worse|minute/i,
  serial:
    /(?:when|until|after|once) the (?:first|one before|previous|other)(?: one)? (?:\w+ ){0,2}(?:through|done|finished|over|ends?|complete[sd]?)\b|one (?:by|after) (?:one|the other|another)|serially|serialised|sequential\w*|second (?:one |request )?(?:starts|waits|begins)|only (?:when|after) the first/i,
  together:
    /(?:several|multiple|many) (?:people|users|persons|clients|callers|requests)|at (?:the same time|once)|simultaneous|concurrent|in parallel|two (?:prompts|requests|users|clients)/i,
  recovers:
    /jumps? back|recovers?|then (?:continues|goes on)|afterwards|when (?:it|they|the \w+)[^.;\n]{0,20}(?:is|are) done|spikes?/i,
  single:
    /\b(?:only|lone|sole) (?:user|client|request)|one (?:chat|stream|conversation)\b|by myself|batch (?:size )?(?:of )?1\b|\bbs ?=? ?1\b|concurrency[ =:]*1\b|single[- ](?:user|stream|request|client|sequence|batch)|one (?:user|stream|request|client)/i,
  bandwidth:
    /bandwidth|\d ?GB\/s|TB\/s|memory[- ]bound|roofline|bytes (?:per|for each) token|read (?:once )?(?:for|per|each|every) (?:each )?token|product of (?:model |file )?size/i,
  quantHelps:
    /(?:fp8|int4|int8|4-?bit|8-?bit|q[2-8]\w*|awq|gptq|quanti[sz]\w*|smaller (?:model|file|quant\w*)|halving)[^.;\n]{0,70}(?:faster|doubl|gives? \d|speeds?|helps?|twice|tok)/i,
  threadsDontHelp:
    /with cores to spare|(?:threads|cores|processors|pool)[^.;\n]{0,60}(?:brings?|gives?|adds?|makes?|yields?|gets?) (?:no|nothing|hardly|little)|(?:more|above|beyond|than) (?:\w+ )?(?:threads|cores)[^.;\n]{0,40}(?:nothing|no (?:gain|change|improv|more|faster|extra)|not|same)|(?:any|no) (?:setting|flag)[^.;\n]{0,40}(?:chang|help|improv)/i,
  detokenize:
    /decod\w+ (?:of )?(?:the )?(?:token )?ids\b|(?<!\/)de-?tokeni[sz]|(?:ids?|tokens?) (?:in)?to (?:text|strings?|characters)|batch_decode|incremental decod|output processor|decod\w+ (?:\w+ )?(?:in)?to text|through (?:its|the) output|text (?:is|being) (?:made|decoded)|decod\w* (?:of )?text|special tokens? decod|convert\w* tokens? (?:back )?(?:in)?to/i,
  detokenizeHelps: /stream[-_ ]interval|skip[-_]tokenizer[-_]init|detokenizer[-_]worker/i,
  clientVsEngine:
    /(?:client|observed|seen|received|end[- ]to[- ]end)[^\n]{0,90}(?:scheduler|server|engine|gen throughput|internal|log)|(?:scheduler|engine|gen throughput|server log)[^\n]{0,90}(?:clients?|observed|users?) (?:see|get|receive|observe|measure)/i,
  manyGpus:
    /\b(?:[248]|two|four|eight|both|second) (?:cards|card|boards|devices|accelerators)\b|(?:tp|tensor[- ]parallel\w*)[ =-]*(?:size )?[=: ]*(?:[2-9]|16)\b|\b(?:2|two|4|four|8|eight|multi\w*|more|both|second)[- ]?x? ?gpus?\b|(?:(?:2|4|8)x|two|four|eight) (?:a|h|l|v|rtx ?|b|t)\d|split over/i,
  scalesBadly:
    /(?:second|other|more) (?:card|gpu|cards|gpus)[^.;\n]{0,20}(?:brings?|adds?|gives?|buys?) (?:nothing|little|next to nothing|no )|\b(?:no|not|little|hardly|barely)[^.;\n]{0,20}(?:gain|faster|speed-?up|scal|improv|better|above)|slower than (?:one|a single|1)\b|single[- ]gpu servers|than (?:one|1|a single) gpu|less than (?:one|1)|same (?:speed|throughput)|replicas? (?:together|each)|1 gpu:/i,
  comm: /\bethernet\b|\d+ ?(?:gbit|gbps|gbe)\b|(?:over|between|across) (?:the |two |both )*(?:hosts|nodes|machines)\b|all-?reduce|\bnccl\b|pcie|nvlink|interconnect|communicat|\bp2p\b|peer access/i,
  speculation:
    /specul|eagle|\bmtp\b|medusa|\bdrafts?\b|draft(?:er| model)|n-?gram|lookahead|nextn|dflash/i,
  /** A launch that drafts, whatever the words say. */
  speculates: /(?!)/,
  accept: /accept(?:ance|ed)?/i,
  slower:
    /slower|wors|lower|drops?|regress|degrad|decreas|no (?:gain|benefit|speed-?up)|than (?:without|plain)|with(?:out)?[^.;\n]{0,30}tok\/s/i,
  onCpu:
    /(?:layers?|weights|model|experts?)[^.;\n]{0,40}(?:main memory|host ram)|(?:layers?|experts?|weights|kv)[^.;\n]{0,40}(?:\bcpu\b|\bram\b|system memory|host memory)|n[-_]gpu[-_]layers|-ngl\b|cpu-moe|\boffload|gpu (?:is )?(?:not used|unused|not detected|ignored)|(?:without|no) (?:gpu|cuda) (?:support|build|device)|runs? on (?:the )?cpu|idle card|of its memory are free|(?:memory|vram)[^.;\n]{0,40}(?:stays?|only|just|no more than)[^.;\n]{0,12}(?<![\d.])\d{1,3} ?Mi?B|(?:nvidia-smi|rocm-smi|\bgpu|\bvram|\bcard)[^.;\n]{0,80}(?<![\d.])0 ?(?:%|percent)|(?:on|onto|to) the (?:processor|cpu) (?:alone|only)/i,
  prefix:
    /\b(?:long|chat|message) threads?\b|follow-?ups?\b|prefix|radix|prompt cach|cache (?:hit|reuse)|hit rate|cached[-_ ]tokens?|system (?:prompt|message|text)|conversation|history|each turn|\bturns?\b|all that was said|multi-?turn|common beginning|shared (?:prompt|context)|slots?[^.;\n]{0,30}(?:cache|similar|alternat)|alternat\w+ on|swa\b|re-?use/i,
  again:
    /only the (?:last|newest|latest|final) (?:message|turn|question|line)\b[^.;\n]{0,20}(?:new|chang|differ)|(?:from|at) the top\b|hit rate[^.;\n]{0,24}(?<![\d.])\d(?:\.\d+)? ?%|time of day|\buuid\b|first (?:line|block)[^.;\n]{0,20}(?:differ|chang)|\banew\b|\bafresh\b|all over|as if (?:it|they) (?:were|was) new|whole (?:history|conversation|prompt|transcript)|everything (?:before|again|anew)|\bagain\b|every (?:turn|request|time)|each (?:turn|request|time)|from (?:the )?(?:start|scratch|beginning)|re-?process|re-?comput|\b0(?:\.0+)? ?%|never (?:hits?|reused?)|\bmiss(?:es)?\b|no (?:hits?|reuse)|not (?:reused?|cached|hit)|resend|full (?:prompt|prefill)|invalidat|timestamp|differs?|hits?[^.;\n]{0,40}(?:only|half|rarely|seldom)|(?:only|half|rarely|seldom)[^.;\n]{0,30}\bhits?|round[- ]robin|\+0\b/i,
  lost: /invalidat\w*|re-?process\w*|(?:not|never|nothing) (?:is |are |was )?(?:re-?used|cached)|never hits?|no hits?\b/i,
  repeatedRun:
    /(?:\bsecond(?!s)|2nd|later|repeat\w*|\bre-?(?=runs?\b))[- ]?(?:\w+ )?(?:runs?|sweeps?|pass|round)\b|\brun 2\b|same (?:\w+ ){0,2}-*(?:prompts?|seed|dataset|file|data|requests|questions|inputs?|conversations?)|fixed seed|(?:own|unique|different|fresh) (?:prompt|prefix|beginning)s? (?:for|per|in) (?:each|every)|--seed \d|in a loop|not restarted|one (?:and the same )?prompt\b[^.;\n]{0,40}\btimes\b|(?:reuses?|repeats?|sends?)[^.;\n]{0,24}\b(?:one|same|identical) (?:and the same )?prompt|(?:the )?very same|can ?(?:not|n.t) be right|no (?:card|gpu) (?:has|can|could)|too good|unreal|impossible|implausib|inflat|fraction of what|hundredth|replay\w* (?:the )?(?:same|identical)|identical prompts|without (?:a )?flush/i,
  /** Better than it can be, or than it was before. */
  tooGood:
    /can ?(?:not|n.t) be right|no (?:card|gpu) (?:has|can|could)|one (?:and the same )?prompt\b[^.;\n]{0,40}\btimes\b|(?:reuses?|repeats?|sends?)[^.;\n]{0,24}\b(?:one|same|identical) (?:and the same )?prompt|(?:the )?very same|too good|unreal|impossible|implausib|inflat|fraction of what|hundredth|suspicious|\b(?:second|2nd|later|re-?|repeat\w*)[- ]?(?:run|pass|round)s?\b|\brun 2\b|(?:in a loop|not restarted)|(?:faster|better|higher|lower ttft)[^.;\n]{0,30}than (?:before|the first|fresh|cold|new|in production|real)|hit rate|cache hits?/i,
  firstSlow:
    /(?:(?:after|each|every) (?:(?:the|a|each|every) )?(?:\w+ )?(?:restart|start|boot|deploy)\w*)[^.;\n]{0,50}(?:slow|first|longer|again)|again after (?:each|every)|seconds before (?:the )?gpu|(?:slow\w*|long\w*|worse|seconds)[^.;\n]{0,40}(?:right|directly|shortly) after (?:a |the |each |every )?(?:start|boot|deploy|restart)\w*|(?:first|opening) (?:minute|hour|calls|requests) after|(?:takes?|took|slow\w*|seconds)[^.;\n]{0,40}the first time|first (?:\w+ )?(?:quer(?:y|ies)|requests?|runs?|minutes?|calls?|batch(?:es)?|few|seconds|point|prompts?|time)[^\n]{0,60}(?:slow|times|longer|\d|than)|(?:after|each|every) (?:a )?(?:restart|start|boot|deploy)[^.;\n]{0,50}(?:slow|first|longer)|(?:slow|long\w*)[^.;\n]{0,20}(?:only )?(?:the )?first|cold|settles?|until (?:they|runs) agree/i,
  /** What comes after the first is as it should be. */
  laterFast:
    /(?:all|every|the|any) (?:later|following|subsequent|next)(?: ones?| \w+)?\b[^.;\n]{0,20}(?:come|are|is|takes?|runs?|answers?)\b[^.;\n]{0,30}(?:once|fast|quick|instant|normal|fine|ms\b|second)|from (?:there|then) (?:on )?(?:everything|it|all)|(?:after that|afterwards|then) (?:it is |everything is |all is )?(?:fast|quick|instant|normal|fine|never again)|only the (?:very )?first|then never again/i,
  compile:
    /\bjit\b|compil|autotun|warm(?:ed|s)?[- ]?up|deepgemm|triton cache|inductor|torch\.compile|kernel cache/i,
  proxy:
    /\bapache\b|\bwaf\b|service mesh|openresty|akamai|fastly|\bproxy|nginx|gateway|ingress|envoy|cloudflare|load ?balancer|traefik|haproxy|litellm|istio|\balb\b|\bcdn\b|caddy|kong|reverse/i,
  clump:
    /in one (?:go|lump|piece|block)|in lumps|(?:whole|entire|complete) (?:reply|text|message)|all of it (?:appears|arrives|comes)|at the very end|at once|in (?:\w+ )?(?:pieces|bursts|clumps|chunks|blocks)|buffer|gather|\bKB\b|clump|burst|no longer stream|not stream|only at the end|one read|whole (?:answer|response)|chunky/i,
  between: /\bin between\b|\brelay\b|\bhops?\b|serverless|in front of/i,
  compress: /\bg?zip\b|compress|\bzstd\b|brotli|middleware/i,
  directFine:
    /from inside (?:the )?(?:cluster|pod|container)|on the (?:node|box|machine|host) itself|\blocally\b|direct|attached port|port-?forward|localhost|in-pod|without the (?:proxy|gateway|ingress)|bypass/i,
  oom: /\boom(?:s|ed|ing)?\b|(?:dies?|died|lack|want|short|falls? over for lack) of (?:gpu |video )?memory|memory (?:is|was) not enough|out[ -]of[ -](?:gpu |cuda |device )?memory|outofmemory|memory (?:error|alloc)|runs? out of (?:gpu )?memory|kills? the server|killed/i,
  capture: /captur|cuda ?graphs?|cudagraph|enforce[-_ ]eager|eager mode/i,
  sampler: /sampl(?:er|ing)|warm(?:ing)?[- ]?up|dummy requests?|logits|vocab\w*/i,
  loading:
    /load(?:s|ing|ed)?\b[^.;\n]{0,30}(?:weights?|model|checkpoint|shards?)|checkpoint|weights?\b|does(?: not|n.t) fit|too (?:big|large) for/i,
  kvWord:
    /\bkv\b|\bcache[^.;\n]{0,20}\bblocks?\b|context (?:of|at) \d|cache blocks?|context length|max[-_ ]model[-_ ]len|ctx[-_ ]size|context window/i,
  underLoad:
    /(?:fine|well|ran|runs|works?|worked) for\b|slots? (?:are |is )?(?:all )?busy|afternoon|after (?:some|a few|several|\d+|an?) (?:minutes?|hours?|days?|requests|while)|under load|concurren|parallel|benchmark|burst|traffic|night|hours|decod|users?\b|req\/s|rps|qps|running requests/i,
  activation:
    /\blong|prefill|images?|video|multi-?modal|document|activation|profil|chunk|embedd|token (?:prompt|document|input)s?|\d+k/i,
  startFails:
    /\b(?:starts?|comes? up|boots?|loads?) only\b|only (?:starts?|comes? up|boots?)|(?:at|on|during) start|start-?up|\bstarts?\b[^.;\n]{0,20}(?:fail|end|die|stop)|won.t start|does(?: not|n.t) start|come up|refuses|(?:cannot|can.t|does(?: not|n.t)) boot|(?:restart|crash)[- ]?loop|each start|before the first request/i,
  otherProcess:
    /jupyter|(?:on|of|sharing) the same (?:card|gpu)|(?:two|both|several) (?:models|servers|engines)[^.;\n]{0,30}\b(?:card|gpu|a100|h100)|somebody else|someone else|\bghost\b|\b(?:other|another|old|zombie|leftover|orphan|stale|previous|second|no longer listed)[^.;\n]{0,40}(?:process|server|container|instance|job|python|engine|notebook)?|nvidia-smi[^.;\n]{0,60}(?:used|GiB|GB|MiB|process)|already (?:in use|used|occupied|taken)|shared? (?:gpu|card)|crash[^.;\n]{0,60}(?:again|will not come up)|sigkill|kill -9|force-?kill|\b(?:two|both|duplicate)\b[^.;\n]{0,40}\bprocess(?:es)?\b|\bstill (?:shows?|lists?|alive|there)|same (?:card|gpu) at the same time|dead worker/i,
  eager:
    /eager|without (?:a )?(?:cuda )?graphs?|cuda ?graphs?[^.;\n]{0,30}(?:off|disabled|false|not|no )|not captured|uncaptured|decode_none/i,
  stepAtSize:
    /(?:exactly )?(?:when|above|beyond|past|over|once|after|more than)[^.;\n]{0,20}\d+[^.;\n]{0,60}(?:doubl|jump|cliff|step|slow|worse|rise|sudden)|(?:step|cliff|jump|doubl|sudden)[^.;\n]{0,60}(?:when|above|beyond|past|over|more than|at) (?:more than )?\d+|largest captured|captured (?:batch )?sizes?/i,
  shm: /shared memory|\/dev\/shm|\bshm\b|\bipc\b|bus error|sigbus|memory-backed/i,
  container: /docker|container|\bpod\b|kubernetes|\bk8s\b|compose/i,
  hang: /stands? still for|goes? silent|wedged|unkillable|no more answers|blocks? for ?ever|\bhang|\bhung\b|stuck|freez|frozen|dead-?lock|unresponsive|never (?:gets?|returns?|responds?|finish\w*|answers?|complet\w*|come)|no (?:answers?|response(?![- ]?format)|progress|output(?! length))|(?:does|do|did)(?: not|n.t) (?:\w+ )?(?:return from|release)|never (?:\w+ )?releas\w*|kill -9|sigkill|sigterm (?:is |was )?ignored|force[- ]kill\w*|\/(?:slots|health|metrics|v1\/\S*) (?:does(?: not|n.t)|never) (?:answer|respond|return)|nothing (?:of|in) the (?:waiting )?queue moves|(?<!(?:not|n.t|never) )stops? (?:responding|answering|generating|producing|serving|working|at \d+)|no log lines?|(?:until|has to be|have to) (?:it is |be )?(?:killed|restarted)|nothing (?:runs|happens)|watchdog|(?:log|output) (?:ends?|stops?) at|nothing (?:else|more|further) is (?:printed|logged)|(?:sits?|stays?|stands?|remains?) (?:at|in|on) [^.;\n]{0,40}(?:for (?:an?|\d+) (?:hours?|minutes?)|for ?ever|for ever)|never becomes? free|time[sd]? ?out|waits? forever|indefinite|for good/i,
  fabric:
    /\bibv_\w+|\befa\b|mellanox|\bbond0\b|\bgid\b|nccl|infiniband|\broce\b|rdma|gloo|multi-?node|two nodes|second node|\bacs\b|iommu|socket_ifname|all-?reduce|nvswitch|fabric|peer|p2p|rank \d/i,
  driver:
    /libcuda\w*|libnvrtc\w*|libcudart\w*|driver|cuda (?:version|toolkit|runtime|1[1-3])|glibc|cudnn|nvcc|wheel|undefined symbol|torch (?:version|build)|nvidia-container|\.so\b/i,
  mismatch:
    /mismatch|too old|\bolder|newer|incompatib|different|not match|insufficient|requires|built (?:for|with|against)|upgrade|update/i,
  gpuKind:
    /v100|\bt4\b|p100|p40|1080|2080|[345]090|\bturing|volta|pascal|ampere|hopper|blackwell|sm_?\d{2,3}|compute capability|gfx\d+|mi\d{3}|gb10|jetson/i,
  unsupported:
    /not supported|unsupported|no kernel|lacks?|cannot run|does(?: not|n.t) (?:have|support)|not compatible|illegal instruction|requires (?:sm|compute|hopper|ampere)/i,
  tokenizer:
    /(?<!de)tokeni[sz]er|chat[-_ ]template|\bjinja|special tokens?|vocabulary|<\|\w+\|>|\bbos\b|\beos\b|roles? must|stop tokens?/i,
  endless:
    /goes? on (?:for ?ever|and on|for ever|until)|(?:prints?|shows?|writes?|leaks?|stray)[^.;\n]{0,30}(?:<\||\[\/?INST\])|never (?:stops?|ends?)|does(?: not|n.t) stop|endless|gibberish|garbage|nonsense|\brepeats? (?:itself|the same|words|tokens|for)|\brepeats?[.,;]|as text|no template/i,
  quantWord:
    /awq|gptq|fp8|int[48]|nvfp4|mxfp4|fp4|quanti[sz]|marlin|bitsandbytes|\bbnb\b|group[_ ]size|checkpoint/i,
  downloadWord:
    /download|hugging ?face|hf_token|\bhub\b|gated|\b40[134]\b|modelscope|offline|mirror|repositor|model (?:id|name|path)|corrupt|incomplete|truncat|safetensors|\.gguf/i,
  fails:
    /fail|error|denied|refus|cannot|timeout|timed out|missing|corrupt|crash|abort|\bexit|not found|\bdies?\b|\bends?\b|incomplete/i,
  tooLong:
    /forgets? (?:the |its |his |her )?(?:first|earl|initial|system|beginning|instruct)|context[- ]shift|too long|longer than|exceed|over the limit|larger than|\b400\b|bad request|maximum context|truncat|cut off|context (?:window|size|length|limit)/i,
  disk: /\bdisk\b|storage|volume|filesystem|no space|ephemeral|inode|\/tmp\b|\/root\b|cache folder/i,
  full: /\bfull\b|ran out|runs? out|exhaust|no space|out of space|too small|left|\d+ ?GB/i,
  port: /\bport\b|address|bind|listen|eaddrinuse|socket/i,
  taken: /in use|taken|conflict|already|occupied|busy|same (?:port|host)/i,
  offers:
    /offers?|capacity|quota|stock|sold out|max[-_]price|no (?:instances?|gpus?|fleets?)|availab(?!le (?:memory|vram|blocks?|kv|cache|space|shared|context|port))|backends?|regions?|reservation/i,
  none: /\bno\b|none|empty|not enough|insufficient|without|zero|exhaust|\bout of|exceed|fails?|0 of/i,
  image: /\bimage|registry|docker ?hub|manifest|ghcr|\becr\b|nvcr|\bpull|\btag\b|layers?/i,
  spot: /\bspot\b|preemptible|reclaim|interrupt|evict|two-minute|taken? (?:back|away)|took[^.;\n]{0,40}(?:away|back)|low-?priority/i,
  host: /instance|\bhost\b|\bnode\b|\bvm\b|shim|runner|\bssh\b|tunnel|machine|fleet|bare[- ]metal|on-prem/i,
  unreachable:
    /does(?: not|n.t) (?:answer|respond)|no (?:ssh|ping)|cannot log ?in|unreachable|not reachable|no (?:response|connection|route)|lost|disconnect|refused|timed? ?out|never (?:came|starts|became|becomes|answers?)|cannot (?:be )?(?:connect|reach)|firewall|\bkeys?\b|stays? in provisioning|stuck in provisioning|login/i,
  flagWord: /--[a-z]|\bflags?\b|option|argument|parameter|setting/i,
  unknown:
    /unknown|unrecogni[sz]ed|no such|removed|renamed|deprecated|does not exist|not (?:known|recogni[sz]ed)|unexpected/i,
  badValue:
    /invalid|wrong|unsupported|bad|reject|not (?:a )?valid|out of range|choose from|must be (?:between|one of|positive)/i,
  exclusive:
    /incompatib|conflict|(?:used|set|given|combined|work\w*) together|together with|combination|combined|mutually|both|with each other|divisib|only (?:works?|supported) with|requires --/i,
} as const satisfies Readonly<Record<string, RegExp>>;

export type Concept = keyof typeof CONCEPTS;
