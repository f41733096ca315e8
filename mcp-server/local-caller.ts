import type { ToolCaller } from './app/autopilot.ts';
import { watchSessions } from './app/watch-sessions.ts';
import type { Composition } from './compose.ts';
import { redactText } from './core/redact.ts';
import { TOOLS } from './tools/index.ts';

/** Calls tools in this process, with the same checks and the same watch over sessions as the server. */
export function createLocalCaller(composition: Composition): {
  readonly callTool: ToolCaller;
  readonly close: () => Promise<void>;
} {
  const { app, secrets } = composition;
  const ended = new AbortController();
  void watchSessions({
    app,
    lastActivityMs: () => app.clock.monotonicMs(),
    signal: ended.signal,
    onError: () => undefined,
  });
  return {
    callTool: async (name, args) => {
      const tool = TOOLS.find((candidate) => candidate.name === name);
      if (tool === undefined) {
        return { ok: false, text: `E_UNKNOWN_TOOL: there is no tool ${name}.` };
      }
      const call = { signal: ended.signal, onProgress: () => undefined };
      const reply = await tool.call(app, args, call);
      if (!reply.isError) return { ok: true, data: reply.structured };
      if (reply.stack !== undefined) {
        process.stderr.write(`autodebug: ${redactText(reply.stack, secrets)}\n`);
      }
      return { ok: false, text: redactText(reply.text, secrets) };
    },
    close: async () => {
      ended.abort();
      for (const writer of app.sessions.writers()) {
        for (const job of app.jobs.running()) {
          await app.jobs.cancel(writer, job).catch(() => undefined);
        }
      }
      await app.sessions.close();
    },
  };
}
