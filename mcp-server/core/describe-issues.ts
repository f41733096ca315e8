import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** What is wrong with an argument list, split by what the caller has to do. */
export interface IssueReport {
  /** Keys that the schema does not have, with the place where they stand, e.g. `changes.0.vlaue`. */
  readonly unknownKeys: readonly string[];
  /** Other faults, e.g. `changes.0.flag: Invalid input: expected string, received number`. */
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

/** Sorts the issues of a failed parse into unknown keys and other faults, unions resolved to their closest branch. */
export function describeIssues(issues: readonly Issue[]): IssueReport {
  const flat = issues.flatMap((issue) => flatten(issue, []));
  const unknownKeys = flat.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => pathText([...issue.path, key]))
      : [],
  );
  const faults = flat
    .filter((issue) => issue.code !== 'unrecognized_keys')
    .map((issue) => `${pathText(issue.path)}: ${issue.message}`);
  return { unknownKeys: [...new Set(unknownKeys)], faults: [...new Set(faults)] };
}
