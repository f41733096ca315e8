import { z } from 'zod';

/** The one next thing to do: a tool with its arguments, and why. Null tool: nothing is left to do. */
export const NextStep = z.object({
  tool: z.string().nullable(),
  args: z.record(z.string(), z.unknown()),
  why: z.string().max(300),
});
export type NextStep = z.infer<typeof NextStep>;

/** A step whose reason is cut to what a brief holds. */
export const stepOf = (
  tool: string | null,
  args: Record<string, unknown>,
  why: string,
): NextStep => ({
  tool,
  args,
  why: why.slice(0, 300),
});
