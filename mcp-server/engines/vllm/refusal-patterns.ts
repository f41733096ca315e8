import { fatal, type LogPattern } from '../../core/telemetry/log-pattern.ts';

/**
 * Texts with which single parts of vLLM refuse to go on; the texts of the whole engine are in log-patterns.ts.
 * Source: vLLM vllm/config/{parallel,scheduler,lora}.py, core/scheduler.py, v1/{core,worker}, entrypoints, the kernels it calls.
 */
export const VLLM_REFUSAL_PATTERNS: readonly LogPattern[] = [
  fatal(
    'kv_cache_too_small',
    /exceeds the capacity of block_manager|exceeds available Mamba cache blocks/,
  ),
  fatal(
    'bad_flag_combination',
    /(?:requires a single API server process|\w_\w+ (?:\(\d+\) )?must be [<>]= ?(?:max_|data_parallel|block_size)|can only be set when \w+_\w+|\brequires? \w+_\w+ ?[<>=]|must be True to use|is set to \S+ but \w+ is not enabled|must be enabled to (?:set|use)|cannot be greater than the max_model_len|must be less than or equal to self\.|EPLB requires|Cannot unify by adjusting block_size|is only supported for (?:MoE|multimodal) models|[Dd]raft model should have the same vocabulary|does not support LoRA|This model does not support `--|Cannot provide a placement group|number of required GPUs exceeds|method failed: LoRA not enabled)/,
  ),
  fatal(
    'bad_flag_value',
    /(?:No common block size for \d+|[Rr]easoning parser '?[^']*'? not found|Invalid VLLM_\w+ value|is not a valid \w+(?:Format|Mode)\b|should have a 'rope_type' key|Unknown RoPE scaling type|entries must use numactl)/,
  ),
  fatal('context_too_long', /context length is only \d+ tokens|is too long to fit into the model/),
  fatal(
    'quantization_mismatch',
    /(?:Detected some but not all shards of \S+ are quantized|Unsupported FP8 scheme|Cannot find the config file for (?:awq|gptq|\w*quant)|Marlin does not support|does not support BitsAndBytes quantization)/,
  ),
  fatal(
    'unsupported_gpu_or_kernel',
    /(?:No compiled \w+ for (?:a )?compute capability|No \w+ MoE backend supports|kernel does not support current device|[Ss]inks are only supported in FlashAttention|Unknown SF transformation|Assertion error \(.*"Unsupported architecture")/,
  ),
  fatal(
    'tokenizer_or_template',
    /(?:could not locate .{1,40}tokens? in the tokenizer|HarmonyError: (?!.*(?:download|vocab))|No tokenizer file found in directory|mistral_common\.exceptions\.\w)/,
  ),
  fatal('model_download_or_auth', /HarmonyError: .*(?:download|vocab)|No model weights found in/),
  fatal(
    'nccl_interconnect',
    /Every node should have a unique IP address|NIXL_ERR_(?:BACKEND|REMOTE_DISCONNECT)|custom_all_reduce\.cuh:\d+/,
  ),
  fatal('hang_watchdog', /Did not receive response from front-end process within/),
];
