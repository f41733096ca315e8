import type { Deploy } from './ports/deploy.ts';
import type { LoadGenerator } from './ports/load-generator.ts';
import type { ProcessRunner } from './ports/process-runner.ts';
import type { Telemetry } from './ports/telemetry.ts';

// Clients wait for tools/list before anything else, so heavy adapters are loaded when they are first used.

function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loaded: Promise<Value> | null = null;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

export function lazyRunner(load: () => Promise<ProcessRunner>): ProcessRunner {
  const runner = once(load);
  return { run: async (request) => (await runner()).run(request) };
}

export function lazyLoad(load: () => Promise<LoadGenerator>): LoadGenerator {
  const generator = once(load);
  return {
    run: async (request, options) => (await generator()).run(request, options),
    complete: async (request, signal) => (await generator()).complete(request, signal),
  };
}

export function lazyTelemetry(load: () => Promise<Telemetry>): Telemetry {
  const telemetry = once(load);
  return {
    scrapeMetrics: async (endpoint, signal) => (await telemetry()).scrapeMetrics(endpoint, signal),
    serverInfo: async (endpoint, signal) => (await telemetry()).serverInfo(endpoint, signal),
    profilerContext: async (window, options) =>
      (await telemetry()).profilerContext(window, options),
    profilerStatus: async (signal) => (await telemetry()).profilerStatus(signal),
  };
}

export function lazyDeploy(
  facts: Pick<Deploy, 'backend' | 'paid'>,
  load: () => Promise<Deploy>,
): Deploy {
  const deploy = once(load);
  return {
    ...facts,
    checkSetup: async (request, signal) => (await deploy()).checkSetup(request, signal),
    plan: async (request, signal) => (await deploy()).plan(request, signal),
    start: async (request, signal) => (await deploy()).start(request, signal),
    roomForSecond: async (running, signal) => (await deploy()).roomForSecond(running, signal),
    status: async (handle, signal) => (await deploy()).status(handle, signal),
    logs: async (handle, options) => (await deploy()).logs(handle, options),
    stop: async (handle, signal) => (await deploy()).stop(handle, signal),
    find: async (request, signal) => (await deploy()).find(request, signal),
    releaseSession: async (sessionId, signal) => (await deploy()).releaseSession(sessionId, signal),
    authHeaders: async (endpoint) => (await deploy()).authHeaders(endpoint),
  };
}
