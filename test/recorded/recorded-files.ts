import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../fixtures/recorded/', import.meta.url);

/** What a real engine printed or answered, e.g. `vllm/metrics-idle.txt`. */
export const recorded = (path: string): string =>
  readFileSync(fileURLToPath(new URL(path, FOLDER)), 'utf8');

/** A recorded answer with its status. */
export const recordedAnswer = (path: string): { status: number; body: Record<string, unknown> } =>
  JSON.parse(recorded(path));
