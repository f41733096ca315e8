import type { z } from 'zod';
import { cleanText, redactText } from './redact.ts';

type Issue = z.core.$ZodIssue;

/** What is wrong with an argument list, split by what the caller has to do. */
export interface IssueReport {
  /** Keys that the schema does not have, with the place where they stand, e.g. `changes.0.vlaue`. */
  readonly unknownKeys: readonly string[];
  /** Other faults, e.g. `load.ratePerS: Too small: expected number to be >0 (given 0)`. */
  readonly faults: readonly string[];
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? '(top level)' : path.map(String).join('.');

/** Of a union, the branch that came closest: the fewest faults, and not merely the wrong kind. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const badKind = (issues: readonly Issue[]): number =>
    issues.some((issue) => issue.code === 'invalid_value' || issue.code === 'invalid_type') ? 1 : 0;
  return branches.toSorted((a, b) => badKind(a) - badKind(b) || a.length - b.length)[0] ?? [];
}

function flatten(issue: Issue, base: readonly PropertyKey[]): readonly Issue[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return closestBranch(issue.errors).flatMap((inner) => flatten(inner, path));
  }
  return [{ ...issue, path }];
}

/** Longer texts are told by their length: a part of a secret would pass whoever hides secrets whole. Source: own reasoning. */
const MAX_SHOWN_CHARS = 40;
/** Names of fields whose text is never shown. */
const SECRET_NAME = /key|token|secret|password|authorization|credential/i;

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (held, key) =>
      typeof held === 'object' && held !== null
        ? Object.getOwnPropertyDescriptor(held, key)?.value
        : undefined,
    value,
  );
}

/** ` (given 0)` of the value at a path; of a list or an object only what it is, and nothing of what may be secret. Empty where nothing was given. */
export function givenAt(given: unknown, path: readonly PropertyKey[]): string {
  const value = valueAt(given, path);
  if (value === undefined) return '';
  if (typeof value === 'string') {
    if (path.some((key) => SECRET_NAME.test(String(key)))) return '';
    const isShown = value.length <= MAX_SHOWN_CHARS;
    const shown = `"${cleanText(redactText(value, []), MAX_SHOWN_CHARS)}"`;
    return ` (given ${isShown ? shown : `a text of ${value.length} characters`})`;
  }
  if (Array.isArray(value)) return ` (given a list of ${value.length})`;
  const isPlain = typeof value === 'number' || typeof value === 'boolean' || value === null;
  return ` (given ${isPlain ? `${value}` : 'an object'})`;
}

/**
 * Sorts the issues of a failed parse of `given` into unknown keys and other faults with the value that is wrong, unions
 * resolved to their closest branch.
 */
export function describeIssues(issues: readonly Issue[], given: unknown): IssueReport {
  const flat = issues.flatMap((issue) => flatten(issue, []));
  const unknownKeys = flat.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => pathText([...issue.path, key]))
      : [],
  );
  const faults = flat
    .filter((issue) => issue.code !== 'unrecognized_keys')
    .map(({ path, message }) => `${pathText(path)}: ${message}${givenAt(given, path)}`);
  return { unknownKeys: [...new Set(unknownKeys)], faults: [...new Set(faults)] };
}
