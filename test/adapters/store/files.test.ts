import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../mcp-server/adapters/clock/sha256-hasher.ts';
import { createEvidenceStore } from '../../../mcp-server/adapters/store/evidence-store.ts';
import { createProjectFiles } from '../../../mcp-server/adapters/store/project-files.ts';
import { findProjectRoots } from '../../../mcp-server/adapters/store/project-roots.ts';
import { readTextFile } from '../../../mcp-server/adapters/store/read-text-file.ts';
import { secretValues } from '../../../mcp-server/adapters/store/secret-values.ts';
import type { ProjectFiles } from '../../../mcp-server/ports/project-files.ts';
import { refusal } from '../../fakes/refusal.ts';

let dir: string;
let outside: string;
let files: ProjectFiles;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ad-files-'));
  outside = mkdtempSync(join(tmpdir(), 'ad-outside-'));
  writeFileSync(join(outside, 'secret.txt'), 'secret');
  writeFileSync(join(dir, 'service.yml'), 'type: service\n');
  files = createProjectFiles({
    projectDir: dir,
    sessionsDir: join(dir, 'sessions'),
    presetsDir: dir,
  });
});
afterEach(() => {
  for (const folder of [dir, outside]) rmSync(folder, { recursive: true, force: true });
});

describe('files of the project', () => {
  it('reads inside the project, relative to it or to a folder in it', async () => {
    mkdirSync(join(dir, 'sub'));
    expect(await files.readProject('service.yml')).toBe('type: service\n');
    expect(await files.readProject('../service.yml', join(dir, 'sub'))).toBe('type: service\n');
    expect(await files.readProject(join(dir, 'service.yml'))).toBe('type: service\n');
  });

  it.each(['../x', '/etc/passwd', 'sub/../../x', 'a\0b'])('refuses %j', async (path) => {
    const isOutside = refusal('E_PATH', `"${path}" leads outside`, 'inside the project');
    await expect(files.readProject(path)).rejects.toThrow(isOutside);
    await expect(files.writeOutput(path, 'x')).rejects.toThrow(isOutside);
  });

  it('refuses a link that leads out, for reading and for writing', async () => {
    symlinkSync(join(outside, 'secret.txt'), join(dir, 'link.txt'));
    mkdirSync(join(dir, 'sessions'));
    symlinkSync(outside, join(dir, 'sessions', 'out'));
    symlinkSync(join(outside, 'new.txt'), join(dir, 'sessions', 'dangling.txt'));
    await expect(files.readProject('link.txt')).rejects.toThrow(/outside/);
    await expect(files.writeOutput('out/new.txt', 'x')).rejects.toThrow(/outside/);
    await expect(files.writeOutput('dangling.txt', 'x')).rejects.toThrow(/outside/);
    expect(readdirSync(outside)).toEqual(['secret.txt']);
  });

  it('says what is wrong with a file that is missing, too large, or no file', async () => {
    writeFileSync(join(dir, 'big.yml'), 'x'.repeat(2 * 1024 * 1024 + 1));
    const wrong = (message: string, fix: string): unknown => refusal('E_FILE', message, fix);
    await expect(files.readProject('none.yml')).rejects.toThrow(
      wrong('"none.yml" does not exist', 'Check the path'),
    );
    await expect(files.readProject('big.yml')).rejects.toThrow(
      wrong('"big.yml" is larger than 2097152 bytes', 'Name the right file'),
    );
    await expect(files.readProject('.')).rejects.toThrow(wrong('"." is not a file', 'text file'));
  });

  it('says what is wrong with a file that a person named on the command line', async () => {
    await expect(readTextFile(join(dir, 'none.jsonl'))).rejects.toThrow(
      refusal('E_FILE', 'none.jsonl does not exist', 'Name a readable file'),
    );
    await expect(readTextFile(dir)).rejects.toThrow(refusal('E_FILE', `${dir} is no file`));
  });

  it('creates a name once and keeps what was there', async () => {
    expect(await files.createOutput('a/debug.md', 'first')).toBe(true);
    expect(await files.createOutput('a/debug.md', 'second')).toBe(false);
    expect(await files.readOutput('a/debug.md')).toBe('first');
    await files.writeOutput('a/debug.md', 'third');
    expect(await files.readOutput('a/debug.md')).toBe('third');
    expect(await files.listOutputs('a')).toEqual(['debug.md']);
    expect(await files.readOutput('a/none.md')).toBeNull();
    expect(await files.listOutputs('none')).toEqual([]);
  });

  it('keeps a colon in a file name', async () => {
    await files.createOutput('debug-2026-03-22T15:00:00Z.md', 'x');
    expect(readdirSync(join(dir, 'sessions'))).toEqual(['debug-2026-03-22T15:00:00Z.md']);
  });
});

