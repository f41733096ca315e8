import type { z } from 'zod';
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
  const issues = parsed.error.issues
    .slice(0, 6)
    .map(
      (issue) =>
        `${issue.path.length === 0 ? '(top level)' : issue.path.join('.')}: ${issue.message}`,
    )
    .join('; ');
  throw new InvalidInputError(`${what.name} is not valid: ${issues}.`, {
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
