import type { SimConfig } from '../config.ts';
import type { Observer } from '../observer.ts';
import { metricRecords, spanRecords } from './metric-records.ts';
import { profileRecords, type ToNs, type Window } from './profile-records.ts';

export interface ContextQuery {
  readonly config: SimConfig;
  readonly observer: Observer;
  readonly window: Window;
  readonly toNs: ToNs;
}

const GUIDE = `# Signals (SIMULATED)

Profiles carry calls (ncalls) and inclusive time (cumtime, ns) per operation and time bucket. Metrics are gauges,
increases per tick, or summaries with cumulative count and sum. Spans are a sample of requests.
`;

function pythonText(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function engineResource({ config, window, toNs }: ContextQuery): Record<string, unknown> {
  const attributes = Object.entries(config.effective).flatMap(([key, value]) =>
    value === null || key === 'api_key'
      ? []
      : [[`${config.engine}.startup.${key}`, pythonText(value)]],
  );
  return {
    kind: 'engine',
    tags: { 'engine.name': config.engine, 'engine.version': config.version, simulated: 'true' },
    attributes: Object.fromEntries(attributes),
    first_seen_ts: toNs(0),
    last_seen_ts: toNs(window.toMs),
  };
}

/** Answer of a profiler about a window: guide text and one fenced JSON block. Empty when: nothing ran in it. */
export function profilerContextText(query: ContextQuery): string {
  const { config, observer, window, toNs } = query;
  const steps = observer.steps(window.fromMs, window.toMs);
  const finished = observer.finished(window.fromMs, window.toMs);
  if (steps.length === 0 && finished.length === 0) return '';
  const parts = { config, toNs };
  const context = {
    available_tags: { 'engine.name': [config.engine], 'host.name': ['simulated'] },
    resources: [engineResource(query)],
    metrics: metricRecords({ steps, finished }, window, parts),
    profiles: profileRecords(steps, window, parts),
    spans: spanRecords(finished, parts),
    logs: [],
    issues: [],
  };
  return `${GUIDE}\n\`\`\`json\n${JSON.stringify(context)}\n\`\`\`\n`;
}
