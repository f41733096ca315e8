import { stringify } from 'yaml';
import { InvalidInputError } from '../errors.ts';
import type { ScalarStyle } from './scalar-source.ts';

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

/** Our name of the YAML library's scalar type. Null when: it has none. */
export function scalarStyle(type: string | undefined | null): ScalarStyle | null {
  return STYLES[type ?? ''] ?? null;
}

/**
 * Source text that stands for a piece of shell text inside a scalar of the given style.
 * Throws: InvalidInputError `E_LAUNCH` where a plain scalar in a flow list cannot hold it.
 */
export function encodeInScalar(shellText: string, style: ScalarStyle, inFlow: boolean): string {
  switch (style) {
    case 'literal':
    case 'folded':
      return shellText;
    case 'single':
      return shellText.replaceAll("'", "''");
    case 'double':
      return shellText.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    case 'plain':
      return encodePlain(shellText, inFlow);
  }
}

/** `: ` and ` #` would end a plain scalar: an empty pair of shell quotes between the two keeps the meaning. */
function encodePlain(shellText: string, inFlow: boolean): string {
  if (inFlow && /[,[\]{}]/.test(shellText)) {
    throw new InvalidInputError(
      `A plain command in a flow list cannot hold ${shellText.slice(0, 80)}.`,
      {
        code: 'E_LAUNCH',
        fix: 'Write commands as a block list with the launch in a block scalar (|).',
      },
    );
  }
  return shellText.replaceAll(/:(?=\s|$)/g, ":''").replaceAll(' #', " ''#");
}

/** Line breaks of YAML 1.1, the mark of a byte order and controls that its readers refuse or fold. Source: YAML 1.1, 4.1 and 4.2. */
const UNSAFE = /[\u0080-\u009f\u2028\u2029\ufeff]/g;

/** A YAML scalar for a value of ours, quoted where YAML 1.1 or 1.2 would read it as something else. */
export function renderScalar(value: string, inFlow = false): string {
  if (value.search(UNSAFE) >= 0 || (inFlow && /[,[\]{}]/.test(value))) {
    const escaped = (char: string): string =>
      `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return JSON.stringify(value).replaceAll(UNSAFE, escaped);
  }
  return stringify(value, {
    version: '1.1',
    lineWidth: 0,
    defaultStringType: 'PLAIN',
    blockQuote: false,
  }).replace(/\n$/, '');
}
