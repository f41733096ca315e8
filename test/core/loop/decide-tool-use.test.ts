import { describe, expect, test } from 'vitest';
import { denyToolUse } from '../../../mcp-server/core/loop/decide-tool-use.ts';

const bash = (command: string) => ({
  session_id: 'c1',
  tool_name: 'Bash',
  tool_input: { command },
});
const edit = (file_path: string) => ({
  session_id: 'c1',
  tool_name: 'Edit',
  tool_input: { file_path },
});

describe('while a loop is active', () => {
  test.each([
    'dstack apply -f x.yml -y',
    'cd a && dstack stop run -y',
    'HOME=/tmp/x /usr/bin/dstack --project p delete -f x.yml',
    'echo $(dstack apply -f x.yml)',
  ])('denies the raw deployment command %s', (command) => {
    expect(denyToolUse(bash(command))).toContain('deploy');
  });

  test.each([
    'dstack ps --json',
    'dstack logs run',
    'dstack offer --gpu H100',
    'grep apply dstack-baseline.yml',
    'cat sessions/s260322-k3f9qa/ledger.jsonl',
  ])('allows the reading command %s', (command) => {
    expect(denyToolUse(bash(command))).toBeNull();
  });

  test.each([
    '/p/sessions/s260322-k3f9qa/contract.yml',
    'sessions/s260322-k3f9qa/ledger.jsonl',
    '/p/sessions/s260322-k3f9qa/evidence/t0001/e000001.gz',
  ])('denies the edit of %s', (path) => {
    expect(denyToolUse(edit(path))).toContain('owns contract, ledger and evidence');
  });

  test.each([
    'echo x >> sessions/s260322-k3f9qa/ledger.jsonl',
    'sed -i s/a/b/ contract.yml',
    'rm -r sessions/s260322-k3f9qa/evidence/t0001',
  ])('denies the writing command %s', (command) => {
    expect(denyToolUse(bash(command))).toContain('could change');
  });

  test('allows the edit of any other file', () => {
    expect(denyToolUse(edit('/p/service.yml'))).toBeNull();
  });
});
