import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { COMMANDS } from '../../mcp-server/commands.ts';
import { WorkloadSpec } from '../../mcp-server/core/workload/workload.ts';
import { ENGINES } from '../../mcp-server/engines/index.ts';
import { TOOLS } from '../../mcp-server/tools/index.ts';
import { ROOT } from '../e2e/harness.ts';

const files = (folder: string): string[] =>
  readdirSync(join(ROOT, 'mcp-server', folder)).filter((name) => !name.startsWith('.'));

/** The whole face, by name: a client's permission rules and people's habits hang on these. */
const TOOL_NAMES = [
  'check_setup',
  'open_session',
  'get_status',
  'plan_trial',
  'deploy',
  'benchmark',
  'wait_job',
  'cancel_job',
  'fetch_logs',
  'fetch_telemetry',
  'compute_metrics',
  'diagnose',
  'suggest_trials',
  'check_quality',
  'judge_trial',
  'write_session',
  'confirm_best',
  'promote',
  'export_report',
  'stop_deployments',
];

describe('the registries', () => {
  test('hold the twenty tools and no other', () => {
    expect(new Set(TOOLS.map((tool) => tool.name))).toEqual(new Set(TOOL_NAMES));
    expect(TOOLS).toHaveLength(20);
  });

  test('hold every file of tools/, named after its tool', () => {
    const named = TOOLS.map((tool) => `${tool.name.replaceAll('_', '-')}.ts`);
    expect(new Set(files('tools'))).toEqual(new Set([...named, 'index.ts']));
  });

  test('hold every engine folder', () => {
    const folders = readdirSync(join(ROOT, 'mcp-server', 'engines'), {
      withFileTypes: true,
    }).filter((entry) => entry.isDirectory());
    expect(new Set(folders.map((entry) => entry.name))).toEqual(new Set(Object.keys(ENGINES)));
  });

  test('offer every command that the manual names', () => {
    for (const command of [
      'mcp',
      'init',
      'rehearse',
      'demo',
      'run',
      'bench',
      'status',
      'doctor',
      'report',
      'verify',
      'hook',
      'stop',
    ]) {
      expect(Object.keys(COMMANDS)).toContain(command);
    }
  });

  test.each(files('workloads'))('hold a valid workload named like its file: %s', (name) => {
    const spec = WorkloadSpec.parse(
      parse(readFileSync(join(ROOT, 'mcp-server', 'workloads', name), 'utf8')),
    );
    expect(`${spec.id}.yaml`).toBe(name);
    expect(spec.description).not.toBe('');
  });
});

describe.each(TOOLS.map((tool) => [tool.name, tool] as const))(
  'the definition of %s',
  (name, tool) => {
    test('has a title, all four hints, and a description whose first sentence stands alone', () => {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(name.length).toBeLessThanOrEqual(30);
      expect(tool.title.length).toBeGreaterThan(3);
      expect(tool.description.length).toBeLessThanOrEqual(600);
      expect(tool.description).toMatch(/^[A-Z][^.]*[.]/);
      for (const hint of ['readOnly', 'destructive', 'idempotent', 'openWorld'] as const)
        expect(typeof tool.hints[hint]).toBe('boolean');
    });

    test('has closed input and no schema that a client cannot read', () => {
      expect(tool.inputSchema['additionalProperties']).toBe(false);
      const text = JSON.stringify([tool.inputSchema, tool.outputSchema]);
      for (const keyword of ['"$ref"', '"prefixItems"', '"$defs"'])
        expect(text).not.toContain(keyword);
      for (const key of Object.keys((tool.inputSchema['properties'] ?? {}) as object))
        expect(key).toMatch(/^[a-z]+(_[a-z]+)*$/);
    });
  },
);
