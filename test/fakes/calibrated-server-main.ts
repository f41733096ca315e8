import { type CalibratedConfig, startCalibratedServer } from './calibrated-server.ts';

/** Runs the calibrated server in a process of its own: configuration as JSON in argv, its URL as the first line. */
const config = JSON.parse(process.argv[2] ?? '{}') as CalibratedConfig;
const server = await startCalibratedServer(config);
process.stdout.write(`${server.url}\n`);
process.on('SIGTERM', () => {
  void server.close().then(() => process.exit(0));
});
