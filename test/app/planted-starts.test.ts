import { describe, expect, test } from 'vitest';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { diagnoseTrial } from '../../mcp-server/app/diagnose.ts';
import { applyChanges } from '../../mcp-server/core/service/apply-changes.ts';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { engineById } from '../../mcp-server/engines/index.ts';
import { planSimMemory } from '../../mcp-server/simulator/core/memory-plan.ts';
import { outOfMemoryLines } from '../../mcp-server/simulator/core/start-failures.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { CALL, createFastClock, createTestApp, openTestSession } from '../fakes/test-app.ts';
import { resolveCommand, SGLANG_8B, serviceText } from '../simulator/configs.ts';
import { configOf } from './planted.ts';

interface PlantedStart {
  readonly name: string;
  readonly command: string;
  readonly gpu: string;
  readonly cause: string;
  /** True when the first suggestion lets it start in the simulator. */
  readonly mends: boolean;
}

const STARTS: readonly PlantedStart[] = [
  {
    name: 'vLLM: a context longer than the pool of a small GPU',
    command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'L4:24GB:1',
    cause: 'kv_cache_too_small',
    mends: true,
  },
  {
    name: 'SGLang: a memory fraction below the weights',
    command: `${SGLANG_8B} --mem-fraction-static 0.18`,
    gpu: 'H100:80GB:1',
    cause: 'weights_do_not_fit',
    mends: true,
  },
  {
    name: 'vLLM: a flag that no version knows',
    command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct --max-num-sequences 8',
    gpu: 'H100:80GB:1',
    cause: 'bad_flag_unknown',
    mends: false,
  },
];

/** What the simulated engine prints before it ends. */
function lastWords(start: PlantedStart): string {
  const resolved = resolveCommand(start.command, { gpu: start.gpu });
  if (resolved.kind === 'refused') return resolved.lines.join('\n');
  if (resolved.kind === 'unsupported') throw new Error(resolved.message);
  const plan = planSimMemory(resolved.config);
  if (plan.kind === 'ok') throw new Error('it starts');
  return outOfMemoryLines(resolved.config, plan).join('\n');
}

describe('a start that the simulated engine refuses', () => {
  test.each(STARTS)('$name', async (start) => {
    const engine = start.command.includes('vllm') ? 'vllm' : 'sglang';
    const service = serviceText(start.command, { gpu: start.gpu });
    const failed = {
      kind: 'failed' as const,
      phase: 'running' as const,
      reason: 'exited',
      exitCode: 1,
      message: 'The engine ended with exit code 1.',
    };
    const tested = createTestApp(createFakeDeploy({ statuses: [failed], log: lastWords(start) }), {
      clock: createFastClock(),
    });
    try {
      await openTestSession(tested, {}, { service, command: start.command, engine });
      await deployTrial(tested.app, { wait_s: 30 }, CALL);
      const answer = await diagnoseTrial(tested.app, {}, CALL);
      expect(answer.causes[0]?.cause, answer.summary).toBe(start.cause);
      if (!start.mends) return;
      const change = answer.causes[0]?.candidates[0] as Change;
      const mended = configOf(applyChanges(service, [change], engineById(engine)));
      expect(planSimMemory(mended).kind, JSON.stringify(change)).toBe('ok');
    } finally {
      await tested.close();
    }
  });
});