describe('where the project lies', () => {
  it('prefers its own variable, then the client’s, then the working directory', () => {
    expect(findProjectRoots({}, '/w')).toEqual({ projectDir: '/w', sessionsDir: '/w/sessions' });
    expect(findProjectRoots({ CLAUDE_PROJECT_DIR: '/c' }, '/w').projectDir).toBe('/c');
    expect(
      findProjectRoots({ AUTODEBUG_PROJECT_DIR: '/a', CLAUDE_PROJECT_DIR: '/c' }, '/w').projectDir,
    ).toBe('/a');
    expect(findProjectRoots({ AUTODEBUG_SESSIONS_DIR: 'out' }, '/w').sessionsDir).toBe('/w/out');
  });

  it('takes a variable that a client left unexpanded as not set', () => {
    const literal = ['$', '{CLAUDE_PROJECT_DIR}'].join('');
    expect(findProjectRoots({ AUTODEBUG_PROJECT_DIR: literal }, '/w').projectDir).toBe('/w');
  });
});

describe('stored evidence', () => {
  const blob = {
    sessionId: 's260322-k3f9qa',
    trialId: 't0001',
    evidenceId: 'e000001',
    name: 'log.txt',
  };
  const secrets = secretValues({
    HF_TOKEN: 'my-own-token-value',
    PATH: '/usr/bin/local/bin',
    SHORT_TOKEN: 'abc',
  });
  const store = (maxChars?: number): ReturnType<typeof createEvidenceStore> =>
    createEvidenceStore({
      sessionsDir: join(dir, 'sessions'),
      hash: sha256,
      secrets,
      ...(maxChars === undefined ? {} : { maxChars }),
    });

  it('comes back as it was stored, without secrets', async () => {
    const text = 'line one\nkey my-own-token-value and Bearer abcdefghijklmnop\n';
    const stored = await store().put({ ...blob, text });
    const file = readFileSync(join(dir, 'sessions', blob.sessionId, stored.path));
    expect(stored).toMatchObject({
      path: 'evidence/t0001/e000001-log.txt.gz',
      sha256: sha256(file),
      bytes: file.length,
      truncated: false,
    });
    expect(gunzipSync(file).toString()).not.toContain('my-own-token');
    expect(await store().get(blob.sessionId, stored)).toBe(
      'line one\nkey [redacted] and Bearer [redacted]\n',
    );
  });

  it('is capped at a whole line', async () => {
    const stored = await store(12).put({ ...blob, text: 'one\ntwo\nthree four\n' });
    expect(stored.truncated).toBe(true);
    expect(await store().get(blob.sessionId, stored)).toBe('one\ntwo\n');
  });

  it('is refused when it was changed, is gone, or lies elsewhere', async () => {
    const stored = await store().put({ ...blob, text: 'x' });
    const other = await store().put({ ...blob, evidenceId: 'e000002', text: 'y' });
    const tampered = (message: string): unknown =>
      refusal('E_EVIDENCE_TAMPERED', message, 'Restore the file from a copy');
    await expect(store().get(blob.sessionId, { ...stored, path: other.path })).rejects.toThrow(
      tampered(`${other.path} was changed`),
    );
    rmSync(join(dir, 'sessions', blob.sessionId, stored.path));
    await expect(store().get(blob.sessionId, stored)).rejects.toThrow(
      tampered(`${stored.path} is missing`),
    );
    await expect(
      store().get(blob.sessionId, { ...stored, path: '../../service.yml' }),
    ).rejects.toThrow(/outside/);
  });
});
