/** Writes one line of progress per step of a campaign, within the width of the terminal. */
export interface ProgressPrinter {
  step(tool: string, text: string, outcome: 'ok' | 'refused'): void;
  line(text: string): void;
}

const INDENT = 24;
/** A step that says more is cut: the ledger and the session log have the rest. */
const MAX_LINES = 4;

/** Breaks a text at spaces into lines of at most `width` characters; a longer word is cut. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const piece = word.length > width ? `${word.slice(0, width - 1)}…` : word;
    if (line !== '' && line.length + 1 + piece.length > width) {
      lines.push(line);
      line = piece;
    } else {
      line = line === '' ? piece : `${line} ${piece}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

const clockText = (elapsedMs: number): string => {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
};

/** A printer over any sink. Colours only where the sink is a terminal that wants them. */
export function createProgress(sink: {
  readonly write: (text: string) => void;
  readonly elapsedMs: () => number;
  readonly columns: number;
  readonly colour: boolean;
}): ProgressPrinter {
  const paint = (code: number, text: string): string =>
    sink.colour ? `\u001B[${code}m${text}\u001B[0m` : text;
  const width = Math.max(60, Math.min(sink.columns, 120));
  return {
    step(tool, text, outcome) {
      const [first = '', ...rest] = wrapText(text, width - INDENT).slice(0, MAX_LINES);
      const name = tool.padEnd(16).slice(0, 16);
      const head = `${paint(2, clockText(sink.elapsedMs()))}  ${outcome === 'ok' ? paint(36, name) : paint(33, name)} `;
      sink.write(`${head}${first}\n`);
      for (const line of rest) sink.write(`${' '.repeat(INDENT)}${line}\n`);
    },
    line(text) {
      sink.write(`${text}\n`);
    },
  };
}
