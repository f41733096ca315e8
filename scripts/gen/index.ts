// `npm run gen` writes every generated file; `--check` fails when one is out of date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateContractSchema } from './contract-schema.ts';
import { generateFlags } from './flags.ts';
import { generateLearnedWords } from './learned-words.ts';
import { generatePlaybook } from './playbook.ts';
import { generateToolTable } from './tool-table.ts';

interface Generated {
  readonly path: string;
  readonly text: string;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const check = process.argv.includes('--check');
const generators: (() => Promise<readonly Generated[]>)[] = [
  async () => generateFlags(),
  generateContractSchema,
  generatePlaybook,
  async () => generateLearnedWords(),
  () => generateToolTable(root),
];

const current = (path: string): string | null => {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return null;
  }
};

let stale = 0;
for (const generate of generators) {
  for (const file of await generate()) {
    if (current(file.path) === file.text) continue;
    stale += 1;
    if (check) {
      console.log(`${file.path} is out of date; run npm run gen`);
      continue;
    }
    mkdirSync(dirname(join(root, file.path)), { recursive: true });
    writeFileSync(join(root, file.path), file.text);
    console.log(`wrote ${file.path}`);
  }
}
process.exit(check && stale > 0 ? 1 : 0);
