import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Project } from '../e2e/harness.ts';

/** A contract for a small engine on the processor of this machine: no price, a handful of short requests. */
export function cpuContract(terms: {
  readonly model: string;
  readonly inputTokens: number;
  readonly minContextTokens: number;
}): Record<string, unknown> {
  return {
    version: 1,
    terms: {
      model: { id: terms.model },
      backend: 'local',
      serviceFile: 'dstack-baseline.yml',
      objective: { metric: 'outputTokensPerS', direction: 'maximise', minEffectRatio: 0.05 },
      workload: { id: 'cpu', components: [{ inputTokens: terms.inputTokens, outputTokens: 8 }] },
      loadPoints: [{ kind: 'closed', concurrency: 2, requests: 8 }],
      seeds: { search: 11, confirm: 1011 },
      allowedHardware: [{ gpu: 'cpu', count: 0 }],
      minContextTokens: terms.minContextTokens,
    },
    budget: {
      maxTotalUsd: 0,
      maxUsdPerHour: 0,
      maxUsdPerTrial: 0,
      maxDeployments: 4,
      maxWallHours: 1,
      maxMinutesPerTrial: 10,
      maxMinutesToReady: 5,
    },
  };
}

/** A project folder whose service runs `commands` in one shell, the engine last. */
export function makeCpuProject(
  contract: Record<string, unknown>,
  service: {
    readonly commands: readonly string[];
    readonly port: number;
    readonly model: string;
    readonly env: readonly string[];
  },
): Project {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'autodebug-cpu-')));
  const file = {
    type: 'service',
    name: 'cpu-service',
    ...service,
    probes: [{ type: 'http', url: '/health', interval: '5s', until_ready: true }],
    resources: { cpu: '2..', memory: '4GB..' },
  };
  writeFileSync(join(dir, 'dstack-baseline.yml'), stringify(file));
  writeFileSync(join(dir, 'contract.yml'), stringify(contract));
  return {
    dir,
    sessionsDir: join(dir, 'sessions'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
