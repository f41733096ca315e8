// A tiny inference server for tests of the local backend: loads for a moment, then answers as an OpenAI server would.
// Arguments: --port N [--load-ms N] [--exit-after-ms N --exit-code N] [--never-ready] [--stubborn]
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const valueOf = (flag, fallback) => {
  const at = args.indexOf(flag);
  return at === -1 ? fallback : Number(args[at + 1]);
};
const has = (flag) => args.includes(flag);
const readyAt = Date.now() + valueOf('--load-ms', 300);
const exitAfterMs = valueOf('--exit-after-ms', -1);

if (has('--stubborn')) process.on('SIGTERM', () => console.log('not now'));
if (has('--unknown-flag')) {
  console.error('error: invalid argument: --unknown-flag');
  process.exit(1);
}
if (exitAfterMs >= 0) {
  setTimeout(() => {
    console.error('torch.OutOfMemoryError: CUDA out of memory.');
    process.exit(valueOf('--exit-code', 1));
  }, exitAfterMs);
}

const json = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

const server = createServer((request, response) => {
  request.resume();
  const loading = has('--never-ready') || Date.now() < readyAt;
  if (loading) return json(response, 503, { error: 'loading' });
  if (request.url === '/health') return json(response, 200, { status: 'ok' });
  if (request.url === '/v1/models') return json(response, 200, { data: [{ id: 'tiny' }] });
  return json(response, 200, { choices: [{ message: { content: 'yes' } }] });
});
server.listen(valueOf('--port', 0), '127.0.0.1', () => console.log('listening'));
