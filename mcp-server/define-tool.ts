import { z } from 'zod';
import type { Answer, App, Call } from './app/app.ts';
import { describeIssues } from './core/describe-issues.ts';
import { AutodebugError, InvalidInputError, InvariantError } from './core/errors.ts';
import { SessionId } from './core/ledger/ids.ts';
import { NextStep } from './core/next-step/step.ts';
import { isRecord } from './core/parse.ts';
import { cleanText } from './core/redact.ts';

interface ToolHints {
  readonly readOnly: boolean;
  readonly destructive: boolean;
  readonly idempotent: boolean;
  readonly openWorld: boolean;
}

/** What every tool also takes. */
const CommonInput = z.object({
  session_id: SessionId.optional().describe('Session; default: the open one.'),
});

/** What every tool also answers. */
const CommonOutput = z.object({
  summary: z.string(),
  warnings: z.array(z.string()),
  next: NextStep.nullable(),
});

export interface ToolSpec<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** At most 600 characters; the first sentence stands alone. */
  readonly description: string;
  /** Give `z.strictObject({...})`; `session_id` is added. */
  readonly input: Input;
  /** Give `z.object({...})`; `summary`, `warnings` and `next` are added, keys it does not name are dropped. */
  readonly output: Output;
  readonly hints: ToolHints;
  readonly handler: (
    app: App,
    args: z.output<Input> & { readonly session_id?: string | undefined },
    call: Call,
  ) => Promise<Answer & DeepReadonly<z.input<Output>>>;
}

/** The same shape with everything in it read-only, so that a use-case may answer with what it holds. */
type DeepReadonly<Type> = Type extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Type extends object
    ? { readonly [Key in keyof Type]: DeepReadonly<Type[Key]> }
    : Type;

/** What a call comes to. Errors carry text only: clients show nothing else of them. */
export type ToolReply =
  | {
      readonly isError: false;
      readonly text: string;
      readonly structured: Readonly<Record<string, unknown>>;
    }
  | {
      readonly isError: true;
      readonly text: string;
      readonly code: string;
      /** Stack of a bug, for stderr; never for the caller. */
      readonly stack?: string;
    };

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly hints: ToolHints;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema: Readonly<Record<string, unknown>>;
  /** Never rejects: whatever goes wrong becomes an error reply. */
  call(app: App, args: unknown, call: Call): Promise<ToolReply>;
}

/** A tool whose arguments, answer and errors are checked here, in one place. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  spec: ToolSpec<Input, Output>,
): Tool {
  const input = spec.input.extend(CommonInput.shape).strict();
  const output = spec.output.extend(CommonOutput.shape).strip();
  let schemas: Pick<Tool, 'inputSchema' | 'outputSchema'> | null = null;
  const readSchemas = (): Pick<Tool, 'inputSchema' | 'outputSchema'> => {
    schemas ??= { inputSchema: toSchema(input, 'input'), outputSchema: toOutputSchema(output) };
    return schemas;
  };
  return {
    name: spec.name,
    title: spec.title,
    description: spec.description,
    hints: spec.hints,
    get inputSchema() {
      return readSchemas().inputSchema;
    },
    get outputSchema() {
      return readSchemas().outputSchema;
    },
    call: async (app, args, call) => {
      try {
        const given = args ?? {};
        checkArguments(input, given, spec.name);
        const { session_id: sessionId } = CommonInput.parse(given);
        const own = spec.input.parse(withoutSession(given));
        const answer = await spec.handler(app, { ...own, session_id: sessionId }, call);
        return successReply(output, answer, spec.name);
      } catch (error) {
        return errorReply(error, app, spec.name);
      }
    },
  };
}

function toSchema(schema: z.ZodObject, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io });
  return json;
}

/** Bounds that our own check holds; a client needs the shape alone, and every definition costs its context. */
const OUTPUT_BOUNDS: ReadonlySet<string> = new Set([
  'additionalProperties',
  'maxItems',
  'maxLength',
  'maximum',
  'minItems',
  'minLength',
  'minimum',
  'pattern',
  'propertyNames',
]);

