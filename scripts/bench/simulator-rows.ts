/** One published measurement. Source: simulator validation rows (benchmark results published by TensorRT-LLM, vLLM, InferenceX, ML.ENERGY, PolyServe, LLMServingSim, Argonne). */
export interface MeasuredRow {
  readonly name: string;
  /** Launch command of the engine that comes nearest. */
  readonly command: string;
  readonly gpu: string;
  /** Version of the engine, as an image tag. */
  readonly image: string;
  readonly host: 'sglang' | 'vllm' | 'trtllm';
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Relative spread of the lengths; 0 = fixed. */
  readonly spread: number;
  readonly concurrency: number;
  readonly tpotMs: number | null;
  readonly tokensPerS: number | null;
  /** True when tok/s counts the prompt too. */
  readonly countsInput: boolean;
}

type Case = Pick<MeasuredRow, 'command' | 'gpu' | 'image' | 'host'>;

const LLAMA8 = 'meta-llama/Llama-3.1-8B-Instruct';
const LLAMA70 = 'meta-llama/Llama-3.1-70B-Instruct';

const vllm = (version: string): string => `vllm/vllm-openai:v${version}`;

const TRT_8B: Case = {
  command: `vllm serve ${LLAMA8} --max-num-seqs 512 --max-model-len 16384`,
  gpu: 'H100:80GB:1',
  image: vllm('0.11.0'),
  host: 'trtllm',
};
const V70_FP8: Case = {
  command: `vllm serve ${LLAMA70} --quantization fp8 --tensor-parallel-size 4 --max-model-len 16384`,
  gpu: 'H100:80GB:4',
  image: vllm('0.11.0'),
  host: 'vllm',
};
const V70_H200: Case = { ...V70_FP8, gpu: 'H200:141GB:4' };
const QWEN32: Case = {
  command: 'vllm serve Qwen/Qwen3-32B --tensor-parallel-size 4 --max-model-len 16384',
  gpu: 'H100:80GB:4',
  image: vllm('0.12.0'),
  host: 'vllm',
};
const SGL_H200: Case = {
  command: `python -m sglang.launch_server --model-path ${LLAMA8} --quantization fp8 --cuda-graph-max-bs 512`,
  gpu: 'H200:141GB:1',
  image: 'lmsysorg/sglang:v0.5.6',
  host: 'sglang',
};
const v8 = (seqs: number): Case => ({
  command: `vllm serve ${LLAMA8} --max-num-seqs ${seqs} --max-model-len 32768`,
  gpu: 'H100:80GB:1',
  image: vllm('0.11.0'),
  host: 'vllm',
});
const v70 = (seqs: number): Case => ({
  command: `vllm serve ${LLAMA70} --tensor-parallel-size 4 --max-num-seqs ${seqs} --max-model-len 32768`,
  gpu: 'H100:80GB:4',
  image: vllm('0.11.0'),
  host: 'vllm',
});
const l40s = (flags: string): Case => ({
  command: `vllm serve ${LLAMA8} --max-model-len 8192 ${flags}`,
  gpu: 'L40S:48GB:1',
  image: vllm('0.24.0'),
  host: 'vllm',
});
const RTX: Case = {
  command: `vllm serve ${LLAMA8} --max-model-len 4096`,
  gpu: 'RTX4090:24GB:1',
  image: vllm('0.11.0'),
  host: 'vllm',
};
const A100: Case = {
  command: `vllm serve ${LLAMA8} --max-model-len 8192`,
  gpu: 'A100:80GB:1',
  image: vllm('0.11.0'),
  host: 'vllm',
};

interface Point {
  readonly io: readonly [number, number];
  readonly c: number;
  readonly tpot?: number;
  readonly toks?: number;
  readonly spread?: number;
  readonly countsInput?: boolean;
}

function row(name: string, from: Case, point: Point): MeasuredRow {
  return {
    ...from,
    name,
    inputTokens: point.io[0],
    outputTokens: point.io[1],
    spread: point.spread ?? 0,
    concurrency: point.c,
    tpotMs: point.tpot ?? null,
    tokensPerS: point.toks ?? null,
    countsInput: point.countsInput ?? false,
  };
}

/** ML.ENERGY's chat lengths are not published with the rows; own assumption, the same for all of them. */
const CHAT: readonly [number, number] = [250, 550];

