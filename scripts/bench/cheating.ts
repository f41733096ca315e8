import { findImplausible } from '../../mcp-server/core/plausibility/find-implausible.ts';
import type { Reference } from '../../mcp-server/core/plausibility/input.ts';
import { CASES, honestReference, measureCheat } from '../../test/fakes/cheating-run.ts';
import type { Cheat } from '../../test/fakes/cheating-server.ts';

/** Prints how many runs of each way to cheat are caught, and by their own name; and how many honest runs are doubted. */
async function main(runsOfEach: number, honestRuns: number): Promise<void> {
  const references = new Map<boolean, Reference>();
  for (const exactOutput of [true, false]) {
    references.set(exactOutput, await honestReference(exactOutput));
  }
  let caught = 0;
  let named = 0;
  let total = 0;
  for (const [cheat, wanted] of Object.entries(CASES)) {
    const reference = references.get(wanted.exactOutput ?? true) ?? null;
    let own = 0;
    let any = 0;
    for (let run = 0; run < runsOfEach; run += 1) {
      const seed = 100 + run;
      const { input } = await measureCheat(cheat as Cheat, { ...wanted, seed, reference });
      const names = findImplausible(input).map(({ name }) => name);
      if (names.length > 0) any += 1;
      if (names.includes(wanted.finding)) own += 1;
    }
    console.log(`${cheat.padEnd(28)} caught ${any}/${runsOfEach}, as ${wanted.finding} ${own}`);
    caught += any;
    named += own;
    total += runsOfEach;
  }
  const doubts: string[] = [];
  for (let run = 0; run < honestRuns; run += 1) {
    const exactOutput = run % 2 === 0;
    const reference = references.get(exactOutput) ?? null;
    const { input } = await measureCheat('honest', { exactOutput, seed: 500 + run, reference });
    const names = findImplausible(input).map(({ name }) => name);
    if (names.length > 0) doubts.push(names.join('+'));
  }
  console.log(
    `cheating runs caught ${caught}/${total}, by name ${named}/${total}; honest runs doubted ${doubts.length}/${honestRuns}${doubts.length === 0 ? '' : ` (${doubts.join(', ')})`}`,
  );
}

await main(Number(process.argv[2] ?? 12), Number(process.argv[3] ?? 100));
