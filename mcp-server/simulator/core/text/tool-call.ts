import { z } from 'zod';

const Tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string(),
    parameters: z
      .looseObject({
        properties: z.record(z.string(), z.unknown()).default({}),
        required: z.array(z.string()).default([]),
      })
      .default({ properties: {}, required: [] }),
  }),
});

export interface ToolCallText {
  readonly name: string;
  readonly arguments: string;
}

/** Value of an argument by its name and the question: a place after "in", a number, or a quoted text. */
function argumentValue(name: string, question: string): string | number {
  const place = /\b(?:in|for|at) (\p{Lu}[\p{L} -]*?)(?= now| today|[?.,!]|$)/u.exec(question)?.[1];
  if (/city|place|location|town/i.test(name) && place !== undefined) return place;
  const number = /-?\d+(?:\.\d+)?/.exec(question)?.[0];
  if (number !== undefined) return Number(number);
  return place ?? /["'“]([^"'”]+)["'”]/.exec(question)?.[1] ?? '';
}

/** The call of a tool that the question asks for by name or by its words. Null when: none is asked for. */
export function chooseToolCall(tools: readonly unknown[], question: string): ToolCallText | null {
  const known = tools.flatMap((tool) => {
    const parsed = Tool.safeParse(tool);
    return parsed.success ? [parsed.data.function] : [];
  });
  const lower = question.toLowerCase();
  const chosen =
    known.find((tool) => lower.includes(tool.name.toLowerCase())) ??
    known.find((tool) =>
      tool.name
        .toLowerCase()
        .split(/[_-]/)
        .some((word) => word.length > 4 && lower.includes(word)),
    );
  if (chosen === undefined) return null;
  const names = Object.keys(chosen.parameters.properties).filter((name) =>
    chosen.parameters.required.includes(name),
  );
  const values = Object.fromEntries(names.map((name) => [name, argumentValue(name, question)]));
  return { name: chosen.name, arguments: JSON.stringify(values) };
}
