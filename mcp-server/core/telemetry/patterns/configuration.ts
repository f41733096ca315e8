import { fatal, type LogPattern } from '../log-pattern.ts';

/**
 * Texts with which command lines, schemas and assertions refuse a configuration, whatever the engine.
 * Source: messages of CPython argparse and json, click, pydantic 2, transformers configuration checks.
 */
export const CONFIGURATION_PATTERNS: readonly LogPattern[] = [
  fatal('bad_flag_value', /LoRA rank \d+ is greater than max_lora_rank/),
  // Source: SGLang multimodal_gen attention selector.
  fatal('bad_flag_value', /Attention backend '\w+' is not supported by this attention layer/),
  fatal(
    'quantization_mismatch',
    /(?:is not divisible by (?:weight )?(?:quantization (?:block|group)|group_size)|% (?:self\.)?(?:\w+\.)?group_size == 0|[Tt]ried to load weights of size|(?:in|out)put_size_per_partition.*(?:divisible|% )|group_size .* (?:divi|align)|not aligned with the quantized weight|(?:[Qq]uanti[sz]ation|quant_method|quant_config|quantize_config).*(?:not support|mismatch|does not match|unknown|unsupported|invalid|not found|could not be found)|(?:unsupported|unknown|invalid) quanti[sz]ation|not (?:a )?supported (?:for|by) (?:the )?quanti[sz]ation|awq.*only supports?|gptq.*(?:not support|only supports?)|bitsandbytes.*(?:not support|only supports?|is not|requires?)|must (?:be )?divisible by BLOCK_SIZE_[KN]|to view Byte as|[Nn]o compressed-tensors compatible scheme|Invalid thread config: thread_|'\w*(?:Linear|MoE|Embedding)\w*' object has no attribute '(?:data|weight|qweight|scales|qzeros|g_idx)'|Parameter \S*(?:scale|qweight|qzeros)\S* not found in params_dict|no attribute 'weight_scale|weight_scale(?:_inv)?'|(?:KeyError: |no module or parameter named )'[^']*(?:qweight|qzeros|scales?|g_idx|weight_packed|weight_zero_point|weight_scale|absmax|input_scale)|ggml type|unknown (?:ggml|tensor) type|size mismatch for .*(?:weight|scale)|shape mismatch.*weight|tensor '[^']*' has (?:wrong|invalid) (?:shape|ggml type)|loaded_weight\.shape|param_data\.shape == loaded_weight\.shape|self\.data\.shape == loaded_weight\.shape)/i,
  ),
  fatal(
    'bad_flag_unknown',
    /(?:Unexpected keyword argument \[type=unexpected_keyword|got an unexpected keyword argument '(?<name>\w+)'|[Ee]xtra inputs are not permitted|extra fields not permitted|[Nn]o such option:? '?(?<flag>-[^\s']+)|[Uu]nknown (?:option|flag|argument|parameter)s?:? ?'?(?<other>-[^\s']+)|unrecognized (?:option|flag|argument)|Unexpected (?:extra )?argument|object has no attribute '(?:enable|disable|max|num)_\w+')/,
  ),
  fatal(
    'bad_flag_combination',
    /(?:"auto" tool choice requires|requires --[a-z]|(?:must|should|has to|needs? to) be (?:evenly )?(?:divisible by|a multiple of|a divisor of)|(?:[Pp]arallelism|[Ll]o[Rr][Aa]|[Ss]peculative \w+|[Cc]hunked prefill|[Pp]refix caching|[Ss]leep mode|[Bb]eam search|MTP|[Ee]ncoder.decoder \w+) (?:is|are) not (?:yet |currently )?(?:supported|implemented)|(?:is|are) not (?:evenly )?divisible by|assert [\w.]+ % [\w.]+ == 0|not allowed with argument|(?:cannot|can not|can't|could not|must not|should not) be (?:used|enabled|combined|specified|set|both|applied) (?:with|together|when|while|at the same|simultaneously|if|for|in)|can (?:only )?be (?:used|enabled|combined|set) (?:simultaneously|together|at the same time) (?:only|if|when)\b|(?:mutually exclusive|incompatible with|not compatible with|conflicts? with|not supported (?:with|together with|when|in combination)(?!.*; setting ))|only (?:be )?(?:supported|works?|available|valid|allowed|used|enabled) (?:when|with|if|in combination)|must (?:also )?be (?:set|enabled|disabled|specified|provided) (?:when|if|with|to use|for)|(?:does not|doesn't|not yet|currently not?) support (?:pipeline|tensor|data|expert|lora|chunked|prefix|speculative|cuda ?graph|multi|overlap|mixed|sliding|cascade)|[Pp]lease (?:set|use|disable|enable|remove|specify|add) (?:either )?`?--|is (?:greater|less|larger|smaller) than (?:the )?(?:max_\w+|number of available|`?--)|must be (?:greater|less|larger|smaller|no (?:more|less)) than (?:or equal to )?(?:the )?(?:max_|num_|chunk|page|context|`?--)|is required (?:when|if|for|to use)|[Ii]nvalid device ordinal|world_size.*(?:available|visible|larger)|not enough (?:GPUs|devices)|draft model .*(?:mismatch|not match|differ)|speculative .*(?:vocab|mismatch)|enable_lora)/,
  ),
  fatal(
    'bad_flag_value',
    /(?:cannot be other value than|Expected \w+ to be (?:greater|less|positive|at (?:least|most)|between)|Invalid value of \w+|invalid (?:tool call|reasoning) parser|Unsupported tool_call_parser|Unknown dtype: |[Ii]nvalid (?:value|choice|option|literal|argument value)|is not a valid (?:value|choice|option|int|float|bool|dtype|url|\w+Type|\w+Backend)|must be one of|should be one of|[Ee]xpected one of|Input should be|value_error|type_error|not in (?:the )?(?:list of )?(?:supported|allowed|valid)|[Uu]nsupported (?:value|choice|cache type|dtype|kv.cache)|must be (?:positive|non-negative|in (?:the )?range|between|an? (?:int|integer|float|positive|power)|greater than (?:or equal to )?\d|less than (?:or equal to )?\d|>=? ?\d|<=? ?\d|at least \d|at most \d)|JSONDecodeError|cannot be converted to|KeyError: '(?:parser|backend)|Unknown (?:scheduler|scheduling|attention|load|cache|kv|parser|reasoning|speculative)|No such (?:parser|backend)|rope_scaling.*(?:must|should|invalid|unrecognized))/,
  ),
  fatal(
    'context_too_long',
    /(?:maximum (?:context|model|sequence|allowed|input|prompt) (?:length|len)|max_position_embeddings|(?:longer|greater|larger|bigger) than (?:the )?(?:model'?s? ?)?(?:max|context|derived)|exceed(?:s|ed|ing)? (?:the )?(?:model'?s? )?(?:available |max(?:imum)? )?(?:context|model|sequence|allowed|input|n_ctx)|[Pp]lease (?:reduce|shorten) the (?:length|prompt|input)|prompt (?:is )?too long|context (?:length|window|size) (?:is )?(?:exceeded|overflow|too)|VLLM_ALLOW_LONG_MAX_MODEL_LEN|SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN|too many tokens|input length .* exceeds)/,
  ),
];
