import type { LoadProgress } from '../ports/load-generator.ts';

const LINES_NOT_MORE_THAN = 10;

/** One line on standard error: redrawn on a terminal, else at most ten lines a phase. */
export function createProgressLine(deps: {
  readonly writeError: (text: string) => void;
  readonly isTerminal: boolean;
}): {
  readonly show: (progress: LoadProgress) => void;
  readonly end: () => void;
} {
  let lastTenth = '';
  let isDrawn = false;
  return {
    show: ({ phase, completed, failed, total }) => {
      const text = `${phase} ${completed + failed}/${total}${failed === 0 ? '' : `, ${failed} failed`}`;
      if (deps.isTerminal) {
        isDrawn = true;
        deps.writeError(`\r${text.padEnd(60)}`);
        return;
      }
      const tenth = `${phase} ${Math.floor(((completed + failed) / total) * LINES_NOT_MORE_THAN)}`;
      if (tenth !== lastTenth) deps.writeError(`${text}\n`);
      lastTenth = tenth;
    },
    end: () => {
      if (isDrawn) deps.writeError('\n');
    },
  };
}
