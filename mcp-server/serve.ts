import type { Writable } from 'node:stream';
import { collectGarbageRegularly } from './adapters/process/collect-garbage.ts';
import { watchSessions } from './app/watch-sessions.ts';
import type { Composition } from './compose.ts';
import { redactText } from './core/redact.ts';
import { connectStdio, createServer } from './server.ts';
import { TOOLS } from './tools/index.ts';

/** Behind the first tools/list of any client. Source: own measurement, the 700 ms that docs/figures.md holds. */
const WARM_UP_AFTER_MS = 700;
/** What is not done by then is left to the next start. Source: agent hosts kill a server 400 ms after closing stdin. */
const EXIT_WITHIN_MS = 300;

/** Serves MCP on stdin and the given stream until the client goes away or a signal comes. */
export async function serveMcp(composition: Composition, protocolOut: Writable): Promise<void> {
  const { app, secrets } = composition;
  let lastActivityMs = app.clock.monotonicMs();
  const server = createServer({
    app,
    tools: TOOLS,
    secrets,
    onBug: (stack) => process.stderr.write(`autodebug: ${stack}\n`),
    onActivity: () => {
      lastActivityMs = app.clock.monotonicMs();
    },
  });
  const stop = new AbortController();
  const say = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`autodebug: ${redactText(text, secrets)}\n`);
  };
  const end = (code: number): void => {
    if (stop.signal.aborted) return;
    stop.abort();
    setTimeout(() => process.exit(code), EXIT_WITHIN_MS);
    app.sessions.close().then(
      () => process.exit(code),
      () => process.exit(code),
    );
  };
  for (const event of ['end', 'close'] as const) process.stdin.on(event, () => end(0));
  process.on('SIGINT', () => end(0));
  process.on('SIGTERM', () => end(0));
  process.stdout.on('error', () => end(0));
  process.on('unhandledRejection', say);
  process.on('uncaughtException', (error) => {
    say(error);
    end(1);
  });
  void watchSessions({
    app,
    lastActivityMs: () => lastActivityMs,
    signal: stop.signal,
    onError: say,
  });
  collectGarbageRegularly();
  await connectStdio(server, protocolOut);
  // A long ledger takes a while to read; the first get_status should not be the one that waits for it.
  setTimeout(() => void app.sessions.read().catch(() => undefined), WARM_UP_AFTER_MS).unref();
}
