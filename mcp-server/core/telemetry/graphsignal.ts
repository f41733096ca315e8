import { isRecord } from '../parse.ts';
import { extractValues } from './embedded-json.ts';
import { detectGeneration } from './graphsignal-generation.ts';
import {
  readLog,
  readMetric,
  readOperation,
  readProfile,
  readResource,
  readSpan,
  shapeOf,
} from './graphsignal-records.ts';
import type { ContextRecords, ProfilerContext } from './graphsignal-types.ts';
import { looseText } from './loose-values.ts';

/** Most records of each kind, and most nodes looked at. Source: own reasoning; a ten-minute window holds some thousand. */
const MAX_RECORDS = 20_000;
const MAX_NODES = 2_000_000;
const MAX_TAG_VALUES = 100;

interface Walk {
  readonly records: ContextRecords;
  readonly dropped: Map<string, number>;
  readonly availableTags: Map<string, readonly string[]>;
  readonly topKeys: Set<string>;
  nodes: number;
}

interface Node {
  readonly value: unknown;
  readonly name: string;
  readonly depth: number;
}

/**
 * Reads a profiler answer of any known layout: JSON, text with JSON in it, a Python literal. Records are told by
 * their shape, so unknown wrappers do no harm. Never throws. Source: Graphsignal profilers 0.19, 0.20, 1.0; the layout
 * of the hosted answer is partly guessed, so nothing here depends on where a record stands.
 */
export function parseProfilerContext(text: string): ProfilerContext {
  const extracted = extractValues(text);
  const walk: Walk = {
    records: { metrics: [], operations: [], spans: [], logs: [], resources: [] },
    dropped: new Map(),
    availableTags: new Map(),
    topKeys: new Set(),
    nodes: 0,
  };
  for (const value of extracted.values) walkTree(value, walk);
  const lines = extracted.values.length === 0 ? scanLines(extracted.leftOver) : [];
  for (const { name, value } of lines) add(walk, 'metrics', lineMetric(name, value));
  return {
    ...walk.records,
    generation: detectGeneration(walk.records, walk.topKeys),
    layout: extracted.layout,
    availableTags: Object.fromEntries(walk.availableTags),
    guideText: extracted.leftOver,
    points: countPoints(walk.records),
    dropped: Object.fromEntries(walk.dropped),
  };
}

function walkTree(root: unknown, walk: Walk): void {
  const stack: Node[] = [{ value: root, name: '', depth: 0 }];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    walk.nodes += 1;
    if (walk.nodes > MAX_NODES) {
      count(walk, 'nodes');
      return;
    }
    if (Array.isArray(node.value)) pushItems(node, stack);
    else if (isRecord(node.value)) visitRecord(node.value, node, { walk, stack });
  }
}

function pushItems(node: Node, stack: Node[]): void {
  if (!Array.isArray(node.value)) return;
  for (let at = node.value.length - 1; at >= 0; at -= 1) {
    const item: unknown = node.value[at];
    if (typeof item === 'object' && item !== null) {
      stack.push({ value: item, name: node.name, depth: node.depth + 1 });
    }
  }
}

function visitRecord(
  record: Readonly<Record<string, unknown>>,
  node: Node,
  to: { readonly walk: Walk; readonly stack: Node[] },
): void {
  const shape = shapeOf(record);
  if (shape !== null) {
    addRecord(record, { shape, name: node.name }, to.walk);
    return;
  }
  for (const [key, value] of Object.entries(record).toReversed()) {
    if (node.depth <= 1) to.walk.topKeys.add(key);
    if (key === 'available_tags') readAvailableTags(value, to.walk);
    else if (typeof value === 'string' && isEmbedded(key, value))
      pushEmbedded(value, node, to.stack);
    else if (typeof value === 'object' && value !== null) {
      to.stack.push({ value, name: key, depth: node.depth + 1 });
    }
  }
}

/** Wrappers may carry their content as text once more. */
function isEmbedded(key: string, value: string): boolean {
  return (key === 'context' || key === 'signals') && /[[{]/.test(value);
}

function pushEmbedded(text: string, node: Node, stack: Node[]): void {
  if (node.depth > 3) return;
  for (const value of extractValues(text).values) {
    stack.push({ value, name: '', depth: node.depth + 1 });
  }
}

function addRecord(
  record: Readonly<Record<string, unknown>>,
  found: { readonly shape: NonNullable<ReturnType<typeof shapeOf>>; readonly name: string },
  walk: Walk,
): void {
  switch (found.shape) {
    case 'span':
      return add(walk, 'spans', readSpan(record));
    case 'profile':
      for (const operation of readProfile(record, found.name)) add(walk, 'operations', operation);
      return;
    case 'operation':
      return add(walk, 'operations', readNamedOperation(record, found.name));
    case 'metric':
      return add(walk, 'metrics', readMetric(record, found.name));
    case 'log':
      return add(walk, 'logs', readLog(record));
    case 'resource':
      return add(walk, 'resources', readResource(record));
  }
}

/** An operation may be keyed by `<category>.<op_name>`. */
function readNamedOperation(record: Readonly<Record<string, unknown>>, key: string) {
  const operation = readOperation(record, { profile: '', category: '' });
  if (operation.name !== '') return operation;
  const parts = /^(\w+\.\w+)\.(.+)$/.exec(key);
  return { ...operation, category: parts?.[1] ?? '', name: looseText(parts?.[2] ?? key, 300) };
}

function add<Kind extends keyof ContextRecords>(
  walk: Walk,
  kind: Kind,
  record: ContextRecords[Kind][number],
): void {
  const list: ContextRecords[Kind][number][] = walk.records[kind];
  if (list.length < MAX_RECORDS) list.push(record);
  else count(walk, kind);
}

function count(walk: Walk, kind: string): void {
  walk.dropped.set(kind, (walk.dropped.get(kind) ?? 0) + 1);
}

function readAvailableTags(value: unknown, walk: Walk): void {
  if (!isRecord(value)) return;
  for (const [key, items] of Object.entries(value).slice(0, MAX_TAG_VALUES)) {
    const texts = (Array.isArray(items) ? items : [items]).slice(0, MAX_TAG_VALUES);
    walk.availableTags.set(
      looseText(key, 100),
      texts.map((item) => looseText(item, 250)),
    );
  }
}

function countPoints(records: ContextRecords): number {
  let points = records.spans.length;
  for (const metric of records.metrics) points += metric.points.length;
  for (const operation of records.operations) points += operation.points;
  return points;
}

const KNOWN_NAME =
  /\b((?:sglang|vllm|gpu|process|host|pytorch|llamacpp|span)[.:][A-Za-z_][\w.:]*)\b[^\d\n-]{0,20}(-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)/gi;

/** Last resort for text without any block: known names that are followed by a number. */
function scanLines(text: string): readonly { readonly name: string; readonly value: number }[] {
  return [...text.matchAll(KNOWN_NAME)].flatMap((match) => {
    const value = Number((match[2] ?? '').replaceAll(',', ''));
    return match[1] === undefined || Number.isNaN(value) ? [] : [{ name: match[1], value }];
  });
}

function lineMetric(name: string, value: number) {
  return {
    name,
    type: '',
    unit: '',
    tags: {},
    points: [{ atMs: null, value, count: null, sum: null }],
  };
}
