import { isScalar, isSeq } from 'yaml';
import { readDocument } from '../core/service/service-file.ts';
import { quoteForShell } from '../core/service/shell-quote.ts';
import { lineBreak, lineStart, splice } from '../core/service/splice.ts';
import { HELP_BEGIN, HELP_END } from '../core/telemetry/help-block.ts';
import { readEngineService } from './read-launch.ts';

/**
 * The text to apply for a session's first deployment: before the launch, the engine's own `--help` is printed between
 * markers. Gives the text back unchanged where `commands` is not a plain block list. The planned file never holds it.
 */
export function withHelpCommand(text: string): string {
  const { engine, launch, service } = readEngineService(text);
  const { doc } = readDocument(text);
  const list: unknown = doc.get('commands', true);
  const node: unknown = doc.getIn(['commands', service.commands.length - 1], true);
  if (!isSeq(list) || list.flow === true || !isScalar(node) || !node.range) return text;
  const at = lineStart(text, node.range[0]);
  const dash = /^\s*- +/.exec(text.slice(at, node.range[0]))?.[0];
  if (dash === undefined) return text;
  const program = launch.argv.slice(0, engine.flagsStart(launch.argv)).map(quoteForShell).join(' ');
  const ask = engine.id === 'vllm' ? '--help=all' : '--help';
  // A group, since dstack joins commands by && and a failed set-up must still stop the launch.
  const command = `{ echo "${HELP_BEGIN}"; ${program} ${ask} 2>&1 || true; echo "${HELP_END}"; }`;
  const line = `${dash}${JSON.stringify(command)}${lineBreak(text)}`;
  return splice(text, [{ start: at, end: at, text: line }]);
}