export const MEASURED_ROWS: readonly MeasuredRow[] = [
  row('8B H100 TensorRT-LLM 1024/128 c=8', TRT_8B, { io: [1024, 128], c: 8, tpot: 7.94 }),
  row('8B H100 TensorRT-LLM 1024/512 c=32', TRT_8B, { io: [1024, 512], c: 32, tpot: 9.88 }),
  row('8B H100 TensorRT-LLM 1024/512 c=128', TRT_8B, { io: [1024, 512], c: 128, tpot: 19.26 }),
  row('8B H100 TensorRT-LLM 2048/256 c=32', TRT_8B, { io: [2048, 256], c: 32, tpot: 14.94 }),
  row('8B H100 TensorRT-LLM 4096/512 c=32', TRT_8B, { io: [4096, 512], c: 32, tpot: 18.15 }),
  row('70B fp8 TP4 H100 vLLM 1024/1024 c=4', V70_FP8, { io: [1024, 1024], c: 4, tpot: 11.8 }),
  row('70B fp8 TP4 H100 vLLM 1024/1024 c=16', V70_FP8, { io: [1024, 1024], c: 16, tpot: 13.2 }),
  row('70B fp8 TP4 H100 vLLM 1024/1024 c=64', V70_FP8, { io: [1024, 1024], c: 64, tpot: 19.5 }),
  row('70B fp8 TP4 H100 vLLM 8192/1024 c=16', V70_FP8, { io: [8192, 1024], c: 16, tpot: 21.1 }),
  row('70B fp8 TP4 H100 vLLM 8192/1024 c=64', V70_FP8, { io: [8192, 1024], c: 64, tpot: 53.5 }),
  row('70B fp8 TP4 H200 vLLM 1024/1024 c=64', V70_H200, { io: [1024, 1024], c: 64, tpot: 16.1 }),
  row('70B fp8 TP4 H200 vLLM 8192/1024 c=32', V70_H200, { io: [8192, 1024], c: 32, tpot: 28.6 }),
  row('Qwen3-32B TP4 H100 vLLM 1024/512 c=8', QWEN32, { io: [1024, 512], c: 8, tpot: 10.7 }),
  row('Qwen3-32B TP4 H100 vLLM 1024/1024 c=128', QWEN32, { io: [1024, 1024], c: 128, tpot: 25.6 }),
  row('Qwen3-32B TP4 H100 vLLM 4096/512 c=64', QWEN32, { io: [4096, 512], c: 64, tpot: 34.9 }),
  row('8B fp8 H200 SGLang 1000/1000 c=352', SGL_H200, { io: [1000, 1000], c: 352, tpot: 36.6 }),
  row('8B fp8 H200 SGLang 4000/1000 c=128', SGL_H200, { io: [4000, 1000], c: 128, tpot: 32.0 }),
  row('8B H100 vLLM chat, max_num_seqs 8', v8(8), {
    io: CHAT,
    c: 16,
    spread: 0.5,
    tpot: 7.3,
    toks: 1070,
  }),
  row('8B H100 vLLM chat, max_num_seqs 64', v8(64), {
    io: CHAT,
    c: 128,
    spread: 0.5,
    tpot: 11.5,
    toks: 5147,
  }),
  row('8B H100 vLLM chat, max_num_seqs 256', v8(256), {
    io: CHAT,
    c: 512,
    spread: 0.5,
    tpot: 26.1,
    toks: 9010,
  }),
  row('70B TP4 H100 vLLM chat, max_num_seqs 8', v70(8), {
    io: CHAT,
    c: 16,
    spread: 0.5,
    tpot: 16.6,
    toks: 470,
  }),
  row('70B TP4 H100 vLLM chat, max_num_seqs 64', v70(64), {
    io: CHAT,
    c: 128,
    spread: 0.5,
    tpot: 22.4,
    toks: 2511,
  }),
  row('70B TP4 H100 vLLM chat, max_num_seqs 256', v70(256), {
    io: CHAT,
    c: 512,
    spread: 0.5,
    tpot: 39.8,
    toks: 4915,
  }),
  row('8B L40S vLLM 256/256 c=1', l40s(''), { io: [256, 256], c: 1, tpot: 21.3, toks: 46.9 }),
  row('8B L40S vLLM 256/256 c=16', l40s(''), { io: [256, 256], c: 16, tpot: 23.3, toks: 632.9 }),
  row('8B L40S vLLM 256/256 c=256', l40s(''), { io: [256, 256], c: 256, tpot: 48.5, toks: 3415 }),
  row('8B L40S vLLM 4096/128 c=16', l40s(''), { io: [4096, 128], c: 16, tpot: 65.6 }),
  row('8B L40S vLLM 4096/128 c=256', l40s(''), { io: [4096, 128], c: 256, tpot: 170.8 }),
  row('8B L40S vLLM 128/2048 c=16', l40s(''), { io: [128, 2048], c: 16, toks: 569 }),
  row('8B fp8 L40S vLLM 128/2048 c=16', l40s('--quantization fp8'), {
    io: [128, 2048],
    c: 16,
    toks: 826,
  }),
  row('8B fp8, fp8 KV L40S vLLM 128/2048 c=16', l40s('--quantization fp8 --kv-cache-dtype fp8'), {
    io: [128, 2048],
    c: 16,
    toks: 888,
  }),
  row('8B L40S vLLM 256/256 c=16, max_num_seqs 1', l40s('--max-num-seqs 1'), {
    io: [256, 256],
    c: 16,
    toks: 46.9,
  }),
  row('8B RTX 4090 vLLM 60/512 c=1', RTX, { io: [60, 512], c: 1, tpot: 16.7, toks: 59.7 }),
  row('8B RTX 4090 vLLM 60/512 c=4', RTX, { io: [60, 512], c: 4, tpot: 17.1, toks: 228 }),
  row('8B RTX 4090 vLLM 60/512 c=8', RTX, { io: [60, 512], c: 8, tpot: 17.3, toks: 447 }),
  row('8B A100 vLLM 128/128 batch 64', A100, {
    io: [128, 128],
    c: 64,
    toks: 4982,
    countsInput: true,
  }),
  row('8B A100 vLLM 1024/1024 batch 64', A100, {
    io: [1024, 1024],
    c: 64,
    toks: 3625,
    countsInput: true,
  }),
];
