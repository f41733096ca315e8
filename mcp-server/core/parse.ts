import type { z } from 'zod';
import { describeIssues } from './describe-issues.ts';
import { InvalidInputError } from './errors.ts';

/**
 * Checks a value from outside against a schema and names the first wrong fields.
 * Throws: InvalidInputError with each field's path, what was found and `fix`.
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: { readonly name: string; readonly fix: string; readonly code?: `E_${string}` },
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { unknownKeys, faults } = describeIssues(parsed.error.issues, value);
  const told = [...faults, ...unknownKeys.map((key) => `${key}: unknown key`)].slice(0, 6);
  throw new InvalidInputError(`${what.name} is not valid: ${told.join('; ')}.`, {
    code: what.code ?? 'E_INVALID_INPUT',
    fix: what.fix,
  });
}

/** The value that a text from outside holds. Undefined when: it is no JSON, whose own `null` stays null. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** True for a plain object, so that its properties may be read as unknown. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
