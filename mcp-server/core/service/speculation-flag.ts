/** Flags of drafting, by any engine's name for it. Source: the flag tables of SGLang, vLLM and llama.cpp. */
const SPECULATION_FLAG = /^(?:--?(?:speculative|spec|draft|model-draft|lookup-cache)(?:-|$)|-md$)/;

/** True for a flag that has tokens drafted, or says how. */
export const isSpeculationFlag = (flag: string): boolean => SPECULATION_FLAG.test(flag);
