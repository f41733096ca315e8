import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { TOOLS } from '../../mcp-server/tools/index.ts';
import { MAIN, ROOT } from '../e2e/harness.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const pages = [
  'README.md',
  'AGENTS.md',
  'skill/SKILL.md',
  ...readdirSync(join(ROOT, 'skill/references')).map((name) => `skill/references/${name}`),
];
const documents = [
  ...pages,
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1] ?? '',
  );

/** What a link may name behind its `#`. */
const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );

/** Every way in which a page calls our program: command and options. */
function programCalls(text: string): { command: string; options: string[] }[] {
  const calls = text.matchAll(
    /(?:node dist\/main\.js|`autodebug|^autodebug)\s+([a-z][a-z-]*(?: (?:stop|session-start|pre-tool-use)\b)?)([^`\n#]*)/gm,
  );
  return [...calls].map((match) => ({
    command: match[1] ?? '',
    options: [...(match[2] ?? '').matchAll(/--[a-z][a-z-]*/g)].map((option) => option[0]),
  }));
}

const help = (command: string): string =>
  execFileSync(process.execPath, [MAIN, ...command.split(' '), '--help'], { encoding: 'utf8' });

describe('the documentation', () => {
  test.each(documents)('calls only commands and options that exist: %s', (page) => {
    for (const { command, options } of programCalls(read(page))) {
      if (options.includes('--method')) continue; // arguments of the Inspector
      const text = help(command);
      for (const option of options)
        expect(text, `${page}: autodebug ${command} ${option}`).toContain(option);
    }
  });

  test.each(documents)('runs only npm scripts that exist: %s', (page) => {
    const scripts = JSON.parse(read('package.json')).scripts;
    for (const match of read(page).matchAll(/npm (?:run )?(test:real|[a-z:]+)(?=[\s`&])/g)) {
      if (['ci', 'install', 'link', 'run'].includes(match[1] ?? '')) continue;
      expect(Object.keys(scripts), `${page}: npm run ${match[1]}`).toContain(match[1]);
    }
  });

  test.each(documents)('links only to files, and headings of pages, that exist: %s', (page) => {
    for (const [, path = '', heading = ''] of read(page).matchAll(
      /\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g,
    )) {
      const target = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(ROOT, target)), `${page} links to ${target}`).toBe(true);
      if (heading !== '') expect(headings(read(target)), `${page} to ${target}`).toContain(heading);
    }
  });

  test('is there wherever the code names a page of it as its source', () => {
    const cited = ['mcp-server', 'scripts', 'test'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => read(join(folder, name)).match(/\bdocs\/[a-z-]+\.md/g) ?? []),
    );
    expect(cited.length).toBeGreaterThan(30);
    for (const page of new Set(cited)) expect(documents).toContain(page);
  });

  test('shows client settings that parse and start our server', () => {
    const snippets = blocks(read('README.md'), 'json').map((text) => JSON.parse(text));
    const entries = snippets.flatMap((snippet) =>
      Object.values({ ...snippet.mcpServers, ...snippet.servers }),
    ) as { args: string[] }[];
    expect(entries).toHaveLength(3);
    for (const entry of entries)
      expect(entry.args).toEqual(['/path/to/autodebug/dist/main.js', 'mcp']);
    expect(blocks(read('README.md'), 'toml').join('')).toContain(
      'args = ["/path/to/autodebug/dist/main.js", "mcp"]',
    );
  });

  test('names only tools that exist, and the skill names every step of the loop', () => {
    const known = new Set(TOOLS.map((tool) => tool.name));
    const skill = read('skill/SKILL.md');
    const named = [...skill.matchAll(/`([a-z]+_[a-z_]+)`/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => !['client_session'].includes(name));
    for (const name of named) expect(known, `SKILL.md names ${name}`).toContain(name);
    for (const name of [
      'get_status',
      'plan_trial',
      'judge_trial',
      'write_session',
      'confirm_best',
      'stop_deployments',
      'export_report',
    ]) {
      expect(skill).toContain(name);
    }
  });

  test('the skill keeps the open standard: name, description and length', () => {
    const skill = read('skill/SKILL.md');
    const front = parse(skill.split('---')[1] ?? '');
    expect(front.name).toBe('autodebug');
    expect(front.description.length).toBeLessThanOrEqual(1024);
    expect(skill.split('\n').length).toBeLessThan(200);
    expect(skill).not.toMatch(/mcp__/);
  });

  test('AGENTS.md stays under 120 lines', () => {
    expect(read('AGENTS.md').split('\n').length).toBeLessThanOrEqual(120);
  });
});
