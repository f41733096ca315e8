import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Programs from npm that tests drive; the inspector's newest ask for Node 22, 0.15.0 runs on 20. */
const PACKAGES = ['@anthropic-ai/claude-code@2.1.330', '@modelcontextprotocol/inspector@0.15.0'];

const folder = fileURLToPath(new URL('../../.real/node', import.meta.url));

/** Installs the pinned programs once into .real/node and returns the path of one of them. */
export function nodeTool(name: 'claude' | 'mcp-inspector'): string {
  const stamp = join(folder, 'stamp.txt');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== PACKAGES.join('\n')) {
    mkdirSync(folder, { recursive: true });
    execFileSync(
      'npm',
      ['install', '--prefix', folder, '--no-fund', '--no-audit', '--no-save', ...PACKAGES],
      { stdio: 'pipe' },
    );
    writeFileSync(stamp, PACKAGES.join('\n'));
  }
  return join(folder, 'node_modules', '.bin', name);
}
