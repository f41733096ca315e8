import { parse, YAMLParseError } from 'yaml';
import { InvalidInputError } from '../errors.ts';
import { parseWith } from '../parse.ts';
import { isConversation, WorkloadSpec } from './workload.ts';

/**
 * Reads a workload file. `name` is the file, for messages.
 * Throws: InvalidInputError `E_WORKLOAD` naming file and line, or file and field.
 */
export function parseWorkload(text: string, name: string): WorkloadSpec {
  return checkWorkload(readYaml(text, name), name);
}

/** The same for a workload that is no text any more. Throws: InvalidInputError `E_WORKLOAD`. */
export function checkWorkload(value: unknown, name: string): WorkloadSpec {
  const spec = parseWith(WorkloadSpec, value, {
    name: `The workload ${name}`,
    code: 'E_WORKLOAD',
    fix: 'Correct the named fields; mcp-server/workloads/chat.yaml is a complete example.',
  });
  if (spec.tokenIds === true && (spec.api === 'chat' || spec.components.some(isConversation))) {
    throw new InvalidInputError(
      `The workload ${name} is not valid: tokenIds: prompts as token ids need single turns of the completions API.`,
      {
        code: 'E_WORKLOAD',
        fix: 'Set api to completions and leave turns out, or leave tokenIds out.',
      },
    );
  }
  for (const [index, component] of spec.components.entries()) {
    for (const field of ['inputTokens', 'outputTokens'] as const) {
      const length = component[field];
      if (typeof length === 'number' || !('min' in length) || length.min <= length.max) continue;
      throw new InvalidInputError(
        `The workload ${name} is not valid: components.${index}.${field}: min ${length.min} is above max ${length.max}.`,
        { code: 'E_WORKLOAD', fix: 'Write the smaller number as min.' },
      );
    }
  }
  return spec;
}

function readYaml(text: string, name: string): unknown {
  try {
    return parse(text, { maxAliasCount: 20 });
  } catch (error) {
    const line = error instanceof YAMLParseError ? (error.linePos?.[0].line ?? null) : null;
    throw new InvalidInputError(
      `The workload ${name} is not YAML${line === null ? '' : ` (line ${line})`}.`,
      { code: 'E_WORKLOAD', fix: 'Correct the syntax at that line.', cause: error },
    );
  }
}
