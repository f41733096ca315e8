import { z } from 'zod';
import { cleanText, redactText } from '../../../core/redact.ts';
import type { DstackCli } from './cli.ts';
import type { DstackRest } from './rest.ts';
import type { Run } from './run-json.ts';

const Page = z.looseObject({
  logs: z.array(z.looseObject({ message: z.string() })),
  next_token: z.string().nullish(),
});

const PAGE_LINES = 1000;
/** 50 MB an hour is the most that dstack keeps; a page is some 100 KB. Source: dstack, log quota. */
const MAX_PAGES = 600;

export interface LogSource {
  readonly cli: DstackCli;
  readonly rest: DstackRest;
  readonly run: Run;
  readonly project: string;
  readonly secrets: readonly string[];
}

/** Output of every submission of every job in order, the last `maxBytes` from a line's start, redacted. */
export async function readLogs(
  source: LogSource,
  options: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<string> {
  const secrets = [...source.secrets, ...envSecrets(source.run)];
  let text = '';
  for (const id of submissionIds(source.run)) {
    const polled = await pollLogs(source, id, options);
    if (polled === null) {
      text = await cliLogs(source, options.signal);
      break;
    }
    text += polled;
  }
  return tailOf(redactText(cleanText(text, Number.MAX_SAFE_INTEGER), secrets), options.maxBytes);
}

function submissionIds(run: Run): readonly string[] {
  return run.jobs.flatMap(({ job_submissions: submissions }) => submissions.map(({ id }) => id));
}

/** Null when: the server does not answer with logs. */
async function pollLogs(
  source: LogSource,
  submissionId: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<string | null> {
  let text = '';
  let token: string | null = null;
  for (let page = 0; page < MAX_PAGES && !signal.aborted; page += 1) {
    const read = await readPage(source, { submissionId, token }, signal);
    if (read === null) return page === 0 ? null : text;
    text = (text + decodeLines(read.logs)).slice(-2 * maxBytes);
    if (read.next === null || read.next === token) return text;
    token = read.next;
  }
  return text;
}

async function readPage(
  { rest, run, project }: LogSource,
  at: { readonly submissionId: string; readonly token: string | null },
  signal: AbortSignal,
): Promise<{
  readonly logs: readonly { readonly message: string }[];
  readonly next: string | null;
} | null> {
  const body = {
    run_name: run.run_spec.run_name,
    job_submission_id: at.submissionId,
    descending: false,
    limit: PAGE_LINES,
    ...(at.token === null ? {} : { next_token: at.token }),
  };
  const path = `/api/project/${encodeURIComponent(project)}/logs/poll`;
  const answer = await rest.post(path, body, signal);
  if (answer.kind !== 'ok') return null;
  const page = Page.safeParse(answer.value);
  return page.success ? { logs: page.data.logs, next: page.data.next_token ?? null } : null;
}

/** Messages are base64 of raw bytes; a character may be cut between two of them. */
function decodeLines(lines: readonly { readonly message: string }[]): string {
  return Buffer.concat(lines.map(({ message }) => Buffer.from(message, 'base64'))).toString('utf8');
}

async function cliLogs({ cli, run, project }: LogSource, signal: AbortSignal): Promise<string> {
  const result = await cli.call({
    args: ['logs', run.run_spec.run_name ?? '', '--project', project],
    signal,
  });
  return result.exitCode === 0 ? result.stdout : '';
}

function tailOf(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const tail = bytes.subarray(bytes.length - maxBytes).toString('utf8');
  const line = tail.indexOf('\n');
  return line === -1 ? tail : tail.slice(line + 1);
}

const SECRET_NAME = /TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH/i;

/** Values that dstack gives back in clear under names that mean a secret. */
export function envSecrets(run: Run): readonly string[] {
  const pairs = run.jobs.flatMap(({ job_spec: spec }) => Object.entries(spec.env ?? {}));
  return pairs.flatMap(([name, value]) =>
    SECRET_NAME.test(name) && typeof value === 'string' ? [value] : [],
  );
}
