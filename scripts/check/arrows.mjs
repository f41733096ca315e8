// The import law. dependency-cruiser can see nothing and call it success, so the number of modules is asserted too.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const countSources = (folder) =>
  readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.ts')).length;

/** Null when every arrow points the right way and every source was read. */
export function checkArrows(root) {
  const done = spawnSync(
    join(root, 'node_modules', '.bin', 'depcruise'),
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'mcp-server'],
    { encoding: 'utf8', maxBuffer: 1e9, cwd: root },
  );
  if (!done.stdout) return `dependency-cruiser printed nothing: ${done.stderr}`;
  const { modules, summary } = JSON.parse(done.stdout);
  const read = modules.filter((module) => module.source.startsWith('mcp-server/')).length;
  const written = countSources(join(root, 'mcp-server'));
  if (read < written) return `dependency-cruiser read ${read} of ${written} modules`;
  const arrows = modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  if (arrows < written)
    return `dependency-cruiser saw ${arrows} imports in ${written} modules: too few to be true`;
  if (summary.violations.length === 0) return null;
  return summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`).join('\n');
}
