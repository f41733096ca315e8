import { createSimulatedDeploy } from '../../../mcp-server/adapters/deploy/simulated.ts';
import { describeDeployContract } from '../../contracts/deploy.contract.ts';

const service = (flags: string): string =>
  [
    'type: service',
    'name: chat',
    'image: lmsysorg/sglang:v0.5.6',
    'model: meta-llama/Llama-3.1-8B-Instruct',
    'port: 8000',
    'commands:',
    `  - python -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct --port 8000 ${flags}`,
    'resources:',
    '  gpu: H100:1',
    '',
  ].join('\n');

describeDeployContract({
  name: 'simulated',
  create: () => createSimulatedDeploy({ environment: process.env }),
  healthy: () => service(''),
  exiting: { service: () => service('--speculative-algorithm ngram'), exitCode: 2 },
  neverReady: null,
  hasDeadline: true,
  holdsTwo: true,
});
