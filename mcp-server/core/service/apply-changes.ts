import { InvalidInputError } from '../errors.ts';
import { type Change, describeChange } from './change.ts';
import { removeFlag, setFlag } from './edit-launch.ts';
import { removeEnv, setEnv, setValue } from './edit-yaml.ts';
import type { FlagSyntax } from './flags.ts';
import { parseServiceFile } from './service-file.ts';

/** Control characters have no place in a command line or a YAML scalar of ours. */
const hasControl = (text: string): boolean =>
  text.split('').some((char) => char < ' ' || char === '\u007f');

/**
 * Applies changes to the text of a service file, in order. Only the changed words and lines differ; comments, layout
 * and line ends stay byte for byte.
 * Throws: InvalidInputError when a value holds control characters, what should be removed is not there, or the layout forbids it.
 */
export function applyChanges(text: string, changes: readonly Change[], syntax: FlagSyntax): string {
  const changed = changes.reduce((current, change) => applyChange(current, change, syntax), text);
  parseServiceFile(changed);
  return changed;
}

function applyChange(text: string, change: Change, syntax: FlagSyntax): string {
  const said = describeChange(change);
  if (hasControl(said))
    throw new InvalidInputError(
      `The ${change.kind} of ${JSON.stringify(said.slice(0, 200))} holds a control character or line break.`,
      {
        code: 'E_INVALID_INPUT',
        fix: 'Give the value on one line, without control characters.',
      },
    );
  switch (change.kind) {
    case 'set_flag':
      return setFlag(text, change, syntax);
    case 'remove_flag':
      return removeFlag(text, change.flag, syntax);
    case 'set_env':
      return setEnv(text, change.name, change.value);
    case 'remove_env':
      return removeEnv(text, change.name);
    case 'set_image':
      return setValue(text, ['image'], change.image);
    case 'set_resource':
      return setValue(text, ['resources', change.resource], numeric(change.value));
    case 'set_gpu':
      return setValue(text, ['resources', 'gpu'], numeric(change.gpu));
  }
}

const numeric = (value: string): string | number => (/^\d+$/.test(value) ? Number(value) : value);
