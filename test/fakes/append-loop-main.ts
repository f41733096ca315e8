// Appends to a ledger as fast as it can, telling each event that append() acknowledged, until it is killed.
import { sha256 } from '../../mcp-server/adapters/clock/sha256-hasher.ts';
import { createSystemClock } from '../../mcp-server/adapters/clock/system-clock.ts';
import { createLedgerStore } from '../../mcp-server/adapters/store/ledger-store.ts';
import { jobStarted, opened } from './ledger-events.ts';

const sessionsDir = process.argv[2] ?? '';
const store = createLedgerStore({
  sessionsDir,
  clock: createSystemClock(),
  hash: sha256,
  secrets: [],
});
const first = opened();
if (first.type !== 'session_opened') throw new Error('unreachable');
const writer = await store.create(first);
for (let count = 1; count < 10_000; count += 1) {
  const id = `j${String(count).padStart(4, '0')}`;
  await writer.append(jobStarted(id, 'deploy', { args: { filler: 'x'.repeat(3000) } }));
  process.stdout.write(`${id}\n`);
}
