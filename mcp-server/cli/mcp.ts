import type { Command } from 'commander';

/** `autodebug mcp`: the MCP server on stdin and stdout, as clients start it. */
export function registerMcp(program: Command, deps: { readonly serve: () => Promise<void> }): void {
  program
    .command('mcp')
    .description('serve the tools over MCP on stdin and stdout')
    .action(() => deps.serve());
}
