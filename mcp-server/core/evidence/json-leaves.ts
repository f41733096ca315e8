import { isRecord } from '../parse.ts';
import type { FoundValue } from './citation-types.ts';

export interface Leaf {
  /** Keys and indices from the root, joined with dots. */
  readonly path: string;
  /** Names that the leaf answers to beside its path: its key, and those of the records around it. */
  readonly names: readonly string[];
  readonly value: FoundValue;
}

/** Most leaves that are read of one artefact. Source: own reasoning, above a full profile of a minute. */
const MAX_LEAVES = 500_000;
const MAX_DEPTH = 40;

interface Place {
  readonly path: string;
  readonly key: string;
  readonly owners: readonly string[];
  readonly depth: number;
}

/** Every number and short text of a JSON value with the names it answers to. */
export function jsonLeaves(value: unknown): readonly Leaf[] {
  const leaves: Leaf[] = [];
  walk(value, { path: '', key: '', owners: [], depth: 0 }, leaves);
  return leaves;
}

function walk(value: unknown, place: Place, into: Leaf[]): void {
  if (into.length >= MAX_LEAVES || place.depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      walk(item, inner(place, String(index), place.owners), into);
    });
    return;
  }
  if (isRecord(value)) {
    walkRecord(value, place, into);
    return;
  }
  const leaf = leafOf(value);
  if (leaf !== null) into.push({ path: place.path, names: namesOf(place), value: leaf });
}

function walkRecord(record: Record<string, unknown>, place: Place, into: Leaf[]): void {
  const own = recordNames(record);
  const owners = own.length === 0 ? place.owners : own;
  const pair = record['key'];
  for (const [key, item] of Object.entries(record)) {
    const name = key === 'value' && typeof pair === 'string' ? pair : key;
    walk(item, { ...inner(place, name, owners), path: join(place.path, key) }, into);
  }
}

function inner(place: Place, key: string, owners: readonly string[]): Place {
  const isIndex = /^\d+$/.test(key);
  return {
    path: join(place.path, key),
    key: isIndex ? place.key : key,
    owners,
    depth: place.depth + 1,
  };
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** Names of a record: `name`, `op_name` with and without its `category`. */
function recordNames(record: Record<string, unknown>): readonly string[] {
  const text = (key: string): string | null => {
    const value = record[key];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const op = text('op_name');
  const category = text('category');
  const name = text('name');
  return [
    ...(name === null ? [] : [name]),
    ...(op === null ? [] : [op]),
    ...(op === null || category === null ? [] : [`${category}.${op}`]),
  ];
}

function namesOf({ key, owners }: Place): readonly string[] {
  return [key, ...owners, ...owners.map((owner) => `${owner}.${key}`)].filter(
    (name) => name !== '',
  );
}

function leafOf(value: unknown): FoundValue | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'string' || value.length > 300) return null;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : value;
}
