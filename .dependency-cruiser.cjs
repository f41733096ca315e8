// The rooms and their arrows: docs/architecture.md. A rule that fires names the room that reached too far.
const PURE_LIBRARIES = '^(zod|yaml|pure-rand|diff)(/|$)|node_modules/(zod|yaml|pure-rand|diff)/';
const room = (name) => `^mcp-server/${name}/`;
const forbidTo = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    forbidTo('no-cycles', {}, { circular: true }, 'A cycle hides the direction of the rooms.'),
    forbidTo('core-imports-core-only', { path: room('core') }, { path: '^mcp-server/', pathNot: room('core') }, 'core knows nobody.'),
    forbidTo('core-no-node', { path: `${room('core')}|${room('engines')}|${room('ports')}|${room('app')}|^mcp-server/simulator/core/` }, { dependencyTypes: ['core'] }, 'No I/O in the pure rooms.'),
    forbidTo('pure-libraries-only', { path: `${room('core')}|${room('engines')}|${room('ports')}|${room('app')}|^mcp-server/simulator/core/` }, { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: PURE_LIBRARIES }, 'Only the pure libraries, by name.'),
    forbidTo('engines-import-core', { path: room('engines') }, { path: '^mcp-server/', pathNot: `${room('engines')}|${room('core')}` }, 'engines know core only.'),
    forbidTo('simulator-core', { path: '^mcp-server/simulator/core/' }, { path: '^mcp-server/', pathNot: `^mcp-server/simulator/core/|${room('core')}|${room('engines')}` }, 'The simulated engine is pure.'),
    forbidTo('simulator-front', { path: '^mcp-server/simulator/' }, { path: '^mcp-server/', pathNot: `^mcp-server/simulator/|${room('core')}|${room('engines')}` }, 'The simulator is a program of its own.'),
    forbidTo('ports-import-core', { path: room('ports') }, { path: '^mcp-server/', pathNot: `${room('ports')}|${room('core')}` }, 'Ports speak core types.'),
    forbidTo('app-no-adapters', { path: room('app') }, { path: '^mcp-server/', pathNot: `${room('app')}|${room('ports')}|${room('core')}|${room('engines')}` }, 'Use-cases see ports, never adapters.'),
    forbidTo('adapters-no-faces', { path: room('adapters') }, { path: '^mcp-server/', pathNot: `${room('adapters')}|${room('ports')}|${room('core')}|${room('engines')}` }, 'Adapters are leaves.'),
    forbidTo('adapters-apart', { path: '^mcp-server/adapters/([^/]+)/' }, { path: '^mcp-server/adapters/([^/]+)/', pathNot: '^mcp-server/adapters/($1|process)/' }, 'Adapters never import each other; process/ is shared.'),
    forbidTo('tools-thin', { path: room('tools') }, { path: '^mcp-server/', pathNot: `${room('tools')}|${room('app')}|${room('core')}|^mcp-server/define-tool.ts` }, 'A tool calls one use-case.'),
    forbidTo('cli-thin', { path: room('cli') }, { path: '^mcp-server/', pathNot: `${room('cli')}|${room('app')}|${room('core')}|${room('engines')}|${room('ports')}` }, 'A command calls use-cases.'),
    forbidTo('sdk-in-three-files', { path: '^mcp-server/', pathNot: '^mcp-server/(main|server|define-tool)\\.ts$' }, { path: 'node_modules/@modelcontextprotocol/' }, 'The move to the next SDK is three files.'),
    forbidTo('nothing-imports-tests', { path: '^mcp-server/' }, { path: '^(test|scripts|sessions|skill)/' }, 'Tests import the product, not the reverse.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
