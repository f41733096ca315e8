import type { Tool } from '../define-tool.ts';
import { judgeTrialTool } from './judge-trial.ts';

/** Every tool, in the order in which tools/list shows them. One line a tool. */
export const TOOLS: readonly Tool[] = [judgeTrialTool];
