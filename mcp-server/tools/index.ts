import type { Tool } from '../define-tool.ts';

/** Every tool, in the order in which tools/list shows them. One line a tool. */
export const TOOLS: readonly Tool[] = [];
