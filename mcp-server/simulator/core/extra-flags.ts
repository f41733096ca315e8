import type { ArgSpec } from './argparse.ts';

const fact = (flag: string, type: string, aliases: readonly string[] = []): ArgSpec => ({
  flag,
  type,
  choices: null,
  aliases,
});

/** Flags of SGLang that the tuning inventory leaves out and its parser knows. Source: SGLang server_args.py. */
export const SGLANG_EXTRA_FLAGS: readonly ArgSpec[] = [
  fact('--model-path', 'str', ['--model']),
  fact('--tokenizer-path', 'str'),
  fact('--tokenizer-mode', 'str'),
  fact('--trust-remote-code', 'bool'),
  fact('--revision', 'str'),
  fact('--api-key', 'str'),
  fact('--device', 'str'),
  fact('--random-seed', 'int'),
  fact('--base-gpu-id', 'int'),
  fact('--chat-template', 'str'),
  fact('--reasoning-parser', 'str'),
  fact('--tool-call-parser', 'str'),
  fact('--log-requests', 'bool'),
  fact('--log-level-http', 'str'),
  fact('--enable-p2p-check', 'bool'),
  fact('--enable-deterministic-inference', 'bool'),
  fact('--json-model-override-args', 'str'),
  fact('--quantization-param-path', 'str'),
  fact('--cuda-graph-max-bs', 'int'),
  fact('--cuda-graph-bs', 'list[int]'),
  fact('--disable-cuda-graph', 'bool'),
  fact('--disable-piecewise-cuda-graph', 'bool'),
  fact('--enable-piecewise-cuda-graph', 'bool'),
];

/** Flags of `vllm serve` that the tuning inventory leaves out and its parser knows. Source: vLLM arg_utils.py, cli_args.py. */
export const VLLM_EXTRA_FLAGS: readonly ArgSpec[] = [
  fact('--model', 'str'),
  fact('--tokenizer', 'str'),
  fact('--trust-remote-code', 'bool'),
  fact('--revision', 'str'),
  fact('--api-key', 'str'),
  fact('--seed', 'int'),
  fact('--chat-template', 'str'),
  fact('--tool-call-parser', 'str'),
  fact('--enable-auto-tool-choice', 'bool'),
  fact('--max-logprobs', 'int'),
  fact('--uvicorn-log-level', 'str'),
  fact('--hf-overrides', 'JSON'),
  fact('--override-generation-config', 'JSON'),
  fact('--structured-outputs-config', 'JSON'),
  fact('--disable-fastapi-docs', 'bool'),
];
