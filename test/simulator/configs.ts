import { parseServiceFile } from '../../mcp-server/core/service/service-file.ts';
import type { SimConfig } from '../../mcp-server/simulator/core/config.ts';
import { knownFlags } from '../../mcp-server/simulator/core/known-flags.ts';
import { resolveService } from '../../mcp-server/simulator/core/launch-config.ts';

export interface ServiceOptions {
  readonly gpu?: string;
  readonly image?: string;
}

/** A service file around one launch command. */
export function serviceText(command: string, options: ServiceOptions = {}): string {
  const image =
    options.image ??
    (command.includes('vllm') ? 'vllm/vllm-openai:v0.15.0' : 'lmsysorg/sglang:v0.5.9');
  return [
    'type: service',
    'name: sim',
    `image: ${image}`,
    'port: 8000',
    'commands:',
    `  - ${JSON.stringify(command)}`,
    'resources:',
    `  gpu: ${options.gpu ?? 'H100:80GB:1'}`,
    '',
  ].join('\n');
}

export function resolveCommand(
  command: string,
  options: ServiceOptions = {},
): ReturnType<typeof resolveService> {
  return resolveService(parseServiceFile(serviceText(command, options)), knownFlags);
}

export function serviceConfig(command: string, options: ServiceOptions = {}): SimConfig {
  const resolved = resolveCommand(command, options);
  if (resolved.kind !== 'ok') throw new Error(JSON.stringify(resolved));
  return resolved.config;
}

export const SGLANG_8B =
  'python -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct --enable-metrics --enable-cache-report';
export const VLLM_8B = 'vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 32768';

export const baselineConfig = (flags = ''): SimConfig => serviceConfig(`${SGLANG_8B} ${flags}`);
