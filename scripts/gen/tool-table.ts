import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS } from '../../mcp-server/tools/index.ts';

const START = '<!-- tools:start -->';
const END = '<!-- tools:end -->';

/** First sentence of a description: the part that stands alone. */
const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;

/** The README with its tool table written anew from the registry. */
export async function generateToolTable(root: string): Promise<{ path: string; text: string }[]> {
  const rows = TOOLS.map((tool) => {
    const { readOnly, destructive } = tool.hints;
    const kind = readOnly ? 'reads' : destructive ? 'removes' : 'writes';
    return `| \`${tool.name}\` | ${kind} | ${firstSentence(tool.description).replaceAll('|', '\\|')} |`;
  });
  const table = ['| tool | kind | does |', '|---|---|---|', ...rows].join('\n');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const from = readme.indexOf(START);
  const to = readme.indexOf(END);
  if (from < 0 || to < 0) throw new Error('README.md has lost its tools markers');
  return [
    { path: 'README.md', text: `${readme.slice(0, from)}${START}\n${table}\n${readme.slice(to)}` },
  ];
}
