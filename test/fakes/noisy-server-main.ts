// A server whose process also prints: what a careless library would do to stdout.
import { guardStdout } from '../../mcp-server/stdout-guard.ts';

const protocolOut = guardStdout();
console.log('a banner');
process.stdout.write('a progress bar\n');
protocolOut.write('{"jsonrpc":"2.0","method":"ping","id":1}\n', () => {
  console.info('bye');
});
