/** Texts of which every match holds at least one, in lower case. Null: nothing can be said. */
type Literals = readonly string[] | null;

/** Shorter texts stand in too many lines to tell anything. Source: own reasoning, the filter works on four characters. */
const MIN_CHARS = 4;

/**
 * Texts of which every match of a pattern holds at least one, so that a line without any of them need not be tried.
 * Null when: the pattern asks for none of at least four characters.
 */
export function requiredLiterals(pattern: RegExp): Literals {
  const reader = new PatternReader(pattern.source);
  return reader.alternatives();
}

const isUsable = (literals: Literals): literals is readonly string[] =>
  literals !== null && literals.every((text) => text.length >= MIN_CHARS);

const shortest = (literals: readonly string[]): number =>
  literals.reduce((least, text) => Math.min(least, text.length), Number.POSITIVE_INFINITY);

/** The set whose shortest text is longest. */
function best(sets: readonly Literals[]): Literals {
  const usable = sets.filter(isUsable);
  return usable.toSorted((a, b) => shortest(b) - shortest(a))[0] ?? null;
}

/** Escapes that stand for a set of characters or a place, not for themselves. */
const SET_ESCAPE = /[dDwWsSbBpPkntrfv0-9uxc]/;

class PatternReader {
  private at = 0;
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** Branches up to the closing bracket or the end. */
  alternatives(): Literals {
    const branches = [this.branch()];
    while (this.source[this.at] === '|') {
      this.at += 1;
      branches.push(this.branch());
    }
    return branches.every(isUsable) ? branches.flat() : null;
  }

  private branch(): Literals {
    const sets: Literals[] = [];
    let run = '';
    const close = (): void => {
      if (run.length >= MIN_CHARS) sets.push([run]);
      run = '';
    };
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at] ?? '')) {
      const item = this.item();
      const isOptional = this.quantifier();
      if (typeof item === 'string' && isOptional === null) {
        run += item;
        continue;
      }
      if (typeof item === 'string' && isOptional === false) run += item;
      close();
      if (typeof item !== 'string' && isOptional !== true) sets.push(item);
    }
    close();
    return best(sets);
  }

  /** One character that stands for itself, or what a group asks for. */
  private item(): string | Literals {
    const char = this.source[this.at] ?? '';
    if (char === '(') return this.group();
    if (char === '[') return this.characterClass();
    this.at += 1;
    if (char === '\\') return this.escape();
    return '.^$'.includes(char) ? null : char.toLowerCase();
  }

  private escape(): string | null {
    const char = this.source[this.at] ?? '';
    this.at += 1;
    if (!SET_ESCAPE.test(char)) return char.toLowerCase();
    const rest = /^(?:\{[^}]*\}|<[^>]*>)/.exec(this.source.slice(this.at));
    if ('pPku'.includes(char) && rest !== null) this.at += rest[0].length;
    return null;
  }

  private characterClass(): null {
    this.at += 1;
    while (this.at < this.source.length && this.source[this.at] !== ']') {
      this.at += this.source[this.at] === '\\' ? 2 : 1;
    }
    this.at += 1;
    return null;
  }

  private group(): Literals {
    const head =
      /^\((?:\?(?:<?[=!]|:|<[A-Za-z]\w*>))?/.exec(this.source.slice(this.at))?.[0] ?? '(';
    this.at += head.length;
    const inner = this.alternatives();
    this.at += 1;
    return /[=!]$/.test(head) ? null : inner;
  }

  /** True: may be absent; false: repeated at least once; null: no quantifier. */
  private quantifier(): boolean | null {
    const found = /^(?:[?*+]|\{\d+(?:,\d*)?\})\??/.exec(this.source.slice(this.at))?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return !(found.startsWith('+') || /^\{[1-9]/.test(found));
  }
}
