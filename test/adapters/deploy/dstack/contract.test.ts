import { createDstackDeploy } from '../../../../mcp-server/adapters/deploy/dstack/dstack-deploy.ts';
import { describeDeployContract } from '../../../contracts/deploy.contract.ts';
import { FakeDstackServer } from '../../../fakes/fake-dstack-server.ts';

let server: FakeDstackServer | null = null;

const serviceOf = (fate: string): string =>
  [
    'type: service',
    'name: tiny',
    'image: tiny/engine:1.0',
    'env:',
    `  - FAKE_FATE=${fate}`,
    'model: tiny',
    'port: 8000',
    'commands:',
    '  - tiny-engine --port 8000',
    'resources:',
    '  gpu: H100:80GB:1',
    '',
  ].join('\n');

describeDeployContract({
  name: 'dstack',
  create: async () => {
    server ??= await new FakeDstackServer().listen();
    return createDstackDeploy({
      // The reaper of a guard starts the fake command as a program; the adapter itself need not.
      runner: server.runner(),
      environment: server.environment(),
      homeDir: '/nonexistent',
      pace: { pollMs: 50, graceMs: 2000, abortMs: 2000 },
      lookMs: { first: 50, most: 50 },
    });
  },
  healthy: () => serviceOf('healthy'),
  exiting: { service: () => serviceOf('exits'), exitCode: 3 },
  neverReady: () => serviceOf('never'),
  hasDeadline: true,
  holdsTwo: false,
  timeoutMs: 40_000,
  cleanUp: async () => {
    await server?.close();
    server = null;
  },
});
