import { type PacedConfig, startPacedServer } from './paced-server.ts';

/** Runs the paced server in a process of its own: configuration as JSON in argv, its URL as the first line. */
const config = JSON.parse(process.argv[2] ?? '{"ttftMs":50,"gapMs":20}') as PacedConfig;
const server = await startPacedServer(config);
process.stdout.write(`${server.url}\n`);
process.on('SIGTERM', () => {
  void server.close().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
