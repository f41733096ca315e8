import type { HookInput } from './hook-input.ts';

const PROTECTED = /(^|\/)(contract\.yml|ledger\.jsonl)$|(^|\/)evidence\/|(^|\/)\.loop\//;
const PROTECTED_ANYWHERE = /(contract\.yml|ledger\.jsonl|\/evidence\/|\/\.loop\/)/;
const WRITES =
  /(>|\btee\b|\bsed\b[^|;&]*\s-i|\brm\b|\bmv\b|\bcp\b|\btruncate\b|\bdd\b|\bchmod\b|\bperl\b[^|;&]*\s-i|\bpython3?\b)/;
const RAW_DSTACK = /(^|[\s;&|(`$])(?:\S*\/)?dstack\b[^;&|\n]*\s(apply|stop|delete|destroy)(\s|$)/;

function textField(input: HookInput, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = input.tool_input?.[name];
    if (typeof value === 'string') return value;
  }
  return null;
}

/**
 * Reason to deny a tool call while a loop is active: an edit of contract, ledger or evidence, or a raw
 * `dstack apply|stop|delete`. Null: allowed. A second line of defence; the ledger's own chain is the first.
 */
export function denyToolUse(input: HookInput): string | null {
  if (input.tool_name === 'Bash') return denyCommand(textField(input, 'command') ?? '');
  const path = textField(input, 'file_path', 'notebook_path', 'path');
  if (path === null || !PROTECTED.test(path.replaceAll('\\', '/'))) return null;
  return 'autodebug owns contract, ledger and evidence while its loop is active: they are the truth that verdicts rest on. Use its tools; only a person changes the budget, in the contract file.';
}

function denyCommand(command: string): string | null {
  if (RAW_DSTACK.test(command)) {
    return 'While an autodebug loop is active, deployments go through its tools (deploy, stop_deployments), so that each has an owner, a deadline and a price. Reading (dstack ps, logs, offer) is fine.';
  }
  if (WRITES.test(command) && PROTECTED_ANYWHERE.test(command)) {
    return 'This command could change contract, ledger or evidence of an active autodebug loop. Read them with other tools, or with cat, head or grep.';
  }
  return null;
}
