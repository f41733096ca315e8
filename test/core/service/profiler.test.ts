import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasProfiler, withoutProfiler } from '../../../mcp-server/core/service/profiler.ts';
import { parseServiceFile } from '../../../mcp-server/core/service/service-file.ts';
import { refusal } from '../../fakes/refusal.ts';

const BASELINE = readFileSync(new URL('../../../dstack-baseline.yml', import.meta.url), 'utf8');

describe('the wrapper of the profiler', () => {
  it('is found in front of the engine, with a path or behind another wrapper', () => {
    expect(hasProfiler('graphsignal-run vllm serve m')).toBe(true);
    expect(hasProfiler('exec env A=1 /opt/bin/graphsignal-run vllm serve m')).toBe(true);
    expect(hasProfiler('vllm serve m --served-model-name not-graphsignal-run')).toBe(false);
  });

  it('is left out of the launch, and nothing else changes', () => {
    const bare = withoutProfiler(BASELINE);
    expect(bare).toBe(BASELINE.replace('graphsignal-run python', 'python'));
    expect(parseServiceFile(bare).launch?.argv).toEqual(parseServiceFile(BASELINE).launch?.argv);
  });

  it('goes with the line end behind it', () => {
    const text = BASELINE.replace('graphsignal-run python', 'graphsignal-run \\\n      python');
    expect(parseServiceFile(withoutProfiler(text)).launch?.wrappers).toEqual([]);
  });

  it('is refused where there is none', () => {
    expect(() => withoutProfiler(withoutProfiler(BASELINE))).toThrow(
      refusal('E_LAUNCH', 'no wrapper graphsignal-run', 'measure the service as it is'),
    );
  });
});
