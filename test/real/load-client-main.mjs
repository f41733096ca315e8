// Runs our load client as its own program, so that its processor time can be told from everything else's.
import { createLoadGenerator } from '../../dist/adapters/load/load-generator.js';

const { url, streams, requests, outputTokens } = JSON.parse(process.argv[2]);
const run = await createLoadGenerator().run(
  {
    baseUrl: url,
    model: 'fake',
    headers: {},
    workload: {
      id: 'compare',
      description: '',
      api: 'chat',
      text: 'random-words',
      exactOutput: true,
      components: [
        {
          weight: 1,
          inputTokens: 32,
          outputTokens,
          sharedPrefixTokens: 0,
          prefixGroups: 1,
          repeatsOfEachPrompt: 1,
        },
      ],
    },
    loadPoint: { kind: 'closed', concurrency: streams, requests },
    seed: 1,
    repeat: 0,
    sampling: { temperature: 0 },
    extraBody: {},
    deadlineMs: 120_000,
    stallMs: 60_000,
    warmup: false,
  },
  { signal: new AbortController().signal },
);
const rows = run.records
  .filter((record) => record.failure === null)
  .map((record) => ({
    ttftMs: record.firstTokenAtMs - record.sentAtMs,
    tbotMs:
      (record.lastTokenAtMs - record.firstTokenAtMs) /
      (record.outputTokens - record.firstEventTokens),
  }));
process.stdout.write(JSON.stringify(rows));