/** The shape of an answer, without bounds; only the top level says what is always there. */
function toOutputSchema(schema: z.ZodObject): Record<string, unknown> {
  const json = toSchema(schema, 'output');
  const shape = withoutBounds({ ...json, required: undefined });
  return { ...(isRecord(shape) ? shape : {}), required: json['required'] };
}

function withoutBounds(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutBounds);
  if (!isRecord(node)) return node;
  // Clients validate with older dialects too, which read a tuple's closing as "no element at all".
  const { prefixItems } = node;
  if (Array.isArray(prefixItems)) return { type: 'array', items: withoutBounds(prefixItems[0]) };
  const kept = Object.entries(node).filter(
    ([key, value]) => !OUTPUT_BOUNDS.has(key) && !(key === 'required' && Array.isArray(value)),
  );
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      // Below `properties` the keys are names of ours, whatever they are.
      key === 'properties' && isRecord(value)
        ? mapValues(value, withoutBounds)
        : withoutBounds(value),
    ]),
  );
}

function mapValues(
  record: Record<string, unknown>,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function withoutSession(args: unknown): unknown {
  if (typeof args !== 'object' || args === null) return args;
  return Object.fromEntries(Object.entries(args).filter(([key]) => key !== 'session_id'));
}

function checkArguments(schema: z.ZodObject, args: unknown, tool: string): void {
  const parsed = schema.safeParse(args);
  if (parsed.success) return;
  const report = describeIssues(parsed.error.issues, args);
  const valid = Object.keys(schema.shape).join(', ');
  if (report.unknownKeys.length > 0) {
    const keys = report.unknownKeys.slice(0, 8).map((key) => cleanText(key, 80));
    throw new InvalidInputError(
      `${tool} does not know the argument ${keys.map((key) => `"${key}"`).join(', ')}.`,
      {
        code: 'E_UNKNOWN_ARGUMENT',
        fix: `Leave it out or correct its name and call again. ${tool} takes: ${valid}.`,
      },
    );
  }
  const faults = report.faults.slice(0, 6).map((fault) => cleanText(fault, 300));
  throw new InvalidInputError(`${tool} was called with wrong arguments: ${faults.join('; ')}.`, {
    code: 'E_INVALID_ARGUMENT',
    fix: `Correct the named fields and call again. ${tool} takes: ${valid}.`,
  });
}

function successReply(output: z.ZodObject, answer: unknown, tool: string): ToolReply {
  const checked = output.safeParse(answer);
  if (!checked.success) {
    const faults = describeIssues(checked.error.issues, answer).faults.slice(0, 4).join('; ');
    throw new InvariantError(`${tool} produced an answer that breaks its own schema: ${faults}.`, {
      code: 'E_BUG',
      fix: 'Report this text; the state on disk is whole, get_status tells how to go on.',
    });
  }
  const common = CommonOutput.parse(checked.data);
  const { summary, warnings, next, ...rest } = checked.data;
  return {
    isError: false,
    structured: { summary, ...rest, warnings, next },
    text: answerText(common),
  };
}

/** The same facts as the structured answer's head, for clients that show text only. */
function answerText(answer: z.infer<typeof CommonOutput>): string {
  const lines = [answer.summary, ...answer.warnings.map((warning) => `Warning: ${warning}`)];
  if (answer.next !== null && answer.next.tool !== null) {
    lines.push(`Next: ${answer.next.tool} ${JSON.stringify(answer.next.args)}: ${answer.next.why}`);
  }
  return lines.join('\n');
}

function errorReply(error: unknown, app: App, tool: string): ToolReply {
  if (error instanceof AutodebugError) {
    return { isError: true, text: error.toText(), code: error.code };
  }
  const id = app.random.token(6);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    isError: true,
    code: 'E_BUG',
    stack: `bug ${id} in ${tool}: ${stack}`,
    text: `E_BUG: ${tool} failed in a way that it should not (bug ${id}; the stack is on stderr). Fix: call get_status and go on from there; report the stack.`,
  };
}
